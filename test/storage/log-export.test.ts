import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { removeExpiredExports } from '../../shared/export/expired-exports.ts';
import type { PartState } from '../../shared/export/stored-export.ts';
import { csvColumns } from '../../shared/log-backup/export-rows.ts';
import type { SearchRequest } from '../../shared/log-backup/search-context.ts';
import { partContainers } from '../../shared/log-repository/part-containers.ts';
import { systemClock } from '../../shared/model/clock.ts';
import { all, fourHours, textsOf } from '../support/four-hours.ts';
import { Killed, killingStore } from '../support/log-chains.ts';
import { code, newFastFolder, openFolder } from '../support/log-stores.ts';
import {
  expected,
  hourTime,
  numbersOf,
  randomRecord,
  SearchScene,
  sceneSources,
} from '../support/search-scene.ts';
import {
  contentOf,
  type ExportPlan,
  exportToEnd,
  nextPart,
  openExport,
} from '../support/stored-exports.ts';

const HOURS = 2;
let folder: string;
let scene: SearchScene;

const signIns: SearchRequest = {
  sources: ['signIns'],
  from: hourTime(0),
  to: hourTime(HOURS),
  filters: {},
  versions: 'newest',
};
const threeLogs: SearchRequest = { ...signIns, sources: [...sceneSources] };

beforeAll(async () => {
  folder = await newFastFolder();
  scene = new SearchScene(openFolder(folder));
  const pick = numbersOf(11);
  for (const source of sceneSources) {
    const records = Array.from({ length: 60 }, (_, number) =>
      randomRecord(source, number % HOURS, number, pick),
    );
    await scene.window(source, [0, HOURS], records);
  }
  const changed = [3, 8, 9].map((number) =>
    randomRecord('signIns', number % HOURS, number, pick, 1),
  );
  await scene.window('signIns', [0, HOURS], changed, 1);
});

const planOf = (more: Partial<ExportPlan> = {}): ExportPlan => ({
  ...{ context: scene.context(), request: signIns, format: 'ndjson', id: randomUUID() },
  ...more,
});

const linesOf = (content: Buffer): string[] => content.toString('utf8').split('\n').slice(0, -1);

