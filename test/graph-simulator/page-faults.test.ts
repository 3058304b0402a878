// Faults of pages and of the wire, by the fault plan, as a client meets them over https.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant({ seed: { users: 250, groups: 20, nasty: false } });
});
afterAll(() => tenant.stop());
afterEach(() => tenant.control.clearFaults());

const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);
const users = { path: '/users' };
const rounds = { path: '/users/delta' };
const listPath = '/users?$top=100&$select=id,displayName';

test('empty pages, several in a row, lead on to the same rows', async () => {
  await tenant.control.faults({
    name: 'empty',
    match: rounds,
    when: { nth: [1, 2, 4] },
    fault: { kind: 'emptyPage' },
  });
  const { pages, rows } = await tenant.readAll('/users/delta?$select=id');
  expect(pages.slice(0, 4).map((page) => page.length)).toEqual([0, 0, 200, 0]);
  expect(new Set(ids(rows.filter((row) => !('@removed' in row)))).size).toBe(250);
});

test('an empty page may be the last before the delta link of a round without changes', async () => {
  const { deltaLink } = await tenant.readAll('/users/delta?$select=id&$deltatoken=latest');
  await tenant.control.faults({
    name: 'empty',
    match: rounds,
    when: { nth: 1 },
    fault: { kind: 'emptyPage' },
  });
  const round = await tenant.readAll(deltaLink);
  expect([round.pages.length, round.rows, round.deltaLink !== '']).toEqual([2, [], true]);
});

test('the same user comes twice in one round, the newer values first', async () => {
  const id = await tenant.addUser('twice', { jobTitle: 'old' });
  const { deltaLink } = await tenant.readAll('/users/delta?$select=jobTitle&$deltatoken=latest');
  await tenant.change({ kind: 'patch', id, properties: { jobTitle: 'new' } });
  await tenant.control.faults({
    name: 'conflict',
    match: rounds,
    when: {},
    fault: { kind: 'conflictingRows', count: 1 },
  });
  expect((await tenant.readAll(deltaLink)).rows).toEqual([
    { jobTitle: 'new', id },
    { jobTitle: 'old', id },
  ]);
  await tenant.change({ kind: 'purge', id });
});

test('rows of a round come again, and so do those of the round before', async () => {
  const { deltaLink } = await tenant.readAll('/users/delta?$select=city&$deltatoken=latest');
  const first = await tenant.addUser('first', { city: 'Oslo' });
  const one = await tenant.readAll(deltaLink);
  const second = await tenant.addUser('second', { city: 'Bern' });
  await tenant.control.faults({
    name: 'replay',
    match: rounds,
    when: {},
    fault: { kind: 'replayRound' },
  });
  const two = await tenant.readAll(one.deltaLink);
  expect(ids(two.rows)).toEqual([second, first]);
  await tenant.control.faults({
    name: 'again',
    match: rounds,
    when: {},
    fault: { kind: 'duplicateRows', count: 1 },
  });
  expect(ids((await tenant.readAll(one.deltaLink)).rows)).toEqual([second, second]);
  await tenant.change({ kind: 'purge', id: first }, { kind: 'purge', id: second });
});

test('the removal of a member stands before its addition', async () => {
  const path = '/groups/delta?$select=id,members';
  const { deltaLink } = await tenant.readAll(`${path}&$deltatoken=latest`);
  const user = await tenant.addUser('flicker');
  const group = await tenant.addGroup('flickers', [user]);
  await tenant.control.faults({
    name: 'order',
    match: { path: '/groups/delta' },
    when: {},
    fault: { kind: 'removedBeforeAdded', count: 1 },
  });
  const { rows } = await tenant.readAll(deltaLink);
  expect(rows.find((row) => row.id === group)?.['members@delta']).toEqual([
    { '@odata.type': '#microsoft.graph.user', id: user, '@removed': { reason: 'deleted' } },
    { '@odata.type': '#microsoft.graph.user', id: user },
  ]);
  await tenant.change({ kind: 'purge', id: user }, { kind: 'purge', id: group });
});

test('a round may never end: its next link leads back to the first page', async () => {
  await tenant.control.faults({
    name: 'endless',
    match: rounds,
    when: { nth: 2 },
    fault: { kind: 'endlessRound' },
  });
  const first = await tenant.get('/users/delta?$select=id');
  const second = await tenant.get(String(first.body['@odata.nextLink']));
  const third = await tenant.get(String(second.body['@odata.nextLink']));
  expect(third.body['value']).toEqual(first.body['value']);
});

