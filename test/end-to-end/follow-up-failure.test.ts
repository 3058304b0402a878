// The links of some groups cannot be read while those of hundreds of others can: the collection stays
// at its last good state with its cursor, and nothing that happened meanwhile is lost.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminChange } from '../../local/graph-simulator/control/client.ts';
import { differenceOf } from '../support/false-deletions.ts';
import { type Lab, type LabTenant, startFaultLab } from '../support/fault-lab.ts';
import { readTruth } from '../support/random-changes.ts';
import { repositoryLines, simulatorTruth } from '../support/simulator-truth.ts';

const GROUPS = 800;
let lab: Lab;
let tenant: LabTenant;
/** Groups with so many members that their lists are read one by one. */
let large: string[];
let users: string[];

beforeAll(async () => {
  lab = await startFaultLab();
  tenant = await lab.addTenant({
    seed: { users: 60, groups: GROUPS, links: 3_000, seed: 11, nasty: false },
  });
  const truth = await readTruth(lab.control, tenant.tenantId);
  const sizes = new Map<string, number>();
  for (const line of truth) {
    if (line.kind !== 'link' || line.relationship !== 'members' || !line.live) continue;
    sizes.set(line.source, (sizes.get(line.source) ?? 0) + 1);
  }
  const free = truth.flatMap((line) =>
    line.kind === 'object' && line.type === 'group' && line.state === 'live'
      ? [{ id: line.id, ruled: JSON.stringify(line.properties['groupTypes']).includes('Dynamic') }]
      : [],
  );
  large = free
    .filter((group) => !group.ruled && (sizes.get(group.id) ?? 0) >= 20)
    .map((group) => group.id)
    .slice(0, 3);
  users = truth.flatMap((line) =>
    line.kind === 'object' && line.type === 'user' && line.state === 'live' ? [line.id] : [],
  );
  await tenant.published();
});
afterAll(async () => await lab.close());

async function breakFollowUps(): Promise<void> {
  await lab.control.faults(
    ...large.map((id) => ({
      name: `members of ${id}`,
      match: { path: `/groups/${id}/members`, tenantId: tenant.tenantId },
      fault: { kind: 'status' as const, status: 500 },
    })),
  );
}

interface Stored {
  readonly token: string;
  readonly session: string;
}

async function cursorOf(collection: string): Promise<Stored | undefined> {
  const [row] = await lab.db.owner.rows<Stored>(
    `select encode(token, 'hex') as token, session_id as session from delta_cursor
     where tenant_no = $1 and collection = $2`,
    [tenant.tenantNo, collection],
  );
  return row;
}

async function stateOf(point: number): Promise<{ state: string; groups: string; why: string }> {
  const [row] = await lab.db.owner.rows<{ state: string; groups: string; why: string }>(
    `select p.state, c.state as groups, p.reasons::text as why from restore_point p
     join collection_state c on c.tenant_no = $1 and c.point = p.number and c.collection = 'group'
     where p.tenant_no = $1 and p.number = $2`,
    [tenant.tenantNo, point],
  );
  if (row === undefined) throw new Error(`no point ${point}`);
  return row;
}

const groupLines = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith('group'));

/** The groups and a user change; nothing else would make an incremental run look at them. */
function changes(round: number): AdminChange[] {
  const [one = '', two = '', three = ''] = large;
  const user = (n: number): string => users[(round * 7 + n) % users.length] ?? '';
  return [
    { kind: 'rename', id: one, displayName: `renamed in round ${round}` },
    { kind: 'patch', id: two, properties: { description: `round ${round}` } },
    { kind: 'patch', id: user(3), properties: { jobTitle: `round ${round}` } },
    { kind: 'rename', id: three, displayName: `also in round ${round}` },
  ];
}

async function equalsTheTenant(point: number): Promise<void> {
  const truth = await simulatorTruth(lab.control, tenant.tenantId);
  const lines = await repositoryLines(lab.db, tenant.tenantNo, point);
  expect(differenceOf(truth, lines)).toEqual([]);
}

/** Two runs with three broken follow-ups, changes before each, then one that works. */
test.each(['incremental', 'full'] as const)(
  'three follow-ups of 800 groups fail in %s runs: cursor and rows stay, later all arrives',
  async (mode) => {
    expect(large).toHaveLength(3);
    // members are read one by one of long lists, and of groups that come back from the recycle bin
    const fromBin = mode === 'incremental' ? large : [];
    await lab.control.change(
      tenant.tenantId,
      ...fromBin.map((id) => ({ kind: 'delete' as const, id })),
    );
    const { point: good } = await tenant.published();
    const before = await cursorOf('group');
    const usersBefore = await cursorOf('user');
    const groupsBefore = groupLines(await repositoryLines(lab.db, tenant.tenantNo, good));
    await breakFollowUps();
    const back = fromBin.map((id) => ({ kind: 'undelete' as const, id }));
    await lab.control.change(tenant.tenantId, ...back);
    for (const round of [1, 2]) {
      await lab.control.change(tenant.tenantId, ...changes(round));
      const { point, state } = await tenant.published({ mode });
      expect(state).toBe('partial');
      expect(await stateOf(point)).toMatchObject({ state: 'partial', groups: 'carried-failed' });
      expect((await stateOf(point)).why).toContain('"group"');
      // a full read that failed makes the old cursor useless: the next one is full again
      expect(await cursorOf('group')).toEqual(mode === 'full' ? undefined : before);
      expect(await cursorOf('user')).not.toEqual(usersBefore);
      const groups = groupLines(await repositoryLines(lab.db, tenant.tenantNo, point));
      expect(differenceOf(groupsBefore, groups)).toEqual([]);
    }
    await lab.control.clearFaults();
    const { point, state } = await tenant.published();
    expect(state).toBe('complete');
    await equalsTheTenant(point);
    expect(await cursorOf('group')).not.toEqual(before);
  },
);
