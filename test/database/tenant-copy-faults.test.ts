// A copy that is killed, doubled, cut off from its container, or damaged.
import { cp, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalKey } from '../../shared/encryption/local-key.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { copyTables } from '../../shared/repository/copy-tables.ts';
import { copyLags, dueCopies } from '../../shared/repository/tenant-copies.ts';
import { copySteps } from '../../shared/tenant-backup/copy-context.ts';
import { copyTenantSlice } from '../../shared/tenant-backup/copy-slice.ts';
import { rebuildTenant } from '../../shared/tenant-backup/rebuild-tenant.ts';
import { damages, filesOf } from '../support/copy-damages.ts';
import { type CopyScene, startCopyScene } from '../support/copy-scene.ts';
import { openFolder } from '../support/open-folder.ts';
import { copyAll, placeOf, SetClock } from '../support/tenant-copies.ts';

const seed = Number(process.env['SEED'] ?? 20_261_126);
console.log(`seed ${seed}`);

let scene: CopyScene;
beforeAll(async () => {
  scene = await startCopyScene(seed);
});
afterAll(async () => {
  await scene.close();
});

const of = () => ({ tenantNo: scene.tenant.tenantNo, tenantId: scene.tenant.tenantId });

const lagOf = async (store: LogStore, now = new Date()) => {
  const [lag] = await scene.lab.db.database.withTenant(scene.tenant.tenantNo, (tx) =>
    copyLags(tx, [store.description], now),
  );
  return lag;
};

describe('a copy that is killed', () => {
  it('goes on at every step, and the container holds the truth afterwards', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const stores = new Map<string, LogStore>();
    for (const step of copySteps) stores.set(step, await scene.newStore(`killed-${step}`));
    for (const [step, store] of stores) await copyWithKills(store, clock, step);
    await scene.changeAndBackUp();
    for (const [step, store] of stores) await copyWithKills(store, clock, step);
    for (const store of stores.values()) await scene.expectSame(store);
  });

  it('by a worker beside it: of two at once one wins each manifest', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const store = await scene.newStore('two');
    const make = () => scene.context(store, clock);
    const copy = async (): Promise<string[]> => {
      const states: string[] = [];
      for (let n = 0; n < 400 && states.at(-1) !== 'copied'; n += 1) {
        states.push((await copyTenantSlice(make(), clock.now())).state);
      }
      return states;
    };
    const [one, other, third] = await Promise.all([copy(), copy(), copy()]);
    expect([...one, ...other, ...third]).toContain('overtaken');
    await scene.changeAndBackUp(6);
    await Promise.all([copy(), copy()]);
    await scene.expectSame(store);
    const names = await readdir(path.join(scene.directory('two'), 'manifests'));
    expect(names.sort()).toEqual(['0000000001.json', '0000000002.json']);
  });
});

describe('an outage of the container', () => {
  it('delays the copy only, shows in the lag, and is caught up over several points', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const store = await scene.newStore('outage');
    const other = await scene.newStore('beside-the-outage');
    const make = () => scene.context(store, clock);
    const head = (await copyAll(make)).point;
    expect(await lagOf(store)).toMatchObject({
      copiedPoint: head,
      pointsBehind: 0,
      secondsBehind: 0,
    });
    const away = `${path.join(scene.folder, 'outage')}-away`;
    await rename(path.join(scene.folder, 'outage'), away);
    for (let round = 1; round <= 3; round += 1) {
      await scene.changeAndBackUp(6);
      await expect(copyAll(make)).rejects.toMatchObject({ code: 'logStoreMissing' });
      await copyAll(() => scene.context(other, clock));
      const lag = await lagOf(store, new Date(Date.now() + 60_000));
      expect(lag).toMatchObject({ copiedPoint: head, pointsBehind: round });
      expect(lag?.secondsBehind).toBeGreaterThan(59);
    }
    const bounds = { checkedSince: new Date(0), failedSince: new Date(0), top: 10 };
    const due = async (names: string[]) =>
      await scene.lab.db.database.withRegistry((tx) => dueCopies(tx, names, bounds));
    expect(await due([store.description, other.description])).toEqual([of()]);
    await rename(away, path.join(scene.folder, 'outage'));
    await copyAll(make);
    expect(await lagOf(store)).toMatchObject({ pointsBehind: 0, secondsBehind: 0, failure: null });
    expect(await due([store.description, other.description])).toEqual([]);
    await scene.expectSame(store);
    await scene.expectSame(other);
  });
});

