import type { HourWriter } from '../log-repository/log-repository.ts';
import type { ManifestSegment } from '../log-repository/manifest.ts';
import type { CollectContext } from './collect-context.ts';
import { AddedDigests, type KnownDigests } from './known-digests.ts';
import type { LogRecord } from './log-record.ts';
import { hourOfTime } from './log-time.ts';
import type { SourceMemory } from './source-memory.ts';

interface OpenHour {
  readonly writer: HourWriter;
  new: number;
  changed: number;
}

/** Records come by time, so that one hour is written while at most its neighbour is still open. */
const OPEN_HOURS = 2;

/** What one window adds: records that are not stored yet, in one or more segments per hour. */
export class WindowWriting {
  new = 0;
  changed = 0;
  readonly #context: CollectContext;
  readonly #memory: SourceMemory;
  readonly #number: number;
  readonly #open = new Map<string, OpenHour>();
  readonly #added = new Map<string, AddedDigests>();
  readonly #touched = new Set<string>();
  readonly #segments: ManifestSegment[] = [];

  constructor(context: CollectContext, memory: SourceMemory) {
    this.#context = context;
    this.#memory = memory;
    this.#number = memory.state.number + 1;
  }

  async take({ raw, id, time, terms }: LogRecord): Promise<void> {
    const hour = hourOfTime(time);
    const digest = this.#context.repository.digestOf(id, raw);
    const seen = (await this.#digests(hour)).see(digest);
    if (seen === 'known') return;
    const open = await this.#writer(hour);
    await open.writer.add({ raw, time, digest, terms });
    open[seen] += 1;
    this[seen] += 1;
  }

  /** Durable segments of everything that was taken. */
  async close(): Promise<readonly ManifestSegment[]> {
    for (const hour of this.#open.keys()) await this.#close(hour);
    return this.#segments;
  }

  async abort(): Promise<void> {
    for (const { writer } of this.#open.values()) await writer.abort();
    this.#open.clear();
  }

  /** Digests of the hours that got records, those included. */
  hours(): ReadonlyMap<string, KnownDigests> {
    return new Map(
      [...this.#added]
        .filter(([hour]) => this.#touched.has(hour))
        .map(([hour, added]) => [hour, added.merged()]),
    );
  }

  async #digests(hour: string): Promise<AddedDigests> {
    const found = this.#added.get(hour);
    if (found !== undefined) return found;
    const added = new AddedDigests(await this.#memory.digests(hour));
    this.#added.set(hour, added);
    return added;
  }

  async #writer(hour: string): Promise<OpenHour> {
    const found = this.#open.get(hour);
    if (found !== undefined) return found;
    const [oldest] = this.#open.keys();
    if (this.#open.size >= OPEN_HOURS && oldest !== undefined) await this.#close(oldest);
    const { tenant, source, repository } = this.#context;
    const writer = repository.openHour({ tenant, source, hour, number: this.#number });
    const open = { writer, new: 0, changed: 0 };
    this.#open.set(hour, open);
    this.#touched.add(hour);
    return open;
  }

  async #close(hour: string): Promise<void> {
    const open = this.#open.get(hour);
    if (open === undefined) return;
    const stored = await open.writer.close();
    this.#open.delete(hour);
    this.#segments.push({ ...stored, new: open.new, changed: open.changed });
  }
}
