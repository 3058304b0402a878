// Writes records into the frames of one segment while the store uploads it. A segment holds records
// of one hour; what is new and which hour it is was decided before.
import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import { BackupError } from '../errors/backup-error.ts';
import { MAX_FRAME_BYTES } from './container-footer.ts';
import { type Frame, type StoredContainer, storeContainer } from './container-writer.ts';
import { type Codec, compress } from './frame-codec.ts';
import { FrameQueue } from './frame-queue.ts';
import { LineBlock } from './line-block.ts';
import { type SegmentPlace, segmentName } from './log-names.ts';
import type { LogStore } from './log-store.ts';
import { recordLine } from './record-line.ts';

export interface SegmentWriterOptions {
  readonly place: SegmentPlace;
  readonly keys: KeyWrapper;
  readonly codec?: Codec;
  /** Raw bytes of a frame, about; 4 MiB by default. */
  readonly frameBytes?: number;
}

export interface StoredSegment extends StoredContainer {
  readonly hour: string;
  readonly records: number;
  readonly minTime: string;
  readonly maxTime: string;
}

export interface SegmentWriter {
  readonly name: string;
  /** Records added so far. */
  readonly records: number;
  /**
   * Adds the raw bytes of one record; `time` as Graph wrote it, UTC. Answers the number of the frame
   * that holds it, for the index. Waits while the store is behind; throws what made the store stop.
   */
  add(raw: Uint8Array, time: string): Promise<number>;
  /** Returns when the segment is durable. At least one record was added. */
  close(): Promise<StoredSegment | 'exists'>;
  /** Stops the upload; nothing is stored. */
  abort(): Promise<void>;
}

export const FRAME_BYTES = 4 * 1024 * 1024;
const WAITING_FRAMES = 2;

/** Opens a segment: holds one raw frame and at most two compressed ones beside the store's own. */
export function openSegmentWriter(store: LogStore, options: SegmentWriterOptions): SegmentWriter {
  return new OpenSegment(store, options);
}

class OpenSegment implements SegmentWriter {
  readonly name: string;
  records = 0;
  readonly #hour: string;
  readonly #codec: Codec;
  readonly #frameBytes: number;
  readonly #queue = new FrameQueue<Frame>(WAITING_FRAMES);
  readonly #stored: Promise<StoredContainer | 'exists'>;
  #block: LineBlock;
  #frame = 0;
  #minTime = '';
  #maxTime = '';

  constructor(store: LogStore, options: SegmentWriterOptions) {
    const { place, keys, codec = 'zstd', frameBytes = FRAME_BYTES } = options;
    const { tenant, source, segmentId } = place;
    this.name = segmentName(place);
    this.#hour = place.hour;
    this.#codec = codec;
    this.#frameBytes = frameBytes;
    this.#block = new LineBlock(frameBytes);
    const identity = { tenant, source, segmentId, content: 'segment' };
    this.#stored = storeContainer(store, this.name, { identity, keys, codec }, this.#queue);
    // a store that gave up is heard by the next add or close
    this.#stored.catch((reason: unknown) => this.#queue.fail(reason));
  }

  async add(raw: Uint8Array, time: string): Promise<number> {
    if (!time.startsWith(this.#hour)) throw this.#wrong('a record belongs to another hour');
    if (raw.length === 0 || raw.length >= MAX_FRAME_BYTES) {
      throw this.#wrong(`a record of ${raw.length} bytes is out of bounds`);
    }
    const isFull = this.#block.bytes + raw.length + 1 > this.#frameBytes;
    if (isFull && this.#block.records > 0) await this.#flush();
    this.#block.add(recordLine(raw), time);
    this.records += 1;
    return this.#frame;
  }

  async close(): Promise<StoredSegment | 'exists'> {
    if (this.records === 0) throw this.#wrong('it has no record');
    if (this.#block.records > 0) await this.#flush();
    this.#queue.end();
    const stored = await this.#stored;
    if (stored === 'exists') return stored;
    const { records } = this;
    return {
      ...stored,
      ...{ records, hour: this.#hour, minTime: this.#minTime, maxTime: this.#maxTime },
    };
  }

  async abort(): Promise<void> {
    const reason = new BackupError('invalidState', `${this.name} was given up`);
    this.#queue.fail(reason);
    await this.#stored.catch((error: unknown) => {
      if (error !== reason) throw error;
    });
  }

  async #flush(): Promise<void> {
    const { minTime, maxTime, records } = this.#block;
    const raw = this.#block.content();
    this.#block = new LineBlock(this.#frameBytes);
    this.#frame += 1;
    if (this.#minTime === '' || minTime < this.#minTime) this.#minTime = minTime;
    if (maxTime > this.#maxTime) this.#maxTime = maxTime;
    const compressed = await compress(raw, this.#codec);
    await this.#queue.push({ compressed, raw: raw.length, records, minTime, maxTime });
  }

  #wrong(what: string): BackupError {
    return new BackupError('invalidState', `${this.name} cannot be written: ${what}`);
  }
}
