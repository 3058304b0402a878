// Verification and retention of the copies of a tenant, and what the timers find due.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  dueLogCopies,
  listLogCopies,
  markLogCopy,
  noteLogCopied,
  noteLogCopyFailure,
  overdueLogCopies,
} from '../../shared/repository/log-copies.ts';
import {
  dueLogRetentions,
  listLogRetentions,
  noteLogRetention,
} from '../../shared/repository/log-retentions.ts';
import { retainCopy } from '../../shared/tenant-backup/retain-copy.ts';
import { verifyTenantCopy } from '../../shared/tenant-backup/verify-copy.ts';
import { type CopyScene, DAY, startCopyScene } from '../support/copy-scene.ts';
import { code } from '../support/log-stores.ts';
import { copyAll, placeOf, SetClock } from '../support/tenant-copies.ts';

let scene: CopyScene;
beforeAll(async () => {
  scene = await startCopyScene(11);
});
afterAll(async () => {
  await scene.close();
});

const later = new Date('2100-01-01T00:00:00Z');
const never = new Date(0);

/** Three weeks, a full copy each and changes between. */
async function newCopy(name: string) {
  const clock = new SetClock('2026-03-04T05:00:00Z');
  const store = await scene.newStore(name);
  for (let round = 0; round < 5; round += 1) {
    await copyAll(() => scene.context(store, clock));
    clock.advance(4 * DAY);
    await scene.changeAndBackUp();
  }
  await copyAll(() => scene.context(store, clock));
  return { clock, store, context: { ...placeOf(store), clock } };
}

async function segmentsIn(name: string): Promise<string[]> {
  const files = await readdir(scene.directory(name), { recursive: true });
  return files.filter((file) => file.endsWith('.seg')).sort();
}

it('names every defect of a copy, slice by slice, and none of a sound one', async () => {
  const { context, store } = await newCopy('verified');
  const { tenantId } = scene.tenant;
  const whole = await verifyTenantCopy({ ...context, level: 'full' }, tenantId, later);
  expect(whole).toMatchObject({ defects: [] });
  expect(whole.checked.lines).toBeGreaterThan(100);
  let [slices, next] = [0, undefined as Awaited<ReturnType<typeof verifyTenantCopy>>['next']];
  let checked = {};
  do {
    const slice = await verifyTenantCopy({ ...context, level: 'full' }, tenantId, never, next);
    ({ next, checked } = slice);
    expect(slice.defects).toEqual([]);
    slices += 1;
  } while (next !== undefined);
  expect(checked).toEqual(whole.checked);
  expect(slices).toBe(whole.checked.segments);

  const chain = { tenant: tenantId, source: 'directory' };
  const named: string[] = [];
  for await (const { manifest } of context.chain.walkChain(store, chain)) {
    if (manifest.copy?.kind === 'full') named.length = 0;
    named.push(...(manifest.copy?.segments ?? []).map(({ name }) => name));
  }
  const [flipped = '', gone = ''] = named;
  const file = path.join(scene.folder, 'verified', flipped);
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  await rm(file);
  await writeFile(file, bytes);
  await rm(path.join(scene.folder, 'verified', gone));
  const quick = await verifyTenantCopy({ ...context, level: 'quick' }, tenantId, later);
  expect(quick.defects).toMatchObject([{ name: gone }]);
  const full = await verifyTenantCopy({ ...context, level: 'full' }, tenantId, later);
  expect(full.defects).toMatchObject([
    { kind: 'damaged', name: flipped },
    { kind: 'missing', name: gone },
  ]);
});

it('removes segments before the newest full copy that is old enough, and never what a rebuild reads', async () => {
  const { clock, store, context } = await newCopy('retained');
  const { tenantId } = scene.tenant;
  const before = await segmentsIn('retained');
  expect(await retainCopy({ ...context, days: 60 }, tenantId, later)).toMatchObject({
    segments: 0,
  });
  const slice = await retainCopy({ ...context, days: 5 }, tenantId, never);
  expect(slice).toMatchObject({ segments: 1, done: false });
  const done = await retainCopy({ ...context, days: 5 }, tenantId, later);
  expect(done).toMatchObject({ done: true });
  const after = await segmentsIn('retained');
  expect(after).toHaveLength(before.length - 1 - done.segments);
  expect(done.segments).toBeGreaterThan(0);
  await scene.expectSame(store);
  // however old it is, the newest full copy stays
  clock.advance(1000 * DAY);
  await retainCopy({ ...context, days: 5 }, tenantId, later);
  await scene.expectSame(store);
  const [newest = ''] = (await segmentsIn('retained')).slice(-1);
  await rm(path.join(scene.directory('retained'), newest));
  expect(await code(retainCopy({ ...context, days: 1 }, tenantId, later))).toBe('copyDamaged');
});

