import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differenceOf } from '../support/false-deletions.ts';
import { type Lab, type LabTenant, startFaultLab } from '../support/fault-lab.ts';
import { changeAtRandom, generator, readTruth } from '../support/random-changes.ts';
import { repositoryLines, simulatorTruth } from '../support/simulator-truth.ts';

const seed = Number(process.env['BACKUP_SEED'] ?? randomInt(1_000_000));
let lab: Lab;
let tenant: LabTenant;

beforeAll(async () => {
  console.log(`seed ${seed}`);
  lab = await startFaultLab();
  tenant = await lab.addTenant({
    seed: { users: 110, groups: 40, links: 600, policies: 24, namedLocations: 22, seed },
  });
  await tenant.published();
});
afterAll(async () => await lab.close());

/** Every row of the tables that hold the history, with the transaction that last wrote it. */
async function rows(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const table of ['object', 'object_version', 'link']) {
    const [row] = await lab.db.owner.rows<{ digest: string; count: number }>(
      `select count(*) as count,
         md5(coalesce(string_agg(r.xmin::text || r.ctid::text, ',' order by r.ctid), '')) as digest
       from ${table} r where r.tenant_no = $1`,
      [tenant.tenantNo],
    );
    found[table] = `${row?.count} rows ${row?.digest}`;
  }
  return found;
}

async function equalsTheTenant(point: number): Promise<void> {
  const truth = await simulatorTruth(lab.control, tenant.tenantId);
  const lines = await repositoryLines(lab.db, tenant.tenantNo, point);
  expect(differenceOf(truth, lines)).toEqual([]);
}

async function idsOf(type: string, count: number): Promise<string[]> {
  const truth = await readTruth(lab.control, tenant.tenantId);
  return truth
    .flatMap((l) => (l.kind === 'object' && l.type === type && l.state === 'live' ? [l.id] : []))
    .slice(0, count);
}

test('an incremental and a full run without changes write no row of objects, versions or links', async () => {
  const before = await rows();
  expect(before['link']).not.toMatch(/^0 /);
  for (const mode of ['incremental', 'full', 'incremental'] as const) {
    const { point, state } = await tenant.published({ mode });
    expect(state).toBe('complete');
    expect(await rows(), mode).toEqual(before);
    await equalsTheTenant(point);
  }
});

test('a full run after incremental ones writes no row: lists and rounds give the same hashes', async () => {
  await changeAtRandom(lab.control, tenant.tenantId, generator(seed), 60, 10);
  const beforeChanges = await rows();
  const { point } = await tenant.published({ mode: 'incremental' });
  await equalsTheTenant(point);
  const before = await rows();
  expect(before).not.toEqual(beforeChanges);
  await tenant.published({ mode: 'full' });
  expect(await rows()).toEqual(before);
});

test('rounds that deliver objects as they were write no row', async () => {
  const [user = '', other = ''] = await idsOf('user', 2);
  const [group = ''] = await idsOf('group', 1);
  const ids = [user, other, group];
  const truth = await readTruth(lab.control, tenant.tenantId);
  const names = ids.map((id) => {
    const line = truth.find((one) => one.kind === 'object' && one.id === id);
    return line?.kind === 'object' ? String(line.properties['displayName']) : '';
  });
  const before = await rows();
  const rename = (displayNames: readonly string[]) =>
    ids.map((id, n) => ({ kind: 'rename' as const, id, displayName: displayNames[n] ?? '' }));
  await lab.control.change(tenant.tenantId, ...rename(['a', 'b', 'c']), ...rename(names));
  await lab.control.clearLedger();
  await tenant.published({ mode: 'incremental' });
  const rounds = (await lab.control.ledger()).filter((line) => line.template?.endsWith('/delta'));
  expect(rounds.length).toBeGreaterThan(0);
  expect(await rows()).toEqual(before);
});

test('only what changed is written: one user, one version', async () => {
  const [user = ''] = await idsOf('user', 1);
  const change = { kind: 'patch' as const, id: user, properties: { jobTitle: `clerk ${seed}` } };
  await lab.control.change(tenant.tenantId, change);
  const { point } = await tenant.published({ mode: 'incremental' });
  const versions = await lab.db.owner.rows<{ type: string }>(
    'select type from object_version where tenant_no = $1 and (from_point = $2 or to_point = $2)',
    [tenant.tenantNo, point],
  );
  expect(versions.map((row) => row.type)).toEqual(['user', 'user']);
});
