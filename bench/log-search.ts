/**
 * One person in one day among 10,000,000 sign-ins of 30 days, in a folder, written by the segment
 * writer. The yardstick beside it reads and decompresses that day without an index.
 * `BENCH_LOG_RECORDS`: another number of records; the folder needs about 280 bytes for each.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLocalKey } from '../shared/encryption/local-key.ts';
import { readRecord } from '../shared/log-backup/log-record.ts';
import { logSourceEntries } from '../shared/log-backup/log-sources.ts';
import type { SearchContext, SearchRequest } from '../shared/log-backup/search-context.ts';
import { searchLogs } from '../shared/log-backup/search-logs.ts';
import type { ChainLink } from '../shared/log-repository/chain.ts';
import { LogRepository } from '../shared/log-repository/log-repository.ts';
import type { LogStore } from '../shared/log-repository/log-store.ts';
import { openLogStore } from '../shared/log-repository/open-log-store.ts';
import { searchParts } from '../shared/log-repository/search-parts.ts';
import { openSegment } from '../shared/log-repository/segment-reader.ts';
import { systemClock } from '../shared/model/clock.ts';
import { Secret } from '../shared/settings/secret.ts';
import { hold, median, printMachine, round, seconds } from './support/figures.ts';
import { signInMaker } from './support/sign-in-maker.ts';

const records = Number(process.env['BENCH_LOG_RECORDS'] ?? 10_000_000);
const [days, hoursOfDay, HOUR] = [30, 24, 3_600_000];
const perHour = Math.round(records / days / hoursOfDay);
/** Each signs in about 33 times a day at full size. */
const people = Math.max(50, Math.round(records / 1000));
const start = Date.UTC(2026, 4, 1);
const chain = { tenant: 'c0117050-0000-4000-8000-000000000003', source: 'signIns' } as const;
const keys = createLocalKey(randomBytes(32));

const folder = await mkdtemp(path.join(tmpdir(), 'log-search-bench-'));
const openFolder = (): LogStore => openLogStore(new Secret(pathToFileURL(folder).href));

/** One window of an hour, newest record first as Graph lists them. */
async function writeHour(
  repository: LogRepository,
  head: ChainLink | undefined,
  hour: number,
): Promise<ChainLink> {
  const [from, to] = [start + hour * HOUR, start + (hour + 1) * HOUR];
  const name = new Date(from).toISOString().slice(0, 13);
  const number = (head?.number ?? 0) + 1;
  const writer = repository.openHour({ ...chain, hour: name, number });
  const entry = logSourceEntries.signIns;
  for (let each = perHour - 1; each >= 0; each -= 1) {
    const raw = makeSignIn(from + (each * HOUR) / perHour, hour * perHour + each);
    const { id, time, terms } = readRecord(entry, raw);
    await writer.add({ raw, time, terms, digest: repository.digestOf(id, raw) });
  }
  const stored = await writer.close();
  const times = { from: timeText(from), to: timeText(to) };
  const counts = { read: perHour, new: perHour, changed: 0, requests: Math.ceil(perHour / 1000) };
  const link = await repository.append(chain, head, {
    ...{ kind: 'window', writer: 'bench', createdDateTime: new Date(to + 300_000).toISOString() },
    ...{ window: { ...times, sweep: 0, ...counts } },
    segments: [{ ...stored, new: perHour, changed: 0 }],
  });
  if (link === undefined) throw new Error('another writer was first');
  return link;
}

