// Reads that are up to a minute old while the tenant changes (limit R2 of the backup protocol): what a
// round has delivered is not replaced by an older list, and the next reconcile brings the rest.
import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { GraphPage } from '../../shared/graph/graph-request.ts';
import { systemClock } from '../../shared/model/clock.ts';
import type { Fence } from '../../shared/repository/fence.ts';
import { taskFence, type Work, writeTask } from '../../shared/tenant-backup/backup-context.ts';
import { storeFacetPage } from '../../shared/tenant-backup/facet-page.ts';
import { storeListPage } from '../../shared/tenant-backup/list-page.ts';
import { emptyTally } from '../../shared/tenant-backup/statistics.ts';
import { differenceOf } from '../support/false-deletions.ts';
import { type Lab, type LabTenant, startFaultLab } from '../support/fault-lab.ts';
import { changeAtRandom, generator, readTruth } from '../support/random-changes.ts';
import { finish, open, runStage, stageOf } from '../support/run-backup.ts';
import { repositoryLines, simulatorTruth } from '../support/simulator-truth.ts';

const seed = Number(process.env['LAG_SEED'] ?? randomInt(1_000_000));
const LAG_MS = 60_000;
let lab: Lab;

beforeAll(async () => {
  console.log(`seed ${seed}`);
  lab = await startFaultLab({ clock: systemClock, pageSize: { list: 23, expanded: 23 } });
});
afterAll(async () => await lab.close());

async function newTenant(settings: object): Promise<LabTenant> {
  const plan = { users: 60, groups: 14, links: 160, seed };
  return await lab.addTenant({ seed: plan, settings });
}

async function lost(tenant: LabTenant, point: number): Promise<string[]> {
  const truth = await simulatorTruth(lab.control, tenant.tenantId);
  return differenceOf(truth, await repositoryLines(lab.db, tenant.tenantNo, point));
}

/** Renames at known pages of the reads of a backup. */
async function renameWhileReading(tenant: LabTenant, round: number): Promise<void> {
  const users = (await readTruth(lab.control, tenant.tenantId)).flatMap((line) =>
    line.kind === 'object' && line.type === 'user' && line.state === 'live' ? [line.id] : [],
  );
  const places = [
    ['/users', 1],
    ['/users', 2],
    ['/groups', 1],
    ['/users/delta', 1],
  ] as const;
  for (const [n, [path, page]] of places.entries()) {
    const id = users[(round * 5 + n) % users.length] ?? '';
    const displayName = `${'Az'[n % 2]} renamed in round ${round}`;
    const change = { kind: 'rename' as const, id, displayName };
    await lab.control.addPageHook({ tenantId: tenant.tenantId, path, page, changes: [change] });
  }
}

test.each([
  ['reads', { readLagMilliseconds: { minimum: 0, maximum: LAG_MS } }],
  ['rounds', { deltaLagMilliseconds: LAG_MS / 2 }],
  [
    'reads and rounds',
    {
      readLagMilliseconds: { minimum: 5_000, maximum: LAG_MS },
      deltaLagMilliseconds: LAG_MS / 2,
    },
  ],
])('%s that lag: the head equals the tenant after the next reconcile', async (_name, settings) => {
  const tenant = await newTenant(settings);
  const { control } = lab;
  const random = generator(seed);
  const missed: number[] = [];
  for (const [round, mode] of (['full', 'auto', 'auto', 'full', 'auto'] as const).entries()) {
    await changeAtRandom(control, tenant.tenantId, random, 15, 5);
    await control.clock({ kind: 'advance', milliseconds: random(LAG_MS) });
    await renameWhileReading(tenant, round);
    const { point } = await tenant.published({ mode });
    await control.clearPageHooks();
    missed.push((await lost(tenant, point)).length);
  }
  console.log(`differences after each run: ${missed.join(', ')}`);
  // nothing changes any more and the replicas have caught up: what a reconcile finds
  await control.clock({ kind: 'advance', milliseconds: 2 * LAG_MS });
  const { point, state } = await tenant.published({ mode: 'full' });
  expect(state).toBe('complete');
  expect(await lost(tenant, point)).toEqual([]);
});

