import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLedger } from '../../local/graph-simulator/ledger.ts';
import { fullBackupBound } from '../../local/graph-simulator/lower-bound.ts';
import { requestCost } from '../../local/graph-simulator/resource-units.ts';
import { createThrottling, standardThrottling } from '../../local/graph-simulator/throttling.ts';
import type { LedgerEntry, SimulatorRequest } from '../../local/graph-simulator/types.ts';

const cost = (method: string, template: string, query: Record<string, string> = {}) =>
  requestCost(method, template, new Map(Object.entries(query)));

describe('resource units', () => {
  test.each([
    ['GET', '/users', {}, 2],
    ['GET', '/users', { $select: 'id' }, 1],
    ['GET', '/users', { $select: 'id', $expand: 'manager' }, 2],
    ['GET', '/users', { $expand: 'manager' }, 3],
    ['GET', '/users', { $top: '19' }, 1],
    ['GET', '/users', { $top: '20' }, 2],
    ['GET', '/groups/{id}/members', { $select: 'id', $top: '5' }, 1],
    ['GET', '/groups/{id}/transitivemembers', {}, 5],
    ['GET', '/groups/{id}', { $select: 'id' }, 1],
    ['POST', '/directoryobjects/getbyids', {}, 3],
  ])('%s %s %o cost as documented', (method, template, query, units) => {
    expect(cost(method, template, query as Record<string, string>)).toEqual({
      service: 'identity',
      resourceUnits: units,
      writes: 0,
    });
  });

  test('a write costs one unit and one write', () => {
    expect(cost('PATCH', '/groups/{id}')).toMatchObject({ resourceUnits: 1, writes: 1 });
    expect(cost('DELETE', '/identity/conditionalaccess/policies/{id}')).toMatchObject({
      service: 'conditionalAccess',
      writes: 1,
    });
  });
});

const request = (method: string, query: Record<string, string> = {}): SimulatorRequest => ({
  id: 'r',
  method,
  version: 'v1.0',
  path: '/',
  url: '/v1.0/',
  origin: 'https://localhost',
  query: new Map(Object.entries(query)),
  headers: new Map(),
  bodyText: '',
  receivedAt: 0,
});

describe('throttling', () => {
  const caller = { tenantId: 't', appId: 'a', roles: [] };
  const charge = (
    throttling: ReturnType<typeof createThrottling>,
    now: number,
    more: { method?: string; template?: string; liveUsers?: number; appId?: string } = {},
  ) =>
    throttling.charge({
      request: request(more.method ?? 'GET'),
      caller: { ...caller, appId: more.appId ?? caller.appId },
      route: { template: more.template ?? '/users', operation: 'x' },
      liveUsers: more.liveUsers ?? 1000,
      now,
    });
  const untilThrottled = (
    throttling: ReturnType<typeof createThrottling>,
    more: Parameters<typeof charge>[2],
  ) => {
    for (let count = 0; ; count += 1) {
      if (charge(throttling, 0, more).throttled) return count;
    }
  };

  test.each([
    [49, 1_750],
    [50, 2_500],
    [500, 2_500],
    [501, 4_000],
  ])('a tenant of %i users answers %i lists at once', (liveUsers, lists) => {
    expect(untilThrottled(createThrottling(), { liveUsers })).toBe(lists);
  });

  test('the 429 names scope, reason and a wait after which the same request passes', () => {
    const throttling = createThrottling();
    untilThrottled(throttling, {});
    const { throttled, headers } = charge(throttling, 0);
    expect(throttled?.status).toBe(429);
    expect(throttled?.headers).toMatchObject({
      'x-ms-throttle-scope': 'Tenant_Application/ReadWrite/a/t',
      'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
    });
    expect(throttled?.body).toMatchObject({ error: { code: 'TooManyRequests' } });
    expect(headers).toMatchObject({ 'x-ms-resource-unit': '2' });
    expect(Number(headers['x-ms-throttle-limit-percentage'])).toBeGreaterThanOrEqual(1);
    const wait = Number(throttled?.headers['retry-after']);
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(charge(throttling, wait * 1000).throttled).toBeUndefined();
  });

  test('writes have their own bucket: reads pass while they are throttled', () => {
    const throttling = createThrottling();
    expect(untilThrottled(throttling, { method: 'PATCH', template: '/users/{id}' })).toBe(3_000);
    expect(charge(throttling, 0).throttled).toBeUndefined();
  });

  test('another application can use up the writes of the tenant', () => {
    const throttling = createThrottling();
    throttling.burn('t', { writes: 18_000 }, 0);
    const { throttled } = charge(throttling, 0, { method: 'PATCH', template: '/users/{id}' });
    expect(throttled?.headers['x-ms-throttle-scope']).toBe('Tenant/Write/t');
  });

  test('policies: one request a second for all applications together, without Retry-After', () => {
    const throttling = createThrottling();
    const template = '/identity/conditionalaccess/policies';
    expect(charge(throttling, 0, { template }).throttled).toBeUndefined();
    const refused = charge(throttling, 500, { template, appId: 'b' }).throttled;
    expect(refused?.status).toBe(429);
    expect(refused?.headers).not.toHaveProperty('retry-after');
    expect(charge(throttling, 1_000, { template, appId: 'b' }).throttled).toBeUndefined();
  });

  test('logs: 5 requests in 10 s with the code UnknownError', () => {
    const throttling = createThrottling();
    const template = '/auditlogs/signins';
    expect(untilThrottled(throttling, { template })).toBe(5);
    expect(charge(throttling, 0, { template }).throttled?.body).toMatchObject({
      error: { code: 'UnknownError' },
    });
  });

  test('switched off, nothing is refused and units are still counted', () => {
    const off = { identity: false, writes: false, conditionalAccess: false, reports: false };
    const throttling = createThrottling({ ...standardThrottling(), ...off });
    for (let count = 0; count < 10_000; count += 1) {
      expect(charge(throttling, 0)).toMatchObject({ resourceUnits: 2 });
      expect(charge(throttling, 0).throttled).toBeUndefined();
    }
  });
});

