// `$batch`: every item is a request of its own, the answers come in any order.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant({ seed: { users: 60, groups: 12 } });
});
afterAll(() => tenant.stop());
afterEach(() => tenant.control.clearFaults());

type Item = { id: string; status: number; headers: Record<string, string>; body?: object };

async function batch(requests: readonly object[], app?: string): Promise<Item[]> {
  const answer = await tenant.call('/$batch', {
    method: 'POST',
    body: { requests },
    ...(app === undefined ? {} : { app }),
  });
  expect(answer.status).toBe(200);
  return answer.body['responses'] as unknown as Item[];
}

const byId = (items: readonly Item[]) => new Map(items.map((item) => [item.id, item]));
const get = (id: string, url: string, more: object = {}) => ({ id, method: 'GET', url, ...more });
const headers = { 'Content-Type': 'application/json' };

test('20 requests are answered one by one, in another order, errors beside successes', async () => {
  const requests = Array.from({ length: 20 }, (_, index) =>
    get(`r${index}`, index === 7 ? '/nothing' : '/users?$top=1&$select=id'),
  );
  const items = await batch(requests);
  expect(items.map(({ id }) => id)).not.toEqual(requests.map(({ id }) => id));
  expect(byId(items).get('r7')?.status).toBe(400);
  expect(items.filter(({ status }) => status === 200)).toHaveLength(19);
});

test('a nested next link leads to the next page outside the batch', async () => {
  const [item] = await batch([get('1', 'users?$top=5&$select=id')]);
  const link = Reflect.get(item?.body ?? {}, '@odata.nextLink') as string;
  expect((await tenant.get(link)).status).toBe(200);
});

test('by switch the nested next link of a v1.0 batch leads to beta', async () => {
  await tenant.control.settings(tenant.tenantId, { batchLinksLeadToBeta: true });
  const [item] = await batch([get('1', '/users?$top=5&$select=id')]);
  expect(Reflect.get(item?.body ?? {}, '@odata.nextLink')).toContain('/beta/users?');
  await tenant.control.settings(tenant.tenantId, { batchLinksLeadToBeta: false });
});

test('the header of an advanced query goes into the item', async () => {
  const count = (more: object) => get('c', '/users/$count', more);
  expect((await batch([count({})]))[0]?.status).toBe(400);
  const [item] = await batch([count({ headers: { ConsistencyLevel: 'eventual' } })]);
  expect([item?.status, item?.body]).toEqual([200, '60']);
});

const outer: readonly (readonly [string, object])[] = [
  ['21 requests', { requests: Array.from({ length: 21 }, (_, n) => get(`${n}`, '/users')) }],
  ['ids that differ only in case', { requests: [get('a', '/users'), get('A', '/users')] }],
  ['an absolute url', { requests: [get('1', 'https://graph.microsoft.com/v1.0/users')] }],
  ['a batch inside', { requests: [{ id: '1', method: 'POST', url: '/$batch' }] }],
  ['a dependency on nothing', { requests: [get('1', '/users', { dependsOn: ['9'] })] }],
  ['no requests', { requests: [] }],
  ['an item without id', { requests: [{ method: 'GET', url: '/users' }] }],
];

test.each(outer)('a batch with %s is 400 as a whole', async (_title, body) => {
  expect((await tenant.post('/$batch', body)).status).toBe(400);
});

test('requests that depend on each other run in order, and fail together with 424', async () => {
  const id = await tenant.addUser('serial');
  const patch = (name: string, city: string | number, dependsOn?: string[]) => ({
    id: name,
    method: 'PATCH',
    url: `/users/${id}`,
    headers,
    body: { city },
    ...(dependsOn === undefined ? {} : { dependsOn }),
  });
  const serial = [patch('1', 'Oslo'), patch('2', 'Bern', ['1']), patch('3', 'Riga', ['2'])];
  const good = await batch(serial);
  expect(good.every(({ status }) => status === 204)).toBe(true);
  const city = async () => (await tenant.get(`/users/${id}?$select=city`)).body['city'];
  expect(await city()).toBe('Riga');
  const bad = byId(await batch([patch('1', 5), patch('2', 'Bern', ['1']), patch('3', 'A', ['2'])]));
  expect([1, 2, 3].map((n) => bad.get(String(n))?.status)).toEqual([400, 424, 424]);
  expect(await city()).toBe('Riga');
});

test('three of twenty items are throttled while the batch itself is 200', async () => {
  await tenant.control.faults({
    name: 'some',
    match: { path: '/users', batch: 'inner' },
    when: { nth: [2, 9, 15] },
    fault: { kind: 'throttle', retryAfter: 'fraction', seconds: 0.2 },
  });
  const requests = Array.from({ length: 20 }, (_, index) => get(`${index}`, '/users?$top=1'));
  const items = await batch(requests);
  const throttled = items.filter(({ status }) => status === 429);
  expect(throttled.map(({ id }) => id).sort()).toEqual(['1', '14', '8']);
  expect(throttled[0]?.headers['retry-after']).toMatch(/^0\.\d+$/);
});

test('each item is checked for permission and has its own line in the ledger', async () => {
  const after = await tenant.control.ledgerLastNumber();
  const reader = 'aaaaaaaa-0000-4000-8000-000000000001';
  const user = tenant.state.ordered('user')[0]?.object.id;
  const items = await batch(
    [
      get('read', '/groups?$top=1'),
      { id: 'write', method: 'PATCH', url: `/users/${user}`, headers, body: { city: 'Oslo' } },
    ],
    reader,
  );
  expect(byId(items).get('write')?.status).toBe(403);
  const lines = await tenant.control.ledger({ after });
  expect(lines.map(({ template, status }) => [template, status])).toEqual([
    ['/groups', 200],
    ['/users/{id}', 403],
    ['/$batch', 200],
  ]);
  const totals = await tenant.control.ledgerTotals({ after });
  expect([totals.httpCalls, totals.graphRequests]).toEqual([1, 2]);
});

test('a batch needs a token and a JSON content type', async () => {
  expect((await tenant.call('/$batch', { method: 'POST', body: {}, token: '' })).status).toBe(401);
  const url = `${tenant.simulator.origin}/v1.0/$batch`;
  const authorization = `Bearer ${await tenant.token('aaaaaaaa-0000-4000-8000-000000000001')}`;
  const answer = await tenant.send(url, 'POST', { authorization }, '{"requests":[]}');
  expect(problem(answer)).toContain('Content-Type');
  expect((await tenant.get('/$batch')).status).toBe(405);
});
