import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminChange, TruthLine } from '../../local/graph-simulator/control/client.ts';
import { residue, rowsMovedAt } from '../support/backup-truth.ts';
import { runBackup } from '../support/run-backup.ts';
import { type SimulatedTenant, startSimulatedTenant } from '../support/simulated-tenant.ts';
import { repositoryLines, simulatorTruth } from '../support/simulator-truth.ts';

const seed = Number(process.env['BACKUP_SEED'] ?? randomInt(1_000_000));
let tenant: SimulatedTenant;
beforeAll(async () => {
  console.log(`seed ${seed}`);
  tenant = await startSimulatedTenant({ users: 300, groups: 60, seed });
});
afterAll(async () => {
  await tenant.close();
});

let state = seed + 1;
function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return Math.floor((state / 0x80000000) * below);
}

interface Snapshot {
  readonly live: Map<string, string[]>;
  readonly bin: string[];
  readonly links: Extract<TruthLine, { kind: 'link' }>[];
}

async function snapshot(): Promise<Snapshot> {
  const live = new Map<string, string[]>();
  const bin: string[] = [];
  const links: Snapshot['links'] = [];
  for await (const line of tenant.simulator.control.truth(tenant.tenantId)) {
    if (line.kind === 'link') links.push(line);
    if (line.kind !== 'object') continue;
    if (line.state !== 'live') bin.push(line.id);
    else live.set(line.type, [...(live.get(line.type) ?? []), line.id]);
  }
  return { live, bin, links };
}

const pick = (list: readonly string[] | undefined): string => list?.[random(list.length)] ?? '';

/** One random change of an object that fits the tenant as it was. */
function objectChange({ live, bin }: Snapshot): AdminChange | undefined {
  const users = live.get('user');
  const kind = random(6);
  if (kind === 0) return { kind: 'rename', id: pick(users), displayName: `R ${random(1_000)}` };
  if (kind === 1) {
    const properties = { department: null, jobTitle: 'Clerk' };
    return { kind: 'patch', id: pick(users), properties };
  }
  if (kind === 2) {
    return { kind: 'delete', id: pick(random(2) === 0 ? users : live.get('group')) };
  }
  if (kind === 3) {
    const id = pick(live.get('conditionalAccessPolicy'));
    return { kind: 'rename', id, displayName: `Policy ${random(1_000)}` };
  }
  if (bin.length === 0) return undefined;
  return { kind: kind === 4 ? 'undelete' : 'purge', id: pick(bin) };
}

/** One random change of a link. */
function linkChange({ live, links }: Snapshot): AdminChange | undefined {
  const users = live.get('user');
  const kind = random(3);
  if (kind === 0) {
    const shown = links.filter((line) => line.live);
    const { relationship, source, target } = shown[random(shown.length)] ?? {};
    if (relationship === undefined || source === undefined || target === undefined)
      return undefined;
    return { kind: 'removeLink', relationship, source, target };
  }
  const target = pick(users);
  const source = pick(kind === 1 ? users : live.get('group'));
  const isThere = links.some((line) => line.source === source && line.target === target);
  if (isThere || source === target) return undefined;
  return { kind: 'addLink', relationship: kind === 1 ? 'manager' : 'members', source, target };
}

/** Random changes; those that an earlier one has made impossible do not count. */
async function change(count: number): Promise<void> {
  let known = await snapshot();
  for (let done = 0; done < count; ) {
    const one = random(3) === 0 ? linkChange(known) : objectChange(known);
    if (one === undefined) continue;
    const applied = await tenant.simulator.control
      .change(tenant.tenantId, one)
      .catch(() => undefined);
    if (applied !== undefined) done += 1;
    if (applied === undefined || done % 20 === 0) known = await snapshot();
  }
}

test('every point equals the truth of its time, full, incremental and after changes while listing', async () => {
  const { db, tenantNo, tenantId, make, simulator } = tenant;
  const now = () => simulatorTruth(simulator.control, tenantId);
  const truths: string[][] = [];
  const first = await runBackup(make);
  truths.push(await now());
  expect(first).toMatchObject({ point: 1, state: 'complete' });
  expect(await repositoryLines(db, tenantNo, 1)).toEqual(truths[0]);

  expect((await runBackup(make)).point).toBe(2);
  truths.push(await now());
  expect(await rowsMovedAt(db, tenantNo, 2)).toBe(0);

  await change(200);
  expect((await runBackup(make)).point).toBe(3);
  truths.push(await now());
  expect(await repositoryLines(db, tenantNo, 3)).toEqual(truths[2]);

  const users = (await snapshot()).live.get('user') ?? [];
  for (const page of [1, 2, 3]) {
    const id = users[random(users.length)] ?? '';
    const changes = [
      { kind: 'rename' as const, id, displayName: `${page === 2 ? 'A' : 'z'}${page}` },
    ];
    await simulator.control.addPageHook({ tenantId, path: '/users', page, changes });
    await simulator.control.addPageHook({ tenantId, path: '/users/delta', page: 1, changes });
  }
  expect((await runBackup(make, { mode: 'full' })).point).toBe(4);
  await simulator.control.clearPageHooks();
  truths.push(await now());
  expect(await repositoryLines(db, tenantNo, 4)).toEqual(truths[3]);

  for (const [index, lines] of truths.entries()) {
    expect(await repositoryLines(db, tenantNo, index + 1), `point ${index + 1}`).toEqual(lines);
  }
  expect(await residue(db, tenantNo)).toBe(0);
});

test('after reads up to a minute old, the next reconcile equals the truth', async () => {
  const { db, tenantNo, tenantId, make, simulator } = tenant;
  await simulator.control.settings(tenantId, {
    readLagMilliseconds: { minimum: 0, maximum: 60_000 },
  });
  await change(40);
  await runBackup(make, { mode: 'full' });
  await change(20);
  await runBackup(make);
  await simulator.control.settings(tenantId, { readLagMilliseconds: { minimum: 0, maximum: 0 } });
  const { point } = await runBackup(make, { mode: 'full' });
  expect(await repositoryLines(db, tenantNo, point)).toEqual(
    await simulatorTruth(simulator.control, tenantId),
  );
});

test('a full backup takes about as few requests as are possible', async () => {
  const small = await startSimulatedTenant({ users: 2_000, groups: 400, seed });
  try {
    const bound = await small.simulator.control.lowerBound(small.tenantId);
    await small.simulator.control.clearLedger();
    await runBackup(small.make);
    const totals = await small.simulator.control.ledgerTotals();
    console.log(`${totals.graphRequests} requests, bound ${bound.requests}`);
    expect(totals.graphRequests).toBeLessThanOrEqual(1.05 * bound.requests + 10);
  } finally {
    await small.close();
  }
});
