import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { searchLogs } from '../../shared/log-backup/search-logs.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import {
  all,
  type FourHours,
  fill,
  fourHours,
  HOURS,
  one,
  pass,
  textsOf,
} from '../support/four-hours.ts';
import { code, newContainer, openBlobs, openFolder } from '../support/log-stores.ts';
import { patient, searchAll } from '../support/search-all.ts';
import {
  expected,
  hourTime,
  numbersOf,
  randomRecord,
  SearchScene,
} from '../support/search-scene.ts';

let hours: FourHours;

beforeEach(async () => {
  hours = await fourHours();
});

describe('search in one log repository', () => {
  it('finds the same in a blob container', async () => {
    const other = new SearchScene(openBlobs(inject('azurite'), await newContainer()));
    await fill(other);
    const found = await searchAll(other.context(), one, { records: 3 });
    expect([...found.texts].sort()).toEqual(textsOf(expected(other.truth, one)));
    expect(found).toMatchObject({ complete: true, defects: [], gaps: [] });
  });

  it('reads for one person only frames that the indexes name', async () => {
    const rare = { ...all, filters: { correlation: hours.scene.truth[40]?.correlation[0] ?? '' } };
    let [segmentBytes, read] = [0, 0];
    for await (const { name, bytes } of hours.scene.store.list('')) {
      if (name.endsWith('.seg')) segmentBytes += bytes;
    }
    const store: LogStore = {
      ...pass(openFolder(hours.folder)),
      read: async (name, range) => {
        if (name.endsWith('.seg')) read += range?.bytes ?? Number.NaN;
        return await hours.scene.store.read(name, range);
      },
    };
    const found = await searchAll(hours.scene.context({ store }), rare);
    expect(found.texts.length).toBeGreaterThan(0);
    expect(found.texts.length).toBe(expected(hours.scene.truth, rare).length);
    expect(read).toBeGreaterThan(0);
    // small segments are read with their ends in one piece: none but those that hold it
    expect(read).toBeLessThan(segmentBytes);
  });

  it('states gaps, hours before the beginning and hours that were not read yet', async () => {
    const gap = { from: hourTime(HOURS), to: hourTime(HOURS + 1), reason: 'graphUnavailable' };
    await hours.scene.append('signIns', 2000, { kind: 'gap', segments: [], gap });
    const request = { ...all, from: hourTime(-5), to: hourTime(HOURS + 3) };
    const found = await searchAll(hours.anew(), request);
    expect(found.complete).toBe(false);
    expect(found.gaps).toEqual([
      { source: 'signIns', from: hourTime(-5), to: hourTime(0), kind: 'notRead' },
      { source: 'signIns', ...gap, kind: 'gap' },
      { source: 'signIns', from: hourTime(HOURS + 1), to: hourTime(HOURS + 3), kind: 'notRead' },
    ]);
    expect(found.texts.length).toBe(expected(hours.scene.truth, all).length);
  });

  it('states hours that the retention has removed', async () => {
    const chain = { tenant: hours.scene.tenant, source: 'signIns' };
    const first = await copyParts.readLink(hours.scene.store, chain, 1);
    const removed = { [hourTime(0).slice(0, 13)]: { records: 25, versions: 0, complete: true } };
    await hours.scene.append('signIns', 500, {
      ...{ kind: 'checkpoint', segments: [] },
      checkpoint: {
        firstNumber: 1,
        removedThrough: 1,
        manifestSha256: first.sha256,
        hours: removed,
      },
    });
    // a removal that was killed: the segment is gone, its manifest is not
    for (const end of ['.seg', '.idx']) await hours.scene.store.remove(await hours.nameIn(0, end));
    const gaps = [{ source: 'signIns', from: hourTime(0), to: hourTime(1), kind: 'removed' }];
    expect(await searchAll(hours.anew(), all)).toMatchObject({
      complete: false,
      defects: [],
      gaps,
    });
    await hours.scene.store.remove(copyParts.manifestName(chain, 1));
    const found = await searchAll(hours.anew(), all);
    expect(found).toMatchObject({ complete: false, defects: [], gaps });
    expect([...found.texts].sort()).toEqual(textsOf(expected(hours.without(0), all)));
  });

  it('sees on all pages what was there when the search began', async () => {
    const context = hours.anew();
    const first = await searchLogs(context, all, { ...patient, records: 10 });
    const late = randomRecord('signIns', 3, 900, numbersOf(3));
    await hours.scene.window('signIns', [0, HOURS], [late], 1);
    let [position, count] = [first.next, first.records.length];
    while (position !== undefined) {
      const answer = await searchLogs(context, all, { ...patient, records: 10 }, position);
      expect(answer.records.map(({ line }) => line.toString())).not.toContain(late.text);
      count += answer.records.length;
      position = answer.next;
    }
    expect(count).toBe(HOURS * 25);
    // a new search looks for what is newest, also where much was read before
    const later = randomRecord('signIns', 2, 901, numbersOf(4));
    await hours.scene.window('signIns', [0, HOURS], [later], 2);
    expect((await searchAll(context, all)).texts).toEqual(
      expect.arrayContaining([late.text, later.text]),
    );
  });

  it('answers in time from a store that is slow, page by page to the same end', async () => {
    const slow = { ...pass(openFolder(hours.folder)) };
    const store: LogStore = {
      ...slow,
      read: async (name, range) => {
        await sleep(15);
        return await slow.read(name, range);
      },
    };
    const started = performance.now();
    const first = await searchLogs(hours.scene.context({ store }), all, {
      ...patient,
      softMs: 150,
    });
    expect(performance.now() - started).toBeLessThan(1500);
    expect(first.next).toBeDefined();
    expect(first.scannedThrough < all.to).toBe(true);
    const found = await searchAll(hours.scene.context({ store }), all, { softMs: 150 });
    expect(found.pages).toBeGreaterThan(1);
    expect([...found.texts].sort()).toEqual(textsOf(expected(hours.scene.truth, all)));
  });

  it('says that the store is unavailable when nothing comes in time, and throws its errors', async () => {
    const hanging: LogStore = {
      ...pass(openFolder(hours.folder)),
      read: async () => await new Promise<undefined>(() => undefined),
    };
    const limits = { ...patient, softMs: 20, hardMs: 100 };
    const context = hours.scene.context({ store: hanging });
    expect(await code(searchLogs(context, all, limits))).toBe('logStoreUnavailable');
    const gone = openFolder(`${hours.folder}-gone`);
    expect(await code(searchLogs(hours.scene.context({ store: gone }), all, patient))).toBe(
      'logStoreMissing',
    );
  });

  it('answers an empty chain as not read', async () => {
    const found = await searchAll(hours.anew(), { ...all, sources: ['provisioning'] });
    const gap = { source: 'provisioning', from: all.from, to: all.to, kind: 'notRead' };
    expect(found).toMatchObject({ texts: [], complete: false, defects: [], gaps: [gap] });
  });
});
