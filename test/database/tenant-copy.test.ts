// The tenant is made by the simulator and backed up several times; its copy lies in a folder.
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mapIdentity } from '../../shared/repository/identity-map.ts';
import { replaceJobs } from '../../shared/repository/jobs.ts';
import { acknowledgePoint, updatePoint } from '../../shared/repository/restore-points.ts';
import { copyTenantSlice } from '../../shared/tenant-backup/copy-slice.ts';
import { type CopyScene, DAY, small, startCopyScene } from '../support/copy-scene.ts';
import type { TestDatabase } from '../support/database.ts';
import { changeAtRandom, generator } from '../support/random-changes.ts';
import { runBackup, testContext, testTenant } from '../support/run-backup.ts';
import { allRows, copyAll, copyContext, placeOf, SetClock } from '../support/tenant-copies.ts';
import { plan } from './restore-plan-fixture.ts';

const seed = Number(process.env['SEED'] ?? 20_261_125);
console.log(`seed ${seed}`);

let scene: CopyScene;
beforeAll(async () => {
  scene = await startCopyScene(seed);
});
afterAll(async () => {
  await scene.close();
});

describe('the copy of a tenant', () => {
  it('brings back every row of every point, after changes, deletions, bin, map and holds', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const store = await scene.newStore('all');
    const make = () => scene.context(store, clock);
    await copyAll(make);
    for (let round = 0; round < 4; round += 1) {
      await scene.changeAndBackUp();
      if (round === 1) await lifeOfPoints();
      clock.advance(DAY);
      await copyAll(make);
    }
    const rows = await allRows(scene.lab.db, scene.tenant.tenantNo);
    expect(rows.restore_point).toHaveLength(5);
    expect(rows.identity_map).toHaveLength(1);
    expect(rows.job).toHaveLength(1);
    expect(rows.object_version.some((row) => row.includes('softDeleted'))).toBe(true);
    expect(rows.object_version.length).toBeGreaterThan(rows.object.length / 2);
    const { db, tenantNo } = await scene.expectSame(store);

    const next = await backUpAgain(db, tenantNo);
    expect(next.point).toBe(6);
    const [session] = await db.owner.rows<{ full: number; other: number }>(
      `select count(*) filter (where mode = 'full')::int as full,
         count(*) filter (where mode = 'incremental')::int as other from session_task`,
    );
    expect(session).toMatchObject({ other: 0 });
    expect(session?.full).toBeGreaterThan(3);
    const planned = await db.database.withTenant(
      tenantNo,
      async (tx) => await plan(tx, { all: true }, 1, 6),
    );
    expect(planned.steps.length).toBeGreaterThan(0);
    // the chain goes on from the rebuilt database
    const slice = await copyAll(() => copyContext(db, { ...scene.tenant, tenantNo }, store, clock));
    expect(slice).toEqual({ state: 'copied', point: 6, lost: 0 });
    const [after, again] = [await allRows(db, tenantNo), await scene.rebuild(store)];
    expect(await allRows(again.db, again.tenantNo)).toEqual(after);
  });

  it('copies a label, a hold and an acknowledgement that came without a point, and their end', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const store = await scene.newStore('labels');
    const make = () => scene.context(store, clock);
    await copyAll(make);
    const inTenant = scene.lab.db.database.withTenant.bind(
      scene.lab.db.database,
      scene.tenant.tenantNo,
    );
    await inTenant((tx) => updatePoint(tx, 2, { label: 'Zürich "2"', hold: true }));
    await copyAll(make);
    await scene.expectSame(store);
    await inTenant((tx) => updatePoint(tx, 2, { label: null, hold: false }));
    await copyAll(make);
    await scene.expectSame(store);
    const manifests = (await readdir(path.join(scene.directory('labels'), 'manifests'))).length;
    await copyAll(make);
    await copyAll(make);
    expect(await readdir(path.join(scene.directory('labels'), 'manifests'))).toHaveLength(
      manifests,
    );
  });

  it('is a full one every 7 days, from which a rebuild starts without those before', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const store = await scene.newStore('weekly');
    const make = () => scene.context(store, clock);
    await copyAll(make);
    clock.advance(6 * DAY);
    await scene.changeAndBackUp();
    await copyAll(make);
    clock.advance(DAY);
    await scene.changeAndBackUp();
    await copyAll(make);
    const kinds: string[] = [];
    const chain = { tenant: scene.tenant.tenantId, source: 'directory' };
    for await (const { manifest } of placeOf(store).chain.walkChain(store, chain)) {
      kinds.push(manifest.copy?.kind ?? '');
    }
    expect(kinds).toEqual(['full', 'changes', 'full']);
    // segments of the first week are not needed any more
    await rm(path.join(scene.directory('weekly'), '2026', '03', '04'), {
      recursive: true,
    });
    await scene.expectSame(store);
  });

  it('is full when a point expired before it was copied: what it showed may be purged', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const store = await scene.newStore('expired');
    const make = () => scene.context(store, clock);
    const { point } = await copyAll(make);
    await scene.changeAndBackUp();
    await scene.lab.db.owner.rows(
      'update restore_point set expired_at = now() where tenant_no = $1 and number = $2',
      [scene.tenant.tenantNo, point],
    );
    await scene.lab.db.owner.rows(
      `delete from object_version v where tenant_no = $1 and to_point <= $2 + 1 and not exists (
         select from restore_point r where r.tenant_no = $1 and r.expired_at is null
           and r.number >= v.from_point and r.number < v.to_point)`,
      [scene.tenant.tenantNo, point],
    );
    await copyAll(make);
    await scene.expectSame(store);
  });

  it('stays right while a backup is being written, and while it commits between two pages', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const store = await scene.newStore('beside');
    await changeAtRandom(scene.lab.control, scene.tenant.tenantId, generator(seed + 1), 12, 12);
    let backup: Promise<unknown> | undefined;
    let pages = 0;
    const context = scene.context(store, clock, {
      limits: { ...small, segmentBytes: 1e9 },
      reached: async (step) => {
        if (step !== 'pageWritten') return;
        pages += 1;
        if (pages === 1) backup = scene.tenant.published();
        if (pages === 2) await backup;
      },
    });
    const before = await allRows(scene.lab.db, scene.tenant.tenantNo);
    const first = await copyTenantSlice(context, new Date(8e15));
    expect(first.state).toBe('copied');
    await backup;
    const { db, tenantNo } = await scene.rebuild(store);
    const after = await allRows(db, tenantNo);
    for (const table of ['object_version', 'link', 'restore_point', 'collection_state'] as const) {
      expect(after[table], table).toEqual(before[table]);
    }
    await copyAll(() => scene.context(store, clock));
    await scene.expectSame(store);
  });
});

