import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { GraphPage, GraphRequest } from '../../shared/graph/graph-request.ts';
import { odata } from '../../shared/graph/odata.ts';
import { ProcessTokenBuckets } from '../../shared/graph/token-bucket.ts';
import { systemClock } from '../../shared/model/clock.ts';
import { type GraphTenant, reader, startGraphTenant } from './support/graph-tenant.ts';

const identity = { apiVersion: 'v1.0', service: 'identity' } as const;
const users: GraphRequest = {
  ...identity,
  path: '/users',
  query: { $select: 'id,displayName,userPrincipalName', $top: '100' },
};
const groups: GraphRequest = { ...identity, path: '/groups', query: { $select: 'id' } };
const policies: GraphRequest = {
  apiVersion: 'v1.0',
  service: 'conditionalAccess',
  path: '/identity/conditionalAccess/policies',
};

describe('Graph access against the simulator', () => {
  let tenant: GraphTenant;
  let userIds: string[];
  beforeAll(async () => {
    tenant = await startGraphTenant({ users: 450, groups: 45 });
    userIds = await tenant.ids(users);
  });
  afterAll(() => tenant.close());
  afterEach(() => tenant.simulator.control.clearFaults());

  it('signs in with a secret and with a certificate', async () => {
    expect(userIds).toHaveLength(450);
    const withCertificate = tenant.client({
      credential: { kind: 'certificate', pem: tenant.certificatePem },
    });
    expect(await tenant.ids(users, withCertificate)).toEqual(userIds);
  });

  it.each([
    ['a wrong secret', { credential: { kind: 'secret', value: 'canary-wrong' } }, 'AADSTS7000215'],
    [
      'an unknown application',
      { clientId: '00000000-1111-4000-8000-000000000009' },
      'AADSTS700016',
    ],
    ['an unknown tenant', { tenantId: '00000000-1111-4000-8000-00000000000a' }, 'AADSTS90002'],
  ] as const)('says what to do about %s and quotes no secret', async (_name, options, aadsts) => {
    const error: unknown = await tenant
      .client(options)
      .page(users)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'signInFailed', details: { aadsts } });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('canary');
  });

  it('signs in anew after a sign-in answer that was no UTF-8, and keeps nothing of it', async () => {
    const client = tenant.client();
    await tenant.simulator.control.faults({
      name: 'garbled',
      match: { signIn: true },
      when: { times: 1 },
      fault: { kind: 'brokenUtf8' },
    });
    await client.page(users).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'signInFailed' });
    });
    const report = await tenant.simulator.control.faultReport();
    expect(report).toMatchObject([{ effective: 1 }]);
    expect(await tenant.ids(users, client)).toEqual(userIds);
  });

  it('reads what the simulator holds, the answers counted as it counts them', async () => {
    const client = tenant.client();
    const after = await tenant.simulator.control.ledgerLastNumber();
    expect(await tenant.ids(users, client)).toEqual(userIds);
    const totals = await tenant.simulator.control.ledgerTotals({ after, appId: reader });
    const statistics = client.statistics.take();
    expect(statistics).toMatchObject({ requests: totals.httpCalls, throttled: 0 });
    expect(statistics.units).toBe(totals.resourceUnits);
    const entries = await tenant.simulator.control.ledger({ after, appId: reader });
    expect(new Set(entries.map((entry) => entry.throttlePriority))).toEqual(new Set(['low']));
    expect(new Set(entries.map((entry) => entry.clientRequestId)).size).toBe(entries.length);
  });

  it('follows a delta round to its delta link and gets the changes after it', async () => {
    const delta: GraphRequest = {
      ...identity,
      path: '/users/delta',
      query: { $select: 'id,displayName' },
    };
    const client = tenant.client();
    const read = async (link?: string): Promise<{ ids: string[]; deltaLink: string }> => {
      const ids: string[] = [];
      let deltaLink = '';
      for await (const page of client.pages(delta, {}, link)) {
        ids.push(...page.items.map((item) => String(item['id'])));
        deltaLink = page.deltaLink ?? '';
      }
      return { ids, deltaLink };
    };
    const first = await read();
    expect(first.ids).toEqual(expect.arrayContaining(userIds));
    const [changed = ''] = userIds;
    const displayName = 'Renamed';
    await tenant.simulator.control.change(tenant.tenantId, {
      kind: 'rename',
      id: changed,
      displayName,
    });
    expect((await read(first.deltaLink)).ids).toEqual([changed]);
  });

  it.each([['syncStateNotFound'], ['gone'], ['resyncRequired']] as const)(
    'knows an expired delta link: %s',
    async (form) => {
      await tenant.simulator.control.faults({
        name: 'expired',
        match: { path: '/users/delta' },
        fault: { kind: 'expiredDeltaToken', form },
      });
      const client = tenant.client();
      const delta = { ...users, path: '/users/delta', query: { $select: 'id' } };
      const first = await client.page({
        ...delta,
        query: { ...delta.query, $deltatoken: 'latest' },
      });
      await expect(client.page(delta, first.deltaLink)).rejects.toMatchObject({
        code: 'graphCursorExpired',
      });
    },
  );

  it('reads members of all groups in batches as one by one, also when items are throttled', async () => {
    const groupIds = await tenant.ids(groups);
    const requests = groupIds.map(
      (id): GraphRequest => ({
        ...identity,
        path: odata`/groups/${id}/members`,
        query: { $select: 'id' },
      }),
    );
    const singly: string[][] = [];
    for (const request of requests) singly.push(await tenant.ids(request));
    await tenant.simulator.control.faults({
      name: 'some items',
      match: { template: '/groups/{id}/members', batch: 'inner' },
      when: { every: 5, times: 9 },
      fault: { kind: 'throttle', retryAfter: 'fraction' },
    });
    const client = tenant.client();
    const pages = await client.batchPages(requests);
    const batched = await Promise.all(
      pages.map(async (page, index) => {
        if (page instanceof BackupError) throw page;
        const ids = page.items.map((item) => String(item['id']));
        const request = requests[index] as GraphRequest;
        if (page.nextLink !== undefined) {
          for await (const more of client.pages(request, {}, page.nextLink)) {
            ids.push(...more.items.map((item) => String(item['id'])));
          }
        }
        return ids.sort();
      }),
    );
    expect(batched).toEqual(singly);
    expect(client.statistics.throttled).toBe(9);
  });

  it('finds by id what exists and reports a single missing object as such', async () => {
    const client = tenant.client();
    const missing = '00000000-0000-4000-8000-000000000000';
    const found = await client.getByIds([...userIds, missing], ['user']);
    expect(found.map((object) => String(object['id'])).sort()).toEqual(userIds);
    await expect(
      client.object({ ...identity, path: odata`/users/${missing}` }),
    ).rejects.toMatchObject({ code: 'graphNotFound', details: { status: 404 } });
  });

  it('keeps conditional access below one request per second without a single 429', async () => {
    const buckets = new ProcessTokenBuckets();
    const client = tenant.client({ clock: systemClock, buckets });
    const after = await tenant.simulator.control.ledgerLastNumber();
    await Promise.all([1, 2, 3, 4].map(() => client.page(policies)));
    const totals = await tenant.simulator.control.ledgerTotals({ after });
    expect(totals.throttled).toBe(0);
    expect(client.statistics.waitMs).toBeGreaterThan(3_000);
  });

  it('waits when another application uses up the conditional access quota', async () => {
    await tenant.simulator.control.burn(tenant.tenantId, { conditionalAccess: 2 });
    const client = tenant.client({ clock: systemClock });
    const page: GraphPage = await client.page(policies);
    expect(page.items.length).toBeGreaterThan(0);
    expect(client.statistics.throttled).toBeGreaterThan(0);
  });

  it('names a missing permission as such', async () => {
    await tenant.simulator.control.changeRegistration(tenant.tenantId, {
      kind: 'revoke',
      appId: reader,
      permission: 'Policy.Read.All',
      existing: 'withoutPermission',
    });
    const client = tenant.client({ clock: systemClock });
    await expect(client.page(policies)).rejects.toMatchObject({ code: 'graphForbidden' });
  });
});