const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 23)}0000Z`;
const makeSignIn = signInMaker(people);

interface Read {
  bytes: number;
  calls: number;
}

/** A store that has read nothing yet and counts what it reads. */
function countingStore(read: Read): LogStore {
  const store = openFolder();
  return {
    description: store.description,
    create: async (name, content) => await store.create(name, content),
    read: async (name, range) => {
      const found = await store.read(name, range);
      read.bytes += found?.length ?? 0;
      read.calls += 1;
      return found;
    },
    readStream: (name) => store.readStream(name),
    head: async (name) => await store.head(name),
    list: (prefix, options) => store.list(prefix, options),
    remove: async (name) => await store.remove(name),
    check: async () => await store.check(),
  };
}

async function searchDay(store: LogStore, request: SearchRequest): Promise<number> {
  const context: SearchContext = {
    ...{ tenant: chain.tenant, store, keys, parts: searchParts, clock: systemClock },
  };
  const limits = { records: 1000, bytes: 64 * 2 ** 20, softMs: 60_000, hardMs: 120_000 };
  const answer = await searchLogs(context, request, limits);
  if (!answer.complete) throw new Error(`the answer is not complete: ${answer.defects.length}`);
  return answer.records.length;
}

/** Every segment of the day decompressed and looked through for the text. */
async function plainScan(store: LogStore, day: string, text: string): Promise<number> {
  let found = 0;
  const prefix = `${chain.tenant}/${chain.source}/${day.replaceAll('-', '/')}/`;
  for await (const { name } of store.list(prefix)) {
    if (!name.endsWith('.seg')) continue;
    const segment = await openSegment(store, name, keys);
    for await (const { line } of segment.records()) if (line.includes(text)) found += 1;
  }
  return found;
}

printMachine();
try {
  const repository = new LogRepository(openFolder(), keys);
  let head: ChainLink | undefined;
  const writing = await seconds(async () => {
    for (let hour = 0; hour < days * hoursOfDay; hour += 1) {
      head = await writeHour(repository, head, hour);
    }
  });
  const stored = { all: 0, day: 0 };
  const day = timeText(start + 12 * 24 * HOUR).slice(0, 10);
  for await (const { name, bytes } of openFolder().list('')) {
    stored.all += bytes;
    if (name.includes(`/${day.replaceAll('-', '/')}/`)) stored.day += bytes;
  }
  const figures: { seconds: number; read: Read; found: number }[] = [];
  const person = (turn: number): string =>
    `user${String(turn * 7 + 3).padStart(6, '0')}@contoso.example`;
  for (let turn = 0; turn < 5; turn += 1) {
    const request: SearchRequest = {
      sources: ['signIns'],
      from: timeText(start + 12 * 24 * HOUR),
      to: timeText(start + 13 * 24 * HOUR),
      filters: { actor: person(turn) },
      versions: 'newest',
    };
    const read = { bytes: 0, calls: 0 };
    const store = countingStore(read);
    let found = 0;
    const time = await seconds(async () => {
      found = await searchDay(store, request);
    });
    figures.push({ seconds: time, read, found });
  }
  let scanned = 0;
  const scanning = await seconds(async () => {
    scanned = await plainScan(openFolder(), day, person(0));
  });
  if (scanned !== figures[0]?.found) throw new Error(`${scanned} are there, not what was found`);
  const slowest = Math.max(...figures.map((each) => each.seconds));
  const bytes = Math.max(...figures.map(({ read }) => read.bytes));
  console.table([
    {
      records: perHour * days * hoursOfDay,
      'seconds to write': round(writing, 0),
      'MiB stored': round(stored.all / 2 ** 20, 0),
      'found per person': median(figures.map(({ found }) => found)),
      'seconds of a search': round(median(figures.map((each) => each.seconds)), 3),
      slowest: round(slowest, 3),
      reads: median(figures.map(({ read }) => read.calls)),
      'MiB read': round(bytes / 2 ** 20, 1),
      '% of all': round((100 * bytes) / stored.all, 2),
      '% of the day': round((100 * bytes) / stored.day, 1),
      'seconds of a scan of the day': round(scanning, 2),
      'MiB peak': round(process.resourceUsage().maxRSS / 1024, 0),
    },
  ]);
  hold('seconds of a search < 2', slowest, slowest < 2);
  hold('% of the stored bytes read < 5', (100 * bytes) / stored.all, bytes < 0.05 * stored.all);
} finally {
  await rm(folder, { recursive: true, force: true });
}
