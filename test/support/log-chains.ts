import { randomUUID } from 'node:crypto';
import { appendManifest, type ChainLink, readHead } from '../../shared/log-repository/chain.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import { IndexWriter } from '../../shared/log-repository/index-writer.ts';
import type { LogSide } from '../../shared/log-repository/log-side.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import type { ManifestContent, ManifestSegment } from '../../shared/log-repository/manifest.ts';
import { recordDigest } from '../../shared/log-repository/record-line.ts';
import { openSegment } from '../../shared/log-repository/segment-reader.ts';
import { openSegmentWriter } from '../../shared/log-repository/segment-writer.ts';
import type { Clock } from '../../shared/model/clock.ts';
import { newKey, newPlace, signIn, tenantA } from './log-fixtures.ts';

export const chain = { tenant: tenantA, source: 'signIns' };
const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** The first hour of made chains. */
export const START = Date.parse('2026-03-04T05:00:00Z');

export class SetClock implements Clock {
  time: number;

  constructor(time: number) {
    this.time = time;
  }

  now(): Date {
    return new Date(this.time);
  }

  async sleep(milliseconds: number): Promise<void> {
    this.time += milliseconds;
    await Promise.resolve();
  }
}

export function newSide(store: LogStore): LogSide {
  return { store, keys: newKey() };
}

/** The n-th window: an hour of `records` records, in frames of three, with its index. */
export async function appendHour(
  side: LogSide,
  hourNumber: number,
  records = 7,
): Promise<ChainLink> {
  const head = await readHead(side.store, chain);
  const number = (head?.number ?? 0) + 1;
  const hour = new Date(START + hourNumber * HOUR).toISOString().slice(0, 13);
  const segments = records === 0 ? [] : [await writeHour(side, hour, number, records)];
  const end = new Date(START + (hourNumber + 1) * HOUR).toISOString();
  const counts = { read: records, new: records, changed: 0 };
  const window = { from: `${hour}:00:00.0000000Z`, to: end, sweep: 0, requests: 1, ...counts };
  const writer = randomUUID();
  return await append(side, head, {
    ...{ kind: 'window', createdDateTime: end, writer, window, segments },
  });
}

async function append(
  side: LogSide,
  head: ChainLink | undefined,
  content: ManifestContent,
): Promise<ChainLink> {
  const appended = await appendManifest(side.store, chain, head, content);
  if (appended.outcome === 'lost') throw new Error('another writer has the number');
  return appended.link;
}

async function writeHour(
  { store, keys }: LogSide,
  hour: string,
  number: number,
  records: number,
): Promise<ManifestSegment> {
  const place = newPlace({ hour, number });
  const writer = openSegmentWriter(store, { place, keys, frameBytes: 1000 });
  const index = new IndexWriter();
  for (let each = 0; each < records; each++) {
    const minute = String(Math.floor(each / 60) % 60).padStart(2, '0');
    const time = `${hour}:${minute}:${String(each % 60).padStart(2, '0')}.0000000Z`;
    const record = JSON.parse(signIn(number * 100_000 + each, 300).toString()) as { id: string };
    // one in an hour comes without an id: the collector keeps it under an empty one
    const id = each === 1 ? '' : record.id;
    const own = id === '' ? { ...record, id: undefined } : record;
    const line = Buffer.from(JSON.stringify({ ...own, createdDateTime: time }));
    const frame = await writer.add(line, time);
    const terms = [{ kind: 'actor' as const, value: `user${each}@contoso.example` }];
    index.add(recordDigest(id, line), frame, terms);
  }
  const segment = await writer.close();
  const stored = await index.store(store, { place, keys });
  if (segment === 'exists' || stored === 'exists') throw new Error('the name is taken');
  const { name, bytes, sha256, footerSha256, minTime, maxTime } = segment;
  return {
    ...{ name, hour, bytes, sha256, footerSha256, records, new: records, changed: 0 },
    ...{ minTime, maxTime },
    index: {
      ...{ name: stored.name, bytes: stored.bytes, sha256: stored.sha256 },
      footerSha256: stored.footerSha256,
    },
  };
}

/** Records by manifest number, from segments that hold. */
export async function recordsOf(side: LogSide): Promise<string[]> {
  const links: ChainLink[] = [];
  const replaced = copyParts.replacedSegments();
  for await (const link of copyParts.walkChain(side.store, chain)) {
    links.push(link);
    replaced.see(link.manifest);
  }
  const lines: string[] = [];
  for (const { manifest } of links) {
    if (manifest.kind === 'repair') continue;
    for (const named of manifest.segments) {
      const holding = replaced.holding(named);
      const segment = await openSegment(side.store, holding.name, side.keys, holding);
      for await (const { line } of segment.records()) lines.push(line.toString());
    }
  }
  return lines;
}

export class Killed extends Error {}

/**
 * A store whose n-th call ends the process: before anything happened, or after it was done. Reads
 * of streams and lists count once.
 */
export function killingStore(
  store: LogStore,
  counter: { calls: number; killAt: number; isAfter: boolean },
): LogStore {
  const step = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    counter.calls += 1;
    const isNow = counter.calls === counter.killAt;
    if (isNow && !counter.isAfter) throw new Killed();
    const result = await act();
    if (isNow) throw new Killed();
    return result;
  };
  return {
    description: store.description,
    create: async (name, content) => await step(async () => await store.create(name, content)),
    read: async (name, range) => await step(async () => await store.read(name, range)),
    head: async (name) => await step(async () => await store.head(name)),
    remove: async (name) => await step(async () => await store.remove(name)),
    check: async () => await store.check(),
    readStream: (name) => store.readStream(name),
    list: (prefix, options) => store.list(prefix, options),
  };
}
