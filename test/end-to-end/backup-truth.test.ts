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

/** One random change that fits the tenant as it was. */
function randomChange({ live, bin, links }: Snapshot): AdminChange | undefined {
  const pick = (list: readonly string[] | undefined): string => list?.[random(list.length)] ?? '';
  const users = live.get('user');
  const groups = live.get('group');
  switch (random(9)) {
    case 0:
      return { kind: 'rename', id: pick(users), displayName: `Renamed ${random(1_000)}` };
    case 1:
      return {
        kind: 'patch',
        id: pick(users),
        properties: { department: null, jobTitle: 'Clerk' },
      };
    case 2:
      return { kind: 'delete', id: pick(random(2) === 0 ? users : groups) };
    case 3:
      return bin.length === 0 ? undefined : { kind: 'undelete', id: pick(bin) };
    case 4:
      return bin.length === 0 ? undefined : { kind: 'purge', id: pick(bin) };
    case 5: {
      const [source, target] = [pick(groups), pick(users)];
      const isThere = links.some((l) => l.source === source && l.target === target);
      return isThere ? undefined : { kind: 'addLink', relationship: 'members', source, target };
    }
    case 6: {
      const link = links.filter((l) => l.live)[random(links.filter((l) => l.live).length)];
      if (link === undefined) return undefined;
      const { relationship, source, target } = link;
      return { kind: 'removeLink', relationship, source, target };
    }
    case 7: {
      const id = pick(live.get('conditionalAccessPolicy'));
      return { kind: 'rename', id, displayName: `Policy ${random(1_000)}` };
    }
    default: {
      const [source, target] = [pick(users), pick(users)];
      if (source === target) return undefined;
      return { kind: 'addLink', relationship: 'manager', source, target };
    }
  }
}

/** Random changes; those that an earlier one has made impossible do not count. */
async function change(count: number): Promise<void> {
  let known = await snapshot();
  for (let done = 0; done < count; ) {
    const one = randomChange(known);
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