const otherTenant = 'eeeeeeee-0000-4000-8000-00000000000e';

describe('a damaged copy', () => {
  it('stops a rebuild with the name of the blob and leaves nothing behind', async () => {
    const clock = new SetClock('2026-03-04T05:00:00Z');
    const store = await scene.newStore('whole');
    for (let round = 0; round < 3; round += 1) {
      if (round > 0) await scene.changeAndBackUp(6);
      await copyAll(() => scene.context(store, clock));
    }
    const db = await scene.newDatabase();
    const rebuild = async (folder: string, key = placeOf(store).keys, id = of().tenantId) => {
      const place = placeOf(openFolder(path.join(scene.folder, folder)), key);
      await rebuildTenant({ ...place, database: db.database, tables: copyTables }, id);
    };
    const isEmpty = async (): Promise<void> => {
      const [row] = await db.owner.rows(
        `select (select count(*) from tenant) as tenants, (select count(*) from object) as objects,
           (select count(*) from object_version) as versions, (select count(*) from link) as links`,
      );
      expect(row).toEqual({ tenants: 0, objects: 0, versions: 0, links: 0 });
    };
    for (const [number, { what, damage, codes }] of damages.entries()) {
      const copy = `damaged-${number}`;
      await cp(path.join(scene.folder, 'whole'), path.join(scene.folder, copy), {
        recursive: true,
      });
      const name = await damage(await filesOf(path.join(scene.folder, copy)));
      expect(name, what).not.toBe('');
      const error = await rebuild(copy).catch((reason: unknown) => reason);
      expect(error, what).toMatchObject({ code: expect.toBeOneOf([...codes]) as string });
      expect(String(error), what).toContain(name);
      await isEmpty();
    }
    const wrong = createLocalKey(Buffer.alloc(32, 7));
    await expect(rebuild('whole', wrong)).rejects.toMatchObject({
      code: 'keyWrong',
      details: { name: expect.stringContaining('.seg') as string },
    });
    await expect(rebuild('whole', wrong, otherTenant)).rejects.toMatchObject({
      code: 'copyMissing',
    });
    const foreign = path.join(scene.folder, 'foreign');
    await cp(path.join(scene.folder, 'whole'), foreign, { recursive: true });
    await rename(path.join(foreign, of().tenantId), path.join(foreign, otherTenant));
    await expect(rebuild('foreign', undefined, otherTenant)).rejects.toMatchObject({
      code: 'manifestForeign',
      details: { name: expect.stringContaining(otherTenant) as string },
    });
    await isEmpty();
    await rebuild('whole');
    await expect(rebuild('whole')).rejects.toMatchObject({ code: 'tenantExists' });
  });
});

/** Ends the copy three times at a step, every second time it comes there, then lets it end. */
async function copyWithKills(store: LogStore, clock: SetClock, step: string): Promise<void> {
  let [kills, passed] = [0, 0];
  const reached = (at: string): void => {
    if (at !== step) return;
    passed += 1;
    if (passed % 2 === 0 || kills === 3) return;
    kills += 1;
    throw new Error('killed');
  };
  for (let tries = 0, state = ''; state !== 'copied'; tries += 1) {
    expect(tries).toBeLessThan(200);
    try {
      state = (await copyTenantSlice(scene.context(store, clock, { reached }), clock.now())).state;
    } catch (error) {
      expect(String(error)).toBe('Error: killed');
    }
  }
  expect(kills, step).toBeGreaterThan(0);
}
