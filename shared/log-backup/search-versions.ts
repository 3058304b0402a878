import type { LogSide } from '../log-repository/log-side.ts';
import type { LogSource } from '../model/log-source.ts';
import { DIGEST_BYTES, KnownDigests } from './known-digests.ts';
import { readRecord } from './log-record.ts';
import { logSourceEntries } from './log-sources.ts';
import type { SearchContext } from './search-context.ts';
import type { NamedSegment } from './search-section.ts';

const ID_BYTES = 8;

/** Where a record stands: segment in the order of the chain, then frame and line. */
export interface RecordPlace {
  readonly segment: number;
  readonly frame: number;
  readonly line: number;
}

type Place = Pick<RecordPlace, 'frame' | 'line'>;

/**
 * Which records of one hour have a newer version: the same id again further on, which only segments
 * with changed records can hold. Indexes are read when the first record asks.
 */
export class HourVersions {
  readonly #context: SearchContext;
  readonly #source: LogSource;
  readonly #segments: readonly NamedSegment[];
  readonly #digests = new Map<number, Promise<KnownDigests>>();
  readonly #last = new Map<number, Promise<ReadonlyMap<string, Place>>>();

  constructor(context: SearchContext, source: LogSource, segments: readonly NamedSegment[]) {
    this.#context = context;
    this.#source = source;
    this.#segments = segments;
  }

  /** `digest` of recordDigest. A record without an id is told from others by its content alone. */
  async isSuperseded(id: string, digest: Buffer, place: RecordPlace): Promise<boolean> {
    if (id === '') return false;
    for (let later = place.segment + 1; later < this.#segments.length; later += 1) {
      if (this.#segments[later]?.changed === 0) continue;
      if ((await this.#digestsOf(later)).hasId(digest)) return true;
    }
    if (this.#segments[place.segment]?.changed === 0) return false;
    const last = (await this.#repeatedIn(place.segment)).get(idText(digest));
    if (last === undefined) return false;
    return last.frame > place.frame || (last.frame === place.frame && last.line > place.line);
  }

  #digestsOf(place: number): Promise<KnownDigests> {
    const found = this.#digests.get(place) ?? this.#readDigests(place);
    this.#digests.set(place, found);
    return found;
  }

  /** From the index; from the segment itself when the index is defective. */
  async #readDigests(place: number): Promise<KnownDigests> {
    const { store, keys, parts } = this.#context;
    const holding = this.#segments[place]?.holding;
    if (holding === undefined) return new KnownDigests(Buffer.alloc(0));
    try {
      const named = parts.namedIndex(holding);
      const index = await parts.openIndex(store, holding.index.name, keys, named);
      const pieces: Buffer[] = [];
      for await (const piece of index.digests()) pieces.push(piece);
      return new KnownDigests(Buffer.concat(pieces));
    } catch (error) {
      if (!parts.isContainerDefect(error)) throw error;
    }
    const digests: Buffer[] = [];
    try {
      for await (const { digest } of this.#records({ store, keys }, holding)) digests.push(digest);
    } catch (error) {
      // whoever searches the segment names it
      if (!parts.isContainerDefect(error)) throw error;
    }
    return new KnownDigests(Buffer.concat(digests.sort(Buffer.compare)));
  }

  #repeatedIn(place: number): Promise<ReadonlyMap<string, Place>> {
    const found = this.#last.get(place) ?? this.#readRepeated(place);
    this.#last.set(place, found);
    return found;
  }

  /** Last places of ids that the segment has more than once; mostly none, and nothing is read. */
  async #readRepeated(place: number): Promise<ReadonlyMap<string, Place>> {
    const repeated = repeatedIds(await this.#digestsOf(place));
    const last = new Map<string, Place>();
    const holding = this.#segments[place]?.holding;
    if (repeated.size === 0 || holding === undefined) return last;
    try {
      for await (const { digest, frame, line } of this.#records(this.#context, holding)) {
        if (repeated.has(idText(digest))) last.set(idText(digest), { frame, line });
      }
    } catch (error) {
      if (!this.#context.parts.isContainerDefect(error)) throw error;
    }
    return last;
  }

  async *#records({ store, keys }: LogSide, holding: NamedSegment['holding']) {
    const { parts } = this.#context;
    const segment = await parts.openSegment(store, holding.name, keys, holding);
    let [frame, place] = [0, 0];
    for await (const record of segment.records()) {
      if (record.frame !== frame) [frame, place] = [record.frame, 0];
      const { id } = readRecord(logSourceEntries[this.#source], record.line);
      yield { digest: parts.recordDigest(id, record.line), frame, line: place };
      place += 1;
    }
  }
}

function idText(digest: Buffer): string {
  return digest.toString('latin1', 0, ID_BYTES);
}

function repeatedIds({ sorted }: KnownDigests): ReadonlySet<string> {
  const repeated = new Set<string>();
  for (let at = DIGEST_BYTES; at < sorted.length; at += DIGEST_BYTES) {
    const before = at - DIGEST_BYTES;
    const isSame = sorted.compare(sorted, before, before + ID_BYTES, at, at + ID_BYTES) === 0;
    if (isSame) repeated.add(sorted.toString('latin1', at, at + ID_BYTES));
  }
  return repeated;
}
