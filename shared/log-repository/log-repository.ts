// One log repository as those see it who write and read logs: segments of an hour with their index,
// chains of manifests, digests. Which records are new and what a window means is not its matter.
import { randomBytes } from 'node:crypto';
import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import { BackupError } from '../errors/backup-error.ts';
import { appendManifest, type ChainLink, readHead, readLink } from './chain.ts';
import { type WalkOptions, walkChain } from './chain-walk.ts';
import type { Codec } from './frame-codec.ts';
import type { Term } from './index-blocks.ts';
import { openIndex } from './index-reader.ts';
import { IndexWriter } from './index-writer.ts';
import { type ChainId, parseLogName, type SegmentPlace, timePrefix } from './log-names.ts';
import type { LogStore } from './log-store.ts';
import type { ManifestContent, ManifestSegment } from './manifest.ts';
import { recordDigest, recordLine } from './record-line.ts';
import { ReplacedSegments } from './replaced-segments.ts';
import { openSegmentWriter, type SegmentWriter } from './segment-writer.ts';

export interface HourRecord {
  /** Exactly as Graph sent it. */
  readonly raw: Buffer;
  /** 7 digits after the second, UTC. */
  readonly time: string;
  readonly digest: Buffer;
  readonly terms: readonly Term[];
}

/** A segment and its index, without what the manifest says about new and changed records. */
export type StoredHour = Omit<ManifestSegment, 'new' | 'changed'>;

export interface HourWriter {
  readonly hour: string;
  add(record: HourRecord): Promise<void>;
  /** Returns when segment and index are durable and were read back. */
  close(): Promise<StoredHour>;
  /** Nothing is stored. */
  abort(): Promise<void>;
}

export interface LogRepositoryOptions {
  readonly codec?: Codec;
  readonly frameBytes?: number;
}

export class LogRepository {
  readonly store: LogStore;
  readonly #keys: KeyWrapper;
  readonly #options: LogRepositoryOptions;

  constructor(store: LogStore, keys: KeyWrapper, options: LogRepositoryOptions = {}) {
    this.store = store;
    this.#keys = keys;
    this.#options = options;
  }

  /** See readHead of chain.ts. */
  async head(chain: ChainId, hint?: number): Promise<ChainLink | undefined> {
    return await readHead(this.store, chain, hint);
  }

  /** One manifest; undefined when it is not there, which behind a checkpoint is no error. */
  async link(chain: ChainId, number: number): Promise<ChainLink | undefined> {
    try {
      return await readLink(this.store, chain, number);
    } catch (error) {
      if (error instanceof BackupError && error.code === 'logBlobMissing') return undefined;
      throw error;
    }
  }

  /** See walkChain. */
  walk(chain: ChainId, options: WalkOptions = {}): AsyncIterable<ChainLink> {
    return walkChain(this.store, chain, options);
  }

  /** See appendManifest: undefined when another writer was first. */
  async append(
    chain: ChainId,
    head: Pick<ChainLink, 'number' | 'sha256'> | undefined,
    content: ManifestContent,
  ): Promise<ChainLink | undefined> {
    const appended = await appendManifest(this.store, chain, head, content);
    return appended.outcome === 'appended' ? appended.link : undefined;
  }

  /** Opens a segment with a random id for the manifest `place.number`. */
  openHour(place: Omit<SegmentPlace, 'segmentId'>): HourWriter {
    const own = { ...place, segmentId: randomBytes(16).toString('hex') };
    const options = { place: own, keys: this.#keys, ...this.#options };
    return new OpenHour(own, openSegmentWriter(this.store, options), async (index) => {
      const stored = await index.store(this.store, options);
      return stored === 'exists' ? undefined : stored;
    });
  }

  /** Identity and content of a record: see recordDigest. */
  digestOf(id: string, raw: Buffer): Buffer {
    return recordDigest(id, recordLine(raw));
  }

  /**
   * Digests of all records of an hour that manifests up to `through` name, sorted per piece. Reads
   * the names of the hour, the manifests these lead to, and the indexes.
   */
  async *digestsOfHour(chain: ChainId, hour: string, through: number): AsyncGenerator<Buffer> {
    for await (const { index } of this.segmentsOfHour(chain, hour, through)) {
      const { name, footerSha256 } = index;
      const named = footerSha256 === undefined ? {} : { bytes: index.bytes, footerSha256 };
      const opened = await openIndex(this.store, name, this.#keys, named);
      yield* opened.digests();
    }
  }

  /** What manifests up to `through` name in this hour; a segment that none names does not exist. */
  async *segmentsOfHour(
    chain: ChainId,
    hour: string,
    through: number,
  ): AsyncGenerator<ManifestSegment> {
    const numbers = new Set<number>();
    for await (const { name } of this.store.list(timePrefix(chain, hour))) {
      const parsed = parseLogName(name);
      if (parsed?.kind === 'segment' && parsed.number <= through) numbers.add(parsed.number);
    }
    const replaced = new ReplacedSegments();
    const segments: ManifestSegment[] = [];
    for (const number of numbers) {
      const manifest = (await this.link(chain, number))?.manifest;
      if (manifest === undefined) continue;
      replaced.see(manifest);
      // those of a repair stand in the place of others
      if (manifest.kind === 'window') segments.push(...manifest.segments);
    }
    for (const segment of segments) {
      if (segment.hour === hour) yield replaced.holding(segment);
    }
  }
}

type StoreIndex = (
  index: IndexWriter,
) => Promise<{ name: string; bytes: number; sha256: string; footerSha256: string } | undefined>;

class OpenHour implements HourWriter {
  readonly hour: string;
  readonly #segment: SegmentWriter;
  readonly #index = new IndexWriter();
  readonly #storeIndex: StoreIndex;

  constructor(place: SegmentPlace, segment: SegmentWriter, storeIndex: StoreIndex) {
    this.hour = place.hour;
    this.#segment = segment;
    this.#storeIndex = storeIndex;
  }

  async add({ raw, time, digest, terms }: HourRecord): Promise<void> {
    this.#index.add(digest, await this.#segment.add(raw, time), terms);
  }

  async close(): Promise<StoredHour> {
    const stored = await this.#segment.close();
    const index = stored === 'exists' ? undefined : await this.#storeIndex(this.#index);
    if (stored === 'exists' || index === undefined) {
      // its id is random: only a broken store says so
      throw new BackupError('logReadBackFailed', `${this.#segment.name} was there already`);
    }
    const { name, bytes, sha256, footerSha256, records, hour, minTime, maxTime } = stored;
    const indexed = { name: index.name, bytes: index.bytes, sha256: index.sha256 };
    return {
      ...{ name, hour, bytes, sha256, footerSha256, records, minTime, maxTime },
      index: { ...indexed, footerSha256: index.footerSha256 },
    };
  }

  async abort(): Promise<void> {
    await this.#segment.abort();
  }
}
