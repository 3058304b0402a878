import { createHash, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { copyLogs } from '../../shared/log-backup/copy-logs.ts';
import { restoreLogsSlice } from '../../shared/log-backup/restore-logs.ts';
import type { LogRestoreRequest } from '../../shared/log-backup/restore-plan.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { systemClock } from '../../shared/model/clock.ts';
import { newTable, openCache } from '../support/caches.ts';
import { all, type FourHours, fourHours, one, textsOf } from '../support/four-hours.ts';
import { Killed, killingStore } from '../support/log-chains.ts';
import { newKey } from '../support/log-fixtures.ts';
import {
  code,
  newContainer,
  newFastFolder,
  openBlobs,
  openFolder,
  all as read,
} from '../support/log-stores.ts';
import { searchAll } from '../support/search-all.ts';
import { expected, hourTime } from '../support/search-scene.ts';
import { contentOf, exportToEnd } from '../support/stored-exports.ts';

const later = new Date(Date.now() + 1_000_000_000);
const wholeDay: LogRestoreRequest = { source: 'signIns', from: hourTime(0), to: hourTime(4) };
let hours: FourHours;
let target: LogStore;
let folder: string;

beforeEach(async () => {
  hours = await fourHours();
  target = openFolder(await newFastFolder());
  folder = randomUUID();
});

const restore = async (
  request: LogRestoreRequest,
  more: { target?: LogStore; deadline?: Date } = {},
) => {
  const context = { ...hours.anew(), target: more.target ?? target, folder };
  return await restoreLogsSlice(context, request, more.deadline ?? later);
};

interface RestoreManifest {
  readonly files: readonly {
    readonly segment: string;
    readonly file?: string;
    readonly records?: number;
    readonly sha256?: string;
    readonly code?: string;
  }[];
}

async function manifestIn(store: LogStore): Promise<RestoreManifest> {
  const bytes = await store.read(`${folder}/manifest.json`);
  return JSON.parse(bytes?.toString('utf8') ?? '') as RestoreManifest;
}

/** All restored lines, with what the manifest says of their files checked by other means. */
async function linesIn(store: LogStore): Promise<string[]> {
  const lines: string[] = [];
  for (const { file = '', records, sha256, code: defect } of (await manifestIn(store)).files) {
    if (defect !== undefined) continue;
    const bytes = (await store.read(file)) ?? Buffer.alloc(0);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    const own = bytes.toString('utf8').split('\n').slice(0, -1);
    expect(own).toHaveLength(records ?? -1);
    lines.push(...own);
  }
  return lines.sort();
}

describe('the restore of segments of logs', () => {
  it.each(['a folder', 'a blob container'])('writes them as NDJSON to %s', async (where) => {
    if (where !== 'a folder') target = openBlobs(inject('azurite'), await newContainer());
    expect(await restore(wholeDay)).toEqual({ done: true, segments: 4, total: 4, missing: [] });
    expect(await linesIn(target)).toEqual(textsOf(hours.scene.truth));
  });

  it('restores the segments that are named, and none that no manifest names', async () => {
    const name = await hours.nameIn(2, '.seg');
    const foreign = name.replace(hours.scene.tenant, randomUUID());
    expect(await code(restore({ segments: [foreign] }))).toBe('notFound');
    const unnamed = name.replace(/.{16}\.seg$/, '0123456789abcdef.seg');
    expect(await code(restore({ segments: [unnamed] }))).toBe('notFound');
    expect(await restore({ segments: [name, name] })).toMatchObject({ done: true, segments: 1 });
    const own = hours.scene.truth.filter((record) => !hours.without(2).includes(record));
    expect(await linesIn(target)).toEqual(textsOf(own));
  });

  it('goes on slice by slice, and after a kill at any call of the target', async () => {
    const first = await restore(wholeDay, { deadline: new Date(0) });
    expect(first).toMatchObject({ done: false, segments: 1, total: 4 });
    expect(await restore(wholeDay, { deadline: new Date(0) })).toMatchObject({ segments: 2 });
    expect(await restore(wholeDay)).toMatchObject({ done: true });
    for (let killAt = 1; killAt <= 24; killAt += 3) {
      const own = openFolder(await newFastFolder());
      const counter = { calls: 0, killAt: Math.ceil(killAt / 2), isAfter: killAt % 2 === 0 };
      const killed = restore(wholeDay, { target: killingStore(own, counter) });
      await killed.catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      expect(await restore(wholeDay, { target: own })).toMatchObject({ done: true, missing: [] });
      expect(await linesIn(own)).toEqual(textsOf(hours.scene.truth));
    }
  });

  it('names a segment that is damaged and writes nothing of it', async () => {
    const name = await hours.nameIn(1, '.seg');
    await hours.flip(name, 1200);
    const done = await restore(wholeDay);
    expect(done).toMatchObject({ done: true, missing: [{ name }] });
    expect(await linesIn(target)).toEqual(textsOf(hours.without(1)));
    const names = (await read(target.list(`${folder}/`))).map((blob) => blob.name);
    expect(names.filter((each) => each.includes(name.slice(0, -4)))).toEqual([
      `${folder}/${name}.json`,
    ]);
  });

  it('names what the time should hold and does not: gaps and hours that were not read', async () => {
    const { missing } = await restore({ ...wholeDay, to: hourTime(6) });
    expect(missing.map(({ code: each }) => each)).toEqual(['notRead', 'notRead']);
  });

  it('never overwrites: what is there under its name and is something else stays', async () => {
    const name = await hours.nameIn(0, '.seg');
    const file = `${folder}/${name.replace(/seg$/, 'ndjson')}`;
    await target.create(file, Buffer.from('of somebody else'));
    expect(await code(restore(wholeDay))).toBe('invalidState');
    expect((await target.read(file))?.toString()).toBe('of somebody else');
  });
});

describe('the secondary log repository alone', () => {
  it('serves search, export and restore when the primary is destroyed', async () => {
    const { scene } = hours;
    const secondary = { store: openFolder(await newFastFolder()), keys: newKey() };
    await copyLogs(
      {
        ...{ chain: { tenant: scene.tenant, source: 'signIns' }, parts: copyParts },
        ...{ clock: systemClock, cache: openCache(newTable()), secondary },
        primary: { store: scene.store, keys: scene.keys },
      },
      later,
    );
    for (const { name } of await read(scene.store.list(''))) await scene.store.remove(name);
    const lost = await searchAll(hours.anew(), all);
    expect(lost).toMatchObject({ texts: [], complete: false });
    const context = scene.context(secondary);
    const found = await searchAll(context, one);
    expect([...found.texts].sort()).toEqual(textsOf(expected(scene.truth, one)));
    expect(found).toMatchObject({ complete: true, defects: [], gaps: [] });
    const plan = { context, request: all, format: 'ndjson' as const, id: randomUUID() };
    await exportToEnd(plan);
    const lines = (await contentOf(plan)).toString('utf8').split('\n').slice(0, -1);
    expect(lines).toEqual(expected(scene.truth, all).map(({ text }) => text));
    await restoreLogsSlice({ ...context, target, folder }, wholeDay, later);
    expect(await linesIn(target)).toEqual(textsOf(scene.truth));
  });
});
