// Change rounds of users, groups and units: the protocol and its documented surprises.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { day, removed, tracked, userPath } from './support/delta-rounds.ts';
import { type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant();
});
afterAll(() => tenant.stop());

test('never set is absent, cleared is null, and unchanged properties come along', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  const id = await small.addUser('tom', { jobTitle: 'Lead' });
  const first = await small.readAll(link);
  expect(first.rows).toEqual([{ displayName: 'tom', jobTitle: 'Lead', id }]);
  await small.change({ kind: 'patch', id, properties: { jobTitle: null } });
  const second = await small.readAll(first.deltaLink);
  expect(second.rows).toEqual([{ displayName: 'tom', jobTitle: null, id }]);
});

test('Prefer: return=minimal sends only what changed', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  const id = await small.addUser('tom', { jobTitle: 'Lead' });
  const { deltaLink } = await small.readAll(link);
  await small.change({ kind: 'patch', id, properties: { department: 'Sales' } });
  const { rows } = await small.readAll(deltaLink, { prefer: 'return=minimal' });
  expect(rows).toEqual([{ department: 'Sales', id }]);
});

test('changes of unselected properties and of custom security attributes are silent', async () => {
  const { tenant: small, link } = await tracked(
    tenant,
    '/users/delta?$select=id,displayName,customSecurityAttributes',
  );
  const id = await small.addUser('tom');
  const { deltaLink } = await small.readAll(link);
  await small.change({ kind: 'patch', id, properties: { city: 'Oslo' } });
  await small.change({
    kind: 'patch',
    id,
    properties: { customSecurityAttributes: { Set: { A: '1' } } },
  });
  expect((await small.readAll(deltaLink)).rows).toEqual([]);
});

test('a deleted user is removed as changed, later purged as deleted', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  const id = await small.addUser('gone');
  const first = await small.readAll(link);
  await small.change({ kind: 'delete', id });
  const second = await small.readAll(first.deltaLink);
  expect(second.rows).toEqual([removed(id, 'changed')]);
  await small.change({ kind: 'purge', id });
  expect((await small.readAll(second.deltaLink)).rows).toEqual([removed(id, 'deleted')]);
});

test('the recycle bin purges after 30 days, and delta says so', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  const id = await small.addUser('old');
  await small.change({ kind: 'delete', id });
  const { deltaLink } = await small.readAll(link);
  await tenant.control.settings(small.tenantId, { deltaTokenLifetimeMilliseconds: 90 * day });
  await tenant.control.clock({ kind: 'advance', milliseconds: 30 * day + 1 });
  small.forgetTokens();
  expect((await small.readAll(deltaLink)).rows).toEqual([removed(id, 'deleted')]);
  await tenant.control.clock({ kind: 'real' });
});

test('a restored user comes back as a full object', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  const id = await small.addUser('back', { jobTitle: 'Lead' });
  await small.change({ kind: 'delete', id });
  const { deltaLink } = await small.readAll(link);
  await small.change({ kind: 'undelete', id });
  const { rows } = await small.readAll(deltaLink, { prefer: 'return=minimal' });
  expect(rows).toEqual([{ displayName: 'back', jobTitle: 'Lead', id }]);
});

test('an object created and deleted between two rounds is only a removal of an unknown id', async () => {
  const { tenant: small, link } = await tracked(tenant, userPath);
  const id = await small.addUser('short');
  await small.change({ kind: 'delete', id }, { kind: 'purge', id });
  expect((await small.readAll(link)).rows).toEqual([removed(id, 'deleted')]);
});

test('objects in the recycle bin open the first round as removed, unless switched off', async () => {
  const small = await tenant.add();
  const id = await small.addUser('binned');
  await small.change({ kind: 'delete', id });
  expect((await small.readAll(userPath)).rows).toEqual([removed(id, 'changed')]);
  await tenant.control.settings(small.tenantId, { removedInFirstRound: false });
  expect((await small.readAll('/users/delta?$select=id')).rows).toEqual([]);
});

test('a mass deletion of 30 % of the users arrives in one round', async () => {
  const small = await tenant.add({ seed: { users: 300, groups: 20 } });
  const { deltaLink } = await small.readAll('/users/delta?$select=id&$deltatoken=latest');
  const victims = small.state.ordered('user').slice(0, 90);
  await small.change(...victims.map(({ object }) => ({ kind: 'delete', id: object.id }) as const));
  const { rows } = await small.readAll(deltaLink);
  expect(rows).toHaveLength(90);
  expect(rows.every((row) => '@removed' in row)).toBe(true);
});