async function lifeOfPoints(): Promise<void> {
  const users = await scene.lab.db.owner.rows<{ key: number }>(
    `select key from object where tenant_no = $1 and type = 'user' order by key limit 2`,
    [scene.tenant.tenantNo],
  );
  await scene.lab.db.database.withTenant(scene.tenant.tenantNo, async (tx) => {
    await updatePoint(tx, 1, { label: 'before the "move"\n', hold: true });
    const [one, other] = users;
    await mapIdentity(tx, { oldKey: one?.key ?? 0, newKey: other?.key ?? 0, source: 'manual' });
    await replaceJobs(tx, scene.tenant.tenantNo, [
      {
        schedule: {
          name: 'nightly',
          kind: 'tenantBackup',
          cron: '0 2 * * *',
          timeZone: 'Europe/Berlin',
          spreadSeconds: 60,
        },
        nextRunAt: new Date('2026-03-05T01:00:00.123Z'),
      },
    ]);
  });
  await scene.lab.db.owner.rows(
    'update restore_point set suspicious = true where tenant_no = $1 and number = 3',
    [scene.tenant.tenantNo],
  );
  await scene.lab.db.database.withTenant(scene.tenant.tenantNo, (tx) =>
    acknowledgePoint(tx, 3, 'principal-1', 'expected: a department has moved'),
  );
}

async function backUpAgain(db: TestDatabase, tenantNo: number) {
  const { graph, clock, catalogue } = scene.tenant.make();
  const again = { ...testTenant(tenantNo, scene.tenant.tenantId), headPoint: 5 };
  return await runBackup(() => testContext(db, again, graph, { clock, catalogue }));
}