test('a row that a round has delivered is not replaced by a list page asked for before', async () => {
  const tenant = await newTenant({});
  await tenant.published();
  const [user] = await labels(tenant, 'user');
  if (user === undefined) throw new Error('no user');
  const asked = new Date();
  await new Promise((later) => setTimeout(later, 20));
  const make = () => tenant.make();
  const fence = await open(make, { operationId: randomUUID(), mode: 'incremental' });
  const renamed = { kind: 'rename' as const, id: user.id, displayName: 'what the round said' };
  await lab.control.change(tenant.tenantId, renamed);
  while ((await runStage(make, fence)) && !(await roundsAreRead(tenant, fence)));
  expect(await labelOf(tenant, user.id)).toBe(renamed.displayName);

  const page = (startedAt: Date, displayName: string): GraphPage => ({
    items: [{ id: user.id, displayName }],
    quarantined: [],
    startedAt,
  });
  await storePage(tenant, fence, page(asked, 'what an old replica said'));
  expect(await labelOf(tenant, user.id)).toBe(renamed.displayName);
  // one asked for afterwards is newer
  await storePage(tenant, fence, page(new Date(Date.now() + 60_000), 'what a later list said'));
  expect(await labelOf(tenant, user.id)).toBe('what a later list said');
  while (await runStage(make, fence));
  await finish(make, fence);
});

test.each([
  ['lies in the recycle bin', [{ kind: 'delete' as const }]],
  ['is gone', [{ kind: 'delete' as const }, { kind: 'purge' as const }]],
])(
  'a facet that a late replica still shows of a user who %s does not stand',
  async (_state, ends) => {
    const tenant = await newTenant({});
    await tenant.published();
    const [holder] = await facetHolders(tenant);
    if (holder === undefined) throw new Error('nobody has the facet');
    for (const { kind } of ends) await lab.control.change(tenant.tenantId, { kind, id: holder });
    await tenant.published();
    const make = () => tenant.make();
    const fence = await open(make, { operationId: randomUUID(), mode: 'incremental' });
    const attributes = {
      contoso: { '@odata.type': '#microsoft.graph.customSecurityAttributeValue' },
    };
    await storePage(
      tenant,
      fence,
      {
        items: [{ id: holder, customSecurityAttributes: attributes }],
        quarantined: [],
        startedAt: new Date(),
      },
      'facet',
    );
    expect(await facetHolders(tenant)).toContain(holder);
    while (await runStage(make, fence));
    const { point } = await finish(make, fence);
    expect(await lost(tenant, point)).toEqual([]);
  },
);

async function facetHolders(tenant: LabTenant): Promise<string[]> {
  return (await labels(tenant, 'facet:customSecurityAttributes')).map((row) => row.id);
}

async function roundsAreRead(tenant: LabTenant, fence: Fence): Promise<boolean> {
  const stage = await stageOf(() => tenant.make(), fence);
  return !(stage.kind === 'collections' && ['tokens', 'lists', 'rounds'].includes(stage.name));
}

async function storePage(
  tenant: LabTenant,
  fence: Fence,
  page: GraphPage,
  kind: 'list' | 'facet' = 'list',
): Promise<void> {
  const context = tenant.make();
  const task = await context.database.withTenant(tenant.tenantNo, (tx) =>
    context.tables.sessionTasks.taskOf(tx, fence.sessionId, 'user'),
  );
  const type = objectTypes.find((candidate) => candidate.name === 'user');
  if (task === undefined || type === undefined) throw new Error('no task');
  const work: Work = {
    context,
    type,
    task,
    fence: taskFence(fence, task),
    deadline: new Date(Date.now() + 60_000),
    tally: emptyTally(),
  };
  const [facet] = type.facets;
  if (facet === undefined) throw new Error('users have a facet');
  await writeTask(work, async (tx) => {
    if (kind === 'facet') await storeFacetPage(work, tx, facet, page);
    else await storeListPage(work, tx, 'list', page);
  });
}

async function labels(tenant: LabTenant, type: string): Promise<{ id: string; label: string }[]> {
  return await lab.db.owner.rows(
    `select o.object_id as id, v.label from object_version v
     join object o on o.tenant_no = $1 and o.key = v.object_key
     where v.tenant_no = $1 and v.type = $2 and v.to_point = 2147483647 and v.state = 'live'`,
    [tenant.tenantNo, type],
  );
}

async function labelOf(tenant: LabTenant, id: string): Promise<string | undefined> {
  return (await labels(tenant, 'user')).find((row) => row.id === id)?.label;
}
