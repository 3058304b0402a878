// The control API's truth, and that what Graph shows adds up to it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminChange, TruthLine } from '../../local/graph-simulator/control/client.ts';
import { createRandom } from '../../local/graph-simulator/random.ts';
import { startSimulator } from '../../local/graph-simulator/server.ts';
import { type Row, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant();
});
afterAll(() => tenant.stop());

const liveIds = (lines: readonly TruthLine[], type: string) =>
  lines
    .flatMap((line) =>
      line.kind === 'object' && line.type === type && line.state === 'live' ? [line.id] : [],
    )
    .sort();

const liveLinks = (lines: readonly TruthLine[], relationship: string) =>
  lines
    .flatMap((line) =>
      line.kind === 'link' && line.live && line.relationship === relationship
        ? [`${line.source} ${line.target}`]
        : [],
    )
    .sort();

test('the lists of a seeded tenant have exactly the live objects and links of the truth', async () => {
  const small = await tenant.add({ seed: { users: 300, groups: 60 } });
  const lines = await small.truth();
  const listed = async (path: string) =>
    (await small.readAll(path)).rows.map((row) => row.id).sort();
  expect(await listed('/users?$top=999&$select=id')).toEqual(liveIds(lines, 'user'));
  expect(await listed('/groups?$top=999&$select=id')).toEqual(liveIds(lines, 'group'));
  expect(await listed('/identity/conditionalAccess/policies')).toEqual(
    liveIds(lines, 'conditionalAccessPolicy'),
  );
  const members: string[] = [];
  for (const group of liveIds(lines, 'group')) {
    const { rows } = await small.readAll(`/groups/${group}/members?$select=id&$top=999`);
    members.push(...rows.map((row) => `${group} ${row.id}`));
  }
  const groups = new Set(liveIds(lines, 'group'));
  const expected = liveLinks(lines, 'members').filter((link) =>
    groups.has(link.split(' ')[0] ?? ''),
  );
  expect(members.sort()).toEqual(expected);
  expect(expected.length).toBeGreaterThan(1_000);
});

/** Random changes without undeletes, whose links delta does not report. */
function randomChanges(small: SimulatedTenant, seed: number, count: number): AdminChange[] {
  const random = createRandom(seed);
  const users = small.state.ordered('user').map(({ object }) => object.id);
  const groups = small.state.ordered('group').map(({ object }) => object.id);
  const dead = new Set<string>();
  const living = (ids: readonly string[]): string => {
    const left = ids.filter((id) => !dead.has(id));
    return String(left[random.between(0, left.length - 1)]);
  };
  const rename = (ids: readonly string[]): AdminChange => ({
    kind: 'rename',
    id: living(ids),
    displayName: `renamed ${random.between(0, 9_999)}`,
  });
  const end = (kind: 'delete' | 'purge', ids: readonly string[]): AdminChange => {
    const id = living(ids);
    dead.add(id);
    return { kind, id };
  };
  const addLink = (): AdminChange => ({
    kind: 'addLink',
    relationship: 'members',
    source: living(groups),
    target: living(users),
  });
  const existing = [...small.state.links.all('members')]
    .filter(([source]) => groups.includes(source.id))
    .map(([source, target]) => ({ source: source.id, target: target.id }));
  const removeLink = (): AdminChange => {
    const left = existing.filter(({ source, target }) => !dead.has(source) && !dead.has(target));
    const one = left[random.between(0, left.length - 1)];
    return one === undefined ? addLink() : { kind: 'removeLink', relationship: 'members', ...one };
  };
  const makers = [
    () => rename(users),
    () => rename(groups),
    () => end('delete', users),
    () => end('purge', random.next() < 0.8 ? users : groups),
    (): AdminChange => ({ kind: 'create', type: 'user', properties: { displayName: 'new' } }),
    addLink,
    addLink,
    removeLink,
  ];
  return Array.from({ length: count }, () => {
    const make = makers[random.between(0, makers.length - 1)] ?? makers[0];
    return make?.() ?? rename(users);
  });
}

/** Merges the rows of a round into what a client knows. */
function merge(known: Map<string, Set<string>>, rows: readonly Row[]): void {
  for (const row of rows) {
    if ('@removed' in row) {
      known.delete(row.id);
      continue;
    }
    const members = known.get(row.id) ?? new Set<string>();
    known.set(row.id, members);
    for (const member of (Reflect.get(row, 'members@delta') as Row[] | undefined) ?? []) {
      if ('@removed' in member) {
        members.delete(member.id);
      } else {
        members.add(member.id);
      }
    }
  }
}

