// Rounds and their tokens: pages, expiry, lateness, and where delta is refused.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { day, removed, sorted, tracked, userPath } from './support/delta-rounds.ts';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant();
});
afterAll(() => tenant.stop());

test('a first round ends with exactly one delta link and has every object', async () => {
  const small = await tenant.add({ seed: { users: 450, groups: 20 } });
  const { pages, rows, deltaLink } = await small.readAll('/users/delta?$select=id,displayName');
  expect(pages.map((page) => page.length)).toEqual([200, 200, expect.any(Number) as number]);
  expect(rows.filter((row) => !('@removed' in row))).toHaveLength(450);
  expect(deltaLink).toContain('/v1.0/users/delta?$deltatoken=');
  expect((await small.readAll(deltaLink)).rows).toEqual([]);
});

test('$deltatoken=latest gives no rows, only a link that knows later changes', async () => {
  const small = await tenant.add();
  await small.addUser('before');
  const { rows, deltaLink } = await small.readAll(`${userPath}&$deltatoken=latest`);
  expect(rows).toEqual([]);
  const id = await small.addUser('after');
  expect((await small.readAll(deltaLink)).rows).toEqual([{ id, displayName: 'after' }]);
});

test('a filter on ids limits a round to these objects', async () => {
  const small = await tenant.add();
  const [one, two] = [await small.addUser('one'), await small.addUser('two')];
  await small.addUser('three');
  const filter = encodeURIComponent(`id eq '${one}' or id eq '${two}'`);
  const { rows } = await small.readAll(`/users/delta?$select=id&$filter=${filter}`);
  expect(sorted(rows)).toEqual(sorted([{ id: one }, { id: two }]));
  const wrong = encodeURIComponent("displayName eq 'x'");
  expect((await small.get(`/users/delta?$filter=${wrong}`)).status).toBe(400);
});

const forms = [
  ['syncStateNotFound', 400, 'syncStateNotFound'],
  ['gone', 410, 'syncStateInvalid'],
  ['resyncRequired', 410, 'resyncRequired'],
] as const;

test.each(forms)('a token older than 7 days answers %s', async (form, status, code) => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  await tenant.control.settings(small.tenantId, { expiredDeltaTokenForm: form });
  await tenant.control.clock({ kind: 'advance', milliseconds: 7 * day - 60_000 });
  small.forgetTokens();
  expect((await small.get(link)).status).toBe(200);
  await tenant.control.clock({ kind: 'advance', milliseconds: 120_000 });
  const answer = await small.get(link);
  expect(problem(answer)).toContain(`${status} ${code}:`);
  if (form === 'gone') {
    const location = String(answer.headers.location);
    expect(location).toMatch(/\/users\/delta\?\$deltatoken=$/);
    expect((await small.get(location)).status).toBe(200);
  }
  await tenant.control.clock({ kind: 'real' });
});

test('a token is bound to its tenant and collection and takes no further parameters', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  expect((await tenant.get(link)).status).toBe(400);
  expect((await small.get(link.replace('/users/', '/groups/'))).status).toBe(400);
  expect((await small.get(`${link}&$select=id`)).status).toBe(400);
  expect(problem(await small.get(`${link.slice(0, -3)}AAA`))).toContain('syncStateNotFound');
});

test('asked too early a round is empty, and the next one has the change', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  await tenant.control.clock({ kind: 'set', milliseconds: Date.now() });
  await tenant.control.settings(small.tenantId, { deltaLagMilliseconds: 30_000 });
  const id = await small.addUser('late');
  const early = await small.readAll(link);
  expect(early.rows).toEqual([]);
  await tenant.control.clock({ kind: 'advance', milliseconds: 31_000 });
  expect((await small.readAll(early.deltaLink)).rows).toEqual([{ displayName: 'late', id }]);
  await tenant.control.clock({ kind: 'real' });
});

test('a round shows one state although the tenant changes between its pages', async () => {
  const small = await tenant.add({ seed: { users: 450, groups: 20 } });
  const [first] = small.state.ordered('user');
  await tenant.control.addPageHook({
    tenantId: small.tenantId,
    path: '/users/delta',
    page: 2,
    changes: [{ kind: 'delete', id: String(first?.object.id) }],
  });
  const { rows, deltaLink } = await small.readAll('/users/delta?$select=id');
  const row = rows.filter(({ id }) => id === first?.object.id);
  expect(row).toEqual([{ id: first?.object.id }]);
  expect((await small.readAll(deltaLink)).rows).toEqual([
    removed(String(first?.object.id), 'changed'),
  ]);
});

test('delta is refused for external-ID tenants, and for units in a cloud without it', async () => {
  const small = await tenant.add({ settings: { kind: 'externalId' } });
  expect((await small.get('/users/delta')).status).toBe(400);
  const china = await tenant.add({ settings: { unitDeltaMissing: true } });
  const answer = await china.get('/directory/administrativeUnits/delta');
  expect(problem(answer)).toBe("400 BadRequest: Resource not found for the segment 'delta'.");
});