describe('the export of logs', () => {
  it('holds the records of one log exactly as Graph sent them, in the order of time', async () => {
    const plan = planOf();
    const last = await exportToEnd(plan);
    const wanted = expected(scene.truth, signIns).map(({ text }) => text);
    expect(linesOf(await contentOf(plan))).toEqual(wanted);
    expect(last.number).toBeGreaterThan(2);
    expect(last).toMatchObject({ records: wanted.length, isWhole: true, notes: [] });
  });

  it('says of which log a record is when there are several', async () => {
    const plan = planOf({ request: threeLogs });
    await exportToEnd(plan);
    const lines = linesOf(await contentOf(plan));
    const wanted = expected(scene.truth, threeLogs).map(
      ({ source, text }) => `{"source":"${source}","record":${text}}`,
    );
    expect([...lines].sort()).toEqual([...wanted].sort());
  });

  it('is the same in many small parts and in a single one', async () => {
    const small = planOf({ request: threeLogs, format: 'csv' });
    const large = { ...small, id: randomUUID(), isSmall: false };
    expect((await exportToEnd(small)).number).toBeGreaterThan(5);
    expect((await exportToEnd(large)).number).toBe(1);
    expect((await contentOf(small)).equals(await contentOf(large))).toBe(true);
  });

  it('gives the same bytes whatever the ranges', async () => {
    const plan = planOf({ request: threeLogs });
    const last = await exportToEnd(plan);
    const whole = await contentOf(plan);
    const exported = openExport(plan);
    const pick = numbersOf(5);
    for (let turn = 0; turn < 100; turn += 1) {
      const from = pick(whole.length);
      const bytes = 1 + pick(turn % 2 === 0 ? 50 : whole.length);
      const read = await exported.read(last, from, bytes);
      expect(read.equals(whole.subarray(from, from + bytes)), `${from} ${bytes}`).toBe(true);
    }
  });

  it('gives the same bytes when its worker is killed at any call of the store', async () => {
    const reference = planOf();
    await exportToEnd(reference);
    const whole = await contentOf(reference);
    const folderStore = openFolder(folder);
    let kills = 0;
    for (let killAt = 1; killAt < 130; killAt += 7) {
      const counter = { calls: 0, killAt, isAfter: killAt % 2 === 0 };
      const store = killingStore(openFolder(folder), counter);
      const plan = planOf({ context: scene.context({ store }) });
      await exportToEnd(plan).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        kills += 1;
      });
      const after = { ...plan, context: scene.context({ store: folderStore }) };
      await exportToEnd(after);
      expect((await contentOf(after)).equals(whole), `killed at ${killAt}`).toBe(true);
    }
    expect(kills).toBeGreaterThan(10);
  });

  it('is stored once by two workers at the same time', async () => {
    const plan = planOf();
    const both = await Promise.all([nextPart(plan, undefined), nextPart(plan, undefined)]);
    expect(both[0]).toEqual(both[1]);
    const last = await Promise.all([exportToEnd(plan), exportToEnd(plan)]);
    expect(last[0]).toEqual(last[1]);
    const wanted = expected(scene.truth, signIns).map(({ text }) => text);
    expect(linesOf(await contentOf(plan))).toEqual(wanted);
  });

  it('puts nothing into a table that a spreadsheet would run', async () => {
    const own = new SearchScene(openFolder(await newFastFolder()));
    const dangerous = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '=cmd|"/c calc"!A1'];
    const pick = numbersOf(2);
    const records = dangerous.map((name, number) => {
      const record = randomRecord('signIns', 0, number, pick);
      const text = JSON.stringify({ ...(JSON.parse(record.text) as object), ipAddress: name });
      return { ...record, text, address: [name] };
    });
    await own.window('signIns', [0, 1], records);
    const plan = planOf({ context: own.context(), format: 'csv' });
    await exportToEnd(plan);
    const [head = [], ...rows] = csvRows((await contentOf(plan)).toString('utf8'));
    expect(head).toEqual([...csvColumns]);
    expect(rows).toHaveLength(dangerous.length);
    const cells = rows.map((row) => row[csvColumns.indexOf('address')]);
    expect(cells.sort()).toEqual(dangerous.map((name) => `'${name}`).sort());
    const stored = rows.map((row) => row[csvColumns.indexOf('record')]);
    expect(stored.sort()).toEqual(records.map(({ text }) => text).sort());
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
  });

  it('never gives a part that was changed or put in the place of another', async () => {
    const plan = planOf();
    const last = await exportToEnd(plan);
    const { prefix } = openExport(plan);
    const [one, two] = [`${prefix}0000000001.part`, `${prefix}0000000002.part`];
    const bytes = (await scene.store.read(one)) ?? Buffer.alloc(0);
    const other = (await scene.store.read(two)) ?? Buffer.alloc(0);
    await scene.store.remove(one);
    await scene.store.create(one, other);
    expect(await code(openExport(plan).read(last, 0, 10))).toBe('containerForeign');
    await scene.store.remove(one);
    bytes.writeUInt8(bytes.readUInt8(700) ^ 1, 700);
    await scene.store.create(one, bytes);
    expect(await code(openExport(plan).read(last, 0, last.bytes))).toMatch(/^container|^key/);
  });

  it.each([0, 3])(
    'says that it is not whole when a segment of hour %i is damaged',
    async (hour) => {
      const hours = await fourHours();
      const name = await hours.nameIn(hour, '.seg');
      await hours.flip(name, 1200);
      const plan = planOf({ context: hours.anew(), request: all });
      const notes: string[] = [];
      let last: PartState | undefined;
      while (last === undefined || last.position !== undefined) {
        last = await nextPart(plan, last);
        notes.push(...last.notes);
      }
      expect(last.number).toBeGreaterThan(2);
      expect(last.isWhole).toBe(false);
      expect(notes.filter((note) => note.startsWith(name)).length).toBeGreaterThan(0);
      const lines = linesOf(await contentOf(plan));
      expect(lines).toEqual(expect.arrayContaining(textsOf(hours.without(hour))));
      expect(lines.length).toBeLessThan(hours.scene.truth.length);
    },
  );

  it('is removed with all its parts once it has expired, and no other', async () => {
    const [old, young] = [planOf(), planOf()];
    await exportToEnd(old);
    await exportToEnd(young);
    const place = { store: scene.store, containers: partContainers };
    const time = { clock: systemClock, deadline: new Date(Date.now() + 60_000) };
    const isOld = async (id: string) => await Promise.resolve(id === old.id);
    const first = { clock: systemClock, deadline: new Date(0) };
    // a removal that is cut off, and goes on
    expect(await removeExpiredExports(place, scene.tenant, isOld, first)).toMatchObject({
      ...{ removed: 1, retained: 0, done: false },
    });
    const rest = await removeExpiredExports(place, scene.tenant, isOld, time);
    expect(rest).toMatchObject({ retained: 0, done: true });
    expect(rest.removed).toBeGreaterThan(1);
    expect(await openExport(old).last()).toBeUndefined();
    expect((await contentOf(young)).length).toBeGreaterThan(0);
  });
});

/** RFC 4180, as a reader that knows nothing of the writer. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/y;
  while (cell.lastIndex < text.length) {
    const [, quoted, plain = '', end] = cell.exec(text) ?? [];
    if (end === undefined) throw new Error('no table');
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}