test('a delta token expires in the middle of a round', async () => {
  const first = await tenant.get('/users/delta?$select=id');
  await tenant.control.faults({
    name: 'gone',
    match: rounds,
    when: {},
    fault: { kind: 'expiredDeltaToken', form: 'gone' },
  });
  const second = await tenant.get(String(first.body['@odata.nextLink']));
  expect([second.status, second.headers.location]).toEqual([
    410,
    expect.stringMatching(/\$deltatoken=$/) as string,
  ]);
});

test('rows are skipped and doubled between list pages', async () => {
  const all = ids((await tenant.readAll(listPath)).rows);
  await tenant.control.faults({
    name: 'skip',
    match: users,
    when: { nth: 1 },
    fault: { kind: 'skipRows', count: 3 },
  });
  const skipped = ids((await tenant.readAll(listPath)).rows);
  expect(skipped).toEqual([...all.slice(0, 100), ...all.slice(103)]);
  await tenant.control.faults({
    name: 'double',
    match: users,
    when: { nth: 1 },
    fault: { kind: 'doubleRows', count: 3 },
  });
  const doubled = ids((await tenant.readAll(listPath)).rows);
  expect(doubled).toEqual([...all.slice(0, 100), ...all.slice(97)]);
});

test('the page token of a retried page is rejected', async () => {
  const first = await tenant.get(listPath);
  await tenant.control.faults({
    name: 'token',
    match: users,
    when: {},
    fault: { kind: 'expiredPageToken', form: 'DirectoryPageTokenNotFoundException' },
  });
  expect(problem(await tenant.get(String(first.body['@odata.nextLink'])))).toMatch(
    /^400 DirectoryPageTokenNotFoundException/,
  );
});

test('the next link is lost, or leads to another host', async () => {
  await tenant.control.faults(
    { name: 'lost', match: users, when: { nth: 1 }, fault: { kind: 'loseNextLink' } },
    {
      name: 'foreign',
      match: users,
      when: { nth: 2 },
      fault: { kind: 'replaceNextLink', link: 'https://attacker.example/v1.0/users' },
    },
  );
  expect((await tenant.get(listPath)).body).not.toHaveProperty(['@odata.nextLink']);
  expect((await tenant.get(listPath)).body['@odata.nextLink']).toContain('attacker.example');
});

test('a write that is lost on the way has happened, one that is refused has not', async () => {
  const id = await tenant.addUser('written');
  await tenant.control.faults(
    {
      name: 'lost answer',
      match: { method: 'PATCH' },
      when: { nth: 1 },
      fault: { kind: 'responseLost', how: 'gatewayTimeout' },
    },
    {
      name: 'unavailable',
      match: { method: 'PATCH' },
      when: { nth: 2 },
      fault: { kind: 'status', status: 503 },
    },
    {
      name: 'reset',
      match: { method: 'PATCH' },
      when: { nth: 3 },
      fault: { kind: 'reset', when: 'beforeHeaders' },
    },
  );
  const city = async () => (await tenant.get(`/users/${id}?$select=city`)).body['city'];
  expect((await tenant.patch(`/users/${id}`, { city: 'Oslo' })).status).toBe(504);
  expect(await city()).toBe('Oslo');
  expect((await tenant.patch(`/users/${id}`, { city: 'Bern' })).status).toBe(503);
  expect(await city()).toBe('Oslo');
  await expect(tenant.patch(`/users/${id}`, { city: 'Riga' })).rejects.toThrow();
  expect(await city()).toBe('Oslo');
  const report = await tenant.control.faultReport();
  expect(report.map(({ fired }) => fired)).toEqual([1, 1, 1]);
  await tenant.change({ kind: 'purge', id });
});

test('bodies are cut, connections reset in the middle of one', async () => {
  await tenant.control.faults(
    { name: 'cut', match: users, when: { nth: 1 }, fault: { kind: 'truncate', keepBytes: 50 } },
    { name: 'reset', match: users, when: { nth: 2 }, fault: { kind: 'reset', when: 'inBody' } },
    { name: 'html', match: users, when: { nth: 3 }, fault: { kind: 'html', status: 200 } },
  );
  await expect(tenant.get(listPath)).rejects.toThrow();
  await expect(tenant.get(listPath)).rejects.toThrow();
  const html = await tenant.get(listPath);
  expect([html.status, html.headers['content-type']]).toEqual([
    200,
    expect.stringContaining('text/html') as string,
  ]);
});

test('a hanging answer ends when its time is over, and does not hold up others', async () => {
  await tenant.control.faults({
    name: 'hang',
    match: users,
    when: { nth: 1 },
    fault: { kind: 'hang', milliseconds: 150 },
  });
  const hanging = expect(tenant.get(listPath)).rejects.toThrow();
  expect((await tenant.get(listPath)).status).toBe(200);
  await hanging;
});
