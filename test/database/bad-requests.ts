// Requests with one mistake each in version, parameters or body, and the documented error.
import type { CallOptions } from '../support/api.ts';

export type BadCase = readonly [
  name: string,
  method: string,
  path: string,
  options: CallOptions,
  status: number,
  code: string,
  target?: string,
];

export const tenantId = '11111111-1111-4111-8111-111111111111';
export const foreignId = '22222222-2222-4222-8222-222222222222';
export const unknownId = '99999999-9999-4999-8999-999999999999';
export const operator = '0b000000-0000-4000-8000-000000000002';
export const id = '33333333-3333-4333-8333-333333333333';

export const backups = `/tenants/${tenantId}/backups`;
export const who = { oid: operator, roles: ['Backup.Operator'] };
export const json = (body: unknown): CallOptions => ({ who, body });

const big = JSON.stringify({ label: 'x'.repeat(1024 * 1024) });
const deep = `${'{"a":'.repeat(60)}1${'}'.repeat(60)}`;

export const badRequests: readonly BadCase[] = [
  ['no token', 'POST', backups, { authorization: null }, 401, 'invalidToken'],
  ['no version', 'GET', '/tenants', { apiVersion: null }, 400, 'missingApiVersion'],
  ['empty version', 'GET', '/tenants', { apiVersion: '' }, 400, 'missingApiVersion'],
  ['other version', 'GET', '/tenants', { apiVersion: '2020-01-01' }, 400, 'unsupportedApiVersion'],
  [
    'version twice',
    'GET',
    '/tenants?api-version=2026-11-01&api-version=2026-11-01',
    {},
    400,
    'unsupportedApiVersion',
  ],
  ['unknown parameter', 'GET', '/tenants?order=name', {}, 400, 'unknownParameter', 'order'],
  ['repeated parameter', 'GET', '/tenants?top=1&top=2', {}, 400, 'invalidParameter', 'top'],
  ['top 0', 'GET', '/tenants?top=0', {}, 400, 'invalidParameter', 'top'],
  ['top too large', 'GET', '/tenants?top=1001', {}, 400, 'invalidParameter', 'top'],
  ['top in words', 'GET', '/tenants?top=ten', {}, 400, 'invalidParameter', 'top'],
  ['made up skipToken', 'GET', '/tenants?skipToken=abc', {}, 400, 'invalidParameter', 'skipToken'],
  ['malformed tenant', 'GET', '/tenants/contoso', {}, 400, 'invalidParameter', 'tenantId'],
  ['tenant with SQL', 'GET', "/tenants/1'%20or%20'1'='1", {}, 400, 'invalidParameter', 'tenantId'],
  ['unknown tenant', 'GET', `/tenants/${unknownId}`, {}, 404, 'notFound'],
  ['unknown tenant, act', 'POST', `/tenants/${unknownId}/backups`, {}, 404, 'notFound'],
  ['foreign tenant', 'GET', `/tenants/${foreignId}`, { who }, 404, 'notFound'],
  ['foreign tenant, act', 'POST', `/tenants/${foreignId}/backups`, { who }, 404, 'notFound'],
  [
    'foreign tenant, put',
    'PUT',
    `/tenants/${foreignId}`,
    { who: { ...who, roles: ['Backup.Admin'] }, body: { displayName: 'mine' } },
    403,
    'roleMissing',
  ],
  ['missing role', 'PATCH', `/tenants/${tenantId}`, json({ state: 'paused' }), 403, 'roleMissing'],
  ['missing role, list', 'GET', '/access', { who }, 403, 'roleMissing'],
  [
    'role not in the token',
    'POST',
    backups,
    { who: { oid: operator, roles: [] } },
    403,
    'roleMissing',
  ],
  [
    'role in the token only',
    'PUT',
    `/access/${id}`,
    { who: { oid: operator, roles: ['Backup.Admin'] }, body: { assignments: [] } },
    403,
    'roleMissing',
  ],
  ['bad JSON', 'POST', backups, { who, rawBody: '{"mode":' }, 400, 'invalidParameter', 'body'],
  [
    'no UTF-8',
    'POST',
    backups,
    { who, rawBody: Buffer.from([0x22, 0xff, 0x22]) },
    400,
    'invalidParameter',
  ],
  [
    'repeated name',
    'POST',
    backups,
    { who, rawBody: '{"mode":"full","mode":"auto"}' },
    400,
    'invalidParameter',
  ],
  ['deep JSON', 'POST', backups, { who, rawBody: deep }, 400, 'invalidParameter', 'body'],
  ['body that is a list', 'POST', backups, json([]), 400, 'invalidParameter', 'body'],
  ['body null', 'POST', backups, { who, rawBody: 'null' }, 400, 'invalidParameter', 'body'],
  ['unknown member', 'POST', backups, json({ speed: 9 }), 400, 'unknownParameter', 'speed'],
  [
    'prototype member',
    'POST',
    backups,
    { who, rawBody: '{"__proto__":{"hold":true}}' },
    400,
    'unknownParameter',
  ],
  ['wrong value', 'POST', backups, json({ mode: 'fast' }), 400, 'invalidParameter', 'mode'],
  [
    'unknown type',
    'POST',
    backups,
    json({ types: ['mailbox'] }),
    400,
    'invalidParameter',
    'types.0',
  ],
  [
    'label with NUL',
    'POST',
    backups,
    json({ label: 'a\u0000b' }),
    400,
    'invalidParameter',
    'label',
  ],
  [
    'lone surrogate',
    'POST',
    backups,
    { who, rawBody: '{"label":"\\ud800"}' },
    400,
    'invalidParameter',
    'label',
  ],
  ['large body', 'POST', backups, { who, rawBody: big }, 413, 'payloadTooLarge'],
  [
    'large body announced',
    'POST',
    backups,
    { who, rawBody: '{}', headers: { 'content-length': '1048577' } },
    413,
    'payloadTooLarge',
  ],
  [
    'XML',
    'POST',
    backups,
    { who, rawBody: '<a/>', headers: { 'content-type': 'text/xml' } },
    415,
    'unsupportedMediaType',
  ],
  [
    'no content type',
    'POST',
    backups,
    { who, rawBody: '{}', headers: { 'content-type': '' } },
    415,
    'unsupportedMediaType',
  ],
];