describe('ledger', () => {
  const entry = (more: Partial<LedgerEntry> = {}): Omit<LedgerEntry, 'number'> => ({
    at: 0,
    requestId: 'r',
    method: 'GET',
    url: '/v1.0/users',
    template: '/users',
    status: 200,
    applied: false,
    resourceUnits: 1,
    bytes: 10,
    ...more,
  });

  test('a batch is one call on the wire and as many requests as it has items', () => {
    const ledger = createLedger();
    ledger.record(entry());
    const { template: _none, ...outer } = entry({ method: 'POST', url: '/v1.0/$batch' });
    ledger.record(outer);
    for (const itemId of ['1', '2', '3']) {
      ledger.record(entry({ batch: { itemId, outerId: 'o' }, status: itemId === '3' ? 429 : 200 }));
    }
    expect(ledger.totals()).toEqual({
      httpCalls: 2,
      graphRequests: 4,
      resourceUnits: 4,
      bytes: 20,
      throttled: 1,
      applied: 0,
      logRows: 0,
      byTemplate: { 'GET /users': 4, 'POST /$batch': 1 },
      byStatus: { 200: 3, 429: 1 },
    });
  });

  test('filters, and refuses to count what it no longer holds', () => {
    const ledger = createLedger({ capacity: 3 });
    for (let count = 0; count < 5; count += 1) {
      ledger.record(entry({ tenantId: count % 2 === 0 ? 'even' : 'odd', applied: count === 3 }));
    }
    expect(ledger.lastNumber).toBe(5);
    expect(ledger.entries({ after: 2 }).map(({ number }) => number)).toEqual([3, 4, 5]);
    expect(ledger.entries({ after: 2, tenantId: 'even' }).map((e) => e.number)).toEqual([3, 5]);
    expect(ledger.totals({ after: 3 })).toMatchObject({ graphRequests: 2, applied: 1 });
    expect(() => ledger.totals({ after: 1 })).toThrow('the ledger begins at entry 3');
    expect(() => ledger.totals()).toThrow('the ledger begins at entry 3');
    ledger.clear();
    expect(ledger.totals().graphRequests).toBe(0);
  });

  test('with a file every entry is a line', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'ledger-'));
    const file = join(dir, 'ledger.ndjson');
    const ledger = createLedger({ file });
    ledger.record(entry());
    ledger.record(entry({ status: 404 }));
    await ledger.close();
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    await rm(dir, { recursive: true });
    expect(lines.map((line) => (JSON.parse(line) as LedgerEntry).status)).toEqual([200, 404]);
  });
});

describe('lower bound of a full backup', () => {
  test('is the sum of its terms, counted by hand for a small tenant', () => {
    const none = { servicePrincipal: 0, device: 0, directoryRole: 0, scopedRoleMembership: 0 };
    const bound = fullBackupBound({
      liveObjects: {
        ...none,
        user: 2_000,
        group: 400,
        administrativeUnit: 3,
        conditionalAccessPolicy: 12,
        namedLocation: 0,
      },
      deletedObjects: {
        ...none,
        user: 1_000,
        group: 1,
        administrativeUnit: 0,
        conditionalAccessPolicy: 0,
        namedLocation: 0,
      },
      linkCounts: {
        'group.members': [19, 20, 999, 1_000, 0],
        'group.owners': [1, 2],
        'administrativeUnit.members': [500],
      },
    });
    const by = Object.fromEntries(bound.terms.map((term) => [term.name, term.requests]));
    expect(by).toMatchObject({
      users: 3,
      groups: 1,
      units: 1,
      policies: 1,
      'named locations': 1,
      'managers of users': 20,
      'members of groups': 4,
      'owners of groups': 4,
      'members of units': 1,
      'members of large groups': 4,
      'owners of groups with many': 0,
      'members of large units': 1,
      'scoped role members': 3,
      'security attributes of users': 3,
      'change rounds of users': 3,
      'deleted users': 2,
      'deleted groups': 1,
      'deleted units': 1,
      'policies, second pass': 1,
      'named locations, second pass': 1,
    });
    expect(bound.requests).toBe(62);
    // One unit each; 20 pages of users with $expand and 4 member lists cost two.
    expect(bound.resourceUnits).toBe(62 + 20 + 4);
  });
});