test('rounds of changes, merged without regard to order, add up to the truth', async () => {
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 100_000);
  console.info(`seed ${seed}: repeat with TEST_SEED=${seed}`);
  const small = await tenant.add({ seed: { users: 250, groups: 70 } });
  const users = new Map<string, Set<string>>();
  const groups = new Map<string, Set<string>>();
  let userLink = '/users/delta?$select=id,displayName';
  let groupLink = '/groups/delta?$select=id,displayName,members';
  for (let step = 0; step < 12; step += 1) {
    const userRound = await small.readAll(userLink);
    const groupRound = await small.readAll(groupLink);
    merge(users, userRound.rows);
    merge(groups, groupRound.rows);
    const lines = await small.truth();
    const label = `seed ${seed}, step ${step}`;
    expect([...users.keys()].sort(), label).toEqual(liveIds(lines, 'user'));
    expect([...groups.keys()].sort(), label).toEqual(liveIds(lines, 'group'));
    const links = [...groups].flatMap(([group, members]) =>
      [...members]
        .filter((id) => users.has(id) || !isUser(small, id))
        .map((id) => `${group} ${id}`),
    );
    const expected = liveLinks(lines, 'members').filter((one) => groups.has(one.slice(0, 36)));
    expect(links.sort(), label).toEqual(expected);
    [userLink, groupLink] = [userRound.deltaLink, groupRound.deltaLink];
    await small.change(...randomChanges(small, seed + step, 40));
  }
});

const isUser = (small: SimulatedTenant, id: string) => small.state.find(id)?.type === 'user';

test('the truth of an earlier moment can be read later by its change number', async () => {
  const small = await tenant.add({ seed: { users: 60, groups: 12 } });
  const before = await small.truth();
  const end = before.at(-1);
  const sequence = end?.kind === 'end' ? end.sequence : -1;
  await small.change(...randomChanges(small, 7, 60));
  const sortLines = (lines: readonly TruthLine[]) =>
    lines
      .slice(0, -1)
      .map((line) => JSON.stringify(line))
      .sort();
  expect(sortLines(await small.truth(sequence))).toEqual(sortLines(before));
  expect(sortLines(await small.truth())).not.toEqual(sortLines(before));
});

test('a dormant link is in the truth and marked as not live', async () => {
  const small = await tenant.add();
  const user = await small.addUser('sleeper');
  const group = await small.addGroup('team', [user]);
  await small.change({ kind: 'delete', id: user });
  const lines = await small.truth();
  expect(lines.filter((line) => line.kind === 'link')).toEqual([
    { kind: 'link', relationship: 'members', source: group, target: user, live: false },
  ]);
});

test('tenants survive a restart: objects, bin, links and settings', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'simulator-persist-'));
  const tenantId = 'cccccccc-0000-4000-8000-000000000001';
  const read = async (simulator: Awaited<ReturnType<typeof startSimulator>>) => {
    const lines: string[] = [];
    for await (const line of simulator.control.truth(tenantId)) {
      lines.push(line.kind === 'end' ? '' : JSON.stringify(line));
    }
    return lines.sort();
  };
  const first = await startSimulator({ stateDir, persist: true });
  await first.control.createTenant({ tenantId, seed: { users: 60, groups: 12 } });
  const [user] = first.state.tenant(tenantId).ordered('user');
  await first.control.change(tenantId, { kind: 'delete', id: String(user?.object.id) });
  await first.control.settings(tenantId, { deltaLagMilliseconds: 5 });
  const before = await read(first);
  await first.close();
  const second = await startSimulator({ stateDir, persist: true });
  await second.control.createTenant({
    tenantId,
    seed: { users: 60, groups: 12 },
    keepExisting: true,
  });
  expect(await read(second)).toEqual(before);
  expect(second.state.tenant(tenantId).settings.deltaLagMilliseconds).toBe(5);
  await second.close();
  await rm(stateDir, { recursive: true, force: true });
});

test('kept pages equal fresh ones, and are forgotten with the first change', async () => {
  const small = await tenant.add({ seed: { users: 250, groups: 20 } });
  const path = '/users?$top=100&$select=id,displayName';
  const fresh = await small.readAll(path);
  await tenant.control.prerender(small.tenantId, true);
  expect((await small.readAll(path)).rows).toEqual(fresh.rows);
  expect((await small.readAll(path)).rows).toEqual(fresh.rows);
  const id = String(fresh.rows[0]?.id);
  await small.change({ kind: 'rename', id, displayName: 'another name' });
  const changed = await small.readAll(path);
  expect(changed.rows.find((row) => row.id === id)).toEqual({ id, displayName: 'another name' });
});

test('the lower bound of a seeded tenant counts every list once', async () => {
  const small = await tenant.add({ seed: { users: 1_200, groups: 120 } });
  const bound = await small.control.lowerBound(small.tenantId);
  const term = (name: string) => bound.terms.find((one) => one.name === name)?.requests;
  expect([term('users'), term('managers of users'), term('members of groups')]).toEqual([2, 12, 2]);
});