it('finds copies of logs due that are behind, unread, marked or unseen for an hour, and lets failures wait', async () => {
  const { database, owner } = scene.lab.db;
  const { tenantNo } = scene.tenant;
  const now = new Date('2026-03-04T05:00:00Z');
  const minutes = (count: number): Date => new Date(now.getTime() - count * 60_000);
  const due = async (): Promise<boolean> => {
    const bounds = { checkedSince: minutes(60), failedSince: minutes(2), top: 10 };
    return (await database.withRegistry((tx) => dueLogCopies(tx, bounds))).length > 0;
  };
  const stand = (head: number, copied: number, verified: number, at: Date): Promise<void> =>
    database.withTenant(tenantNo, (tx) =>
      noteLogCopied(tx, 'signIns', { head, copied, verified, defects: 0 }, at),
    );
  const shown = async () => (await database.withTenant(tenantNo, listLogCopies))[0];
  expect(await due()).toBe(true);
  await stand(5, 5, 5, now);
  expect(await due()).toBe(false);
  await stand(5, 5, 4, now);
  expect(await due()).toBe(true);
  await stand(5, 5, 5, minutes(61));
  expect(await due()).toBe(true);
  await stand(5, 5, 5, now);
  await database.withTenant(tenantNo, (tx) => markLogCopy(tx, 'signIns'));
  expect(await due()).toBe(true);
  await stand(5, 5, 5, now);
  // what the collector has noted
  await owner.rows(
    `insert into log_source (tenant_no, source, operation_id, retention_days, outcome, head)
     values ($1, 'signIns', gen_random_uuid(), 30, 'caughtUp', 7)`,
    [tenantNo],
  );
  expect(await due()).toBe(true);
  const fail = (at: Date): Promise<void> =>
    database.withTenant(tenantNo, (tx) =>
      noteLogCopyFailure(tx, 'signIns', 'logStoreUnavailable', at),
    );
  await fail(minutes(1));
  expect(await due()).toBe(false);
  expect(await shown()).toMatchObject({ head: 7, copied: 5, behindSince: minutes(1) });
  await fail(minutes(3));
  expect(await due()).toBe(true);
  const overdue = await database.withRegistry((tx) => overdueLogCopies(tx, minutes(1)));
  expect(overdue).toEqual({ count: 1, since: minutes(1) });
  await stand(7, 7, 7, now);
  expect(await shown()).toMatchObject({ behindSince: null, failure: null });
  expect(await due()).toBe(false);
});

it('finds a tenant due for retention when nothing of it was gone through for a day', async () => {
  const { database } = scene.lab.db;
  const { tenantNo } = scene.tenant;
  const ranAt = new Date('2026-03-04T05:00:00Z');
  const due = async (since: Date): Promise<number> =>
    (await database.withRegistry((tx) => dueLogRetentions(tx, since, 10))).length;
  expect(await due(ranAt)).toBe(1);
  const kept = { number: 3, reason: 'retained', detail: 'legal hold' };
  const counts = { manifests: 1, containers: 2, bytes: 3 };
  const orphans = { orphansRemoved: 4, orphansRetained: 5, orphansThrough: 6 };
  const run = { source: 'signIns', repository: 'primary', ranAt, ...counts, ...orphans, kept };
  await database.withTenant(tenantNo, (tx) => noteLogRetention(tx, run));
  expect(await database.withTenant(tenantNo, listLogRetentions)).toEqual([run]);
  expect(await due(new Date(ranAt.getTime() - 1))).toBe(0);
  expect(await due(ranAt)).toBe(1);
});
