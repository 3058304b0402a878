// One example of every fault there is, for tests that let each of them happen to each collection.

import type { Fault } from './fault-schema.ts';
import { retryAfterShapes } from './fault-schema.ts';

export type CatalogueEntry = {
  readonly name: string;
  readonly fault: Fault;
  /** Answers it makes sense for: any, pages of lists and delta, delta alone, writes. */
  readonly of: 'any' | 'page' | 'delta' | 'write';
};

/** Faults only logs have; a rule of the plan names the list by its template or path. */
export type LogCatalogueEntry = Omit<CatalogueEntry, 'of'> & {
  /** It takes rows away that a repeated run has. */
  readonly loses?: true;
};

export const logFaultCatalogue: readonly LogCatalogueEntry[] = [
  { name: 'a short page', fault: { kind: 'shortPage', rows: 7 } },
  { name: 'an empty page in the middle', fault: { kind: 'shortPage', rows: 0 } },
  { name: 'rows missing from one run', fault: { kind: 'omitRows', count: 3 }, loses: true },
  { name: 'rows skipped between pages', fault: { kind: 'skipRows', count: 3 }, loses: true },
  { name: 'rows doubled between pages', fault: { kind: 'doubleRows', count: 3 } },
  {
    name: 'a lost skip token',
    fault: { kind: 'expiredPageToken', form: 'Directory_ExpiredPageToken' },
  },
  { name: 'an error inside the text', fault: { kind: 'errorInBody' } },
  {
    name: '429 UnknownError',
    fault: { kind: 'throttle', retryAfter: 'integer', code: 'UnknownError' },
  },
  { name: '504', fault: { kind: 'status', status: 504 } },
  { name: 'no answer', fault: { kind: 'hang', milliseconds: 600_000 } },
];

const any = (name: string, fault: Fault): CatalogueEntry => ({ name, fault, of: 'any' });
const page = (name: string, fault: Fault): CatalogueEntry => ({ name, fault, of: 'page' });
const delta = (name: string, fault: Fault): CatalogueEntry => ({ name, fault, of: 'delta' });
const write = (name: string, fault: Fault): CatalogueEntry => ({ name, fault, of: 'write' });

export const faultCatalogue: readonly CatalogueEntry[] = [
  ...retryAfterShapes.map((shape) =>
    any(`429, Retry-After ${shape}`, { kind: 'throttle', retryAfter: shape }),
  ),
  any('429 with the code of the log service', {
    kind: 'throttle',
    retryAfter: 'integer',
    code: 'UnknownError',
  }),
  ...[400, 401, 403, 404, 500, 502, 503, 504].map((status) =>
    any(`${status}`, { kind: 'status', status }),
  ),
  any('503 with Retry-After', { kind: 'status', status: 503, retryAfter: 'integer' }),
  any('504 with Retry-After as date', { kind: 'status', status: 504, retryAfter: 'date' }),
  any('HTML with 200', { kind: 'html', status: 200 }),
  any('HTML with 502', { kind: 'html', status: 502 }),
  any('a redirect', { kind: 'redirect', location: 'https://graph.contoso.example/v1.0/users' }),
  any('{}', { kind: 'replaceBody', body: {} }),
  any('[]', { kind: 'replaceBody', body: [] }),
  any('null', { kind: 'replaceBody', body: null }),
  any('JSON cut in the middle', { kind: 'cutJson' }),
  any('an empty body', { kind: 'cutJson', keepShare: 0 }),
  any('bytes that are not UTF-8', { kind: 'brokenUtf8' }),
  any('fewer bytes than announced', { kind: 'truncate', keepBytes: 200 }),
  any('a reset before the headers', { kind: 'reset', when: 'beforeHeaders' }),
  any('a reset in the body', { kind: 'reset', when: 'inBody' }),
  any('no answer', { kind: 'hang', milliseconds: 600_000 }),
  any('an answer after 200 ms', { kind: 'delay', milliseconds: 200 }),
  any('a slow drip', { kind: 'slowDrip', bytesPerSecond: 50_000 }),
  any('duplicate keys', { kind: 'duplicateKeys' }),
  any('an object of 5 MB', { kind: 'oversizeObject', bytes: 5_000_000 }),
  any('arrays 10,000 deep', { kind: 'deepObject', depth: 10_000 }),
  any('numbers no double holds', { kind: 'exactNumbers' }),
  any('unknown properties', { kind: 'unknownProperties' }),
  any('objects without id', { kind: 'dropProperty', name: 'id' }),
  page('no value', { kind: 'missingValue' }),
  page('value is an object', { kind: 'replaceValue', value: {} }),
  page('value is null', { kind: 'replaceValue', value: null }),
  page('value is empty', { kind: 'replaceValue', value: [] }),
  page('a null row', { kind: 'nullRow' }),
  page('an empty page that leads on', { kind: 'emptyPage' }),
  page('rows skipped between pages', { kind: 'skipRows', count: 2 }),
  page('rows doubled between pages', { kind: 'doubleRows', count: 2 }),
  page('a next link lost', { kind: 'loseNextLink' }),
  page('a next link to itself', { kind: 'nextLinkLoop' }),
  page('a next link to another host', {
    kind: 'replaceNextLink',
    link: 'https://graph.contoso.example/v1.0/users?$skiptoken=x',
  }),
  page('a next link to beta', {
    kind: 'replaceNextLink',
    link: 'https://localhost/beta/users?$skiptoken=x',
  }),
  page('an expired skip token', { kind: 'expiredPageToken', form: 'Directory_ExpiredPageToken' }),
  page('a lost skip token', {
    kind: 'expiredPageToken',
    form: 'DirectoryPageTokenNotFoundException',
  }),
  delta('duplicate rows', { kind: 'duplicateRows', count: 3 }),
  delta('conflicting rows, newer first', { kind: 'conflictingRows', count: 3 }),
  delta('the round before again', { kind: 'replayRound' }),
  delta('a removal before the addition', { kind: 'removedBeforeAdded', count: 1 }),
  delta('an expired token: syncStateNotFound', {
    kind: 'expiredDeltaToken',
    form: 'syncStateNotFound',
  }),
  delta('an expired token: 410 with Location', { kind: 'expiredDeltaToken', form: 'gone' }),
  delta('an expired token: resyncRequired', { kind: 'expiredDeltaToken', form: 'resyncRequired' }),
  delta('a round without end', { kind: 'endlessRound' }),
  write('applied, then reset', { kind: 'responseLost', how: 'reset' }),
  write('applied, then 504', { kind: 'responseLost', how: 'gatewayTimeout' }),
  write('applied, then 500', { kind: 'responseLost', how: 'serverError' }),
  write('applied, then no answer', { kind: 'responseLost', how: 'hang' }),
];
