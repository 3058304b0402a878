// The logs of one tenant: streams, records added by hand, changes of single records; and which rows
// a query sees at a time.
import { createRandom, type Random } from '../random.ts';
import { roll } from '../seed/dice.ts';
import { AddedBlock, type NewLogRecord } from './added-block.ts';
import type { LogQuery, LogRow } from './log-row.ts';
import { type LogSettings, retentionEdge, standardLogSettings } from './log-settings.ts';
import type { LogSource } from './log-source.ts';
import { LogStream, type LogStreamPlan, type StreamBlock } from './log-stream.ts';
import type { RecordBlock } from './record-block.ts';
import type { RecordChange } from './record-overrides.ts';
import { RowCache } from './row-cache.ts';
import { ticksOfMilliseconds } from './ticks.ts';

export class LogStore {
  readonly settings: LogSettings = standardLogSettings();
  readonly streams: LogStream[] = [];
  /** Grows with every change of the log. */
  revision = 0;
  #random: Random | undefined;
  #runs = 0;
  #order = 0;
  readonly #added = new Map<LogSource, AddedBlock[]>();
  readonly #cache = new RowCache((source, from, to) => this.blocks(source, from, to));

  /** Draws that shape pages; the same seed gives the same pages. */
  get random(): Random {
    this.#random ??= createRandom(this.settings.randomSeed);
    return this.#random;
  }

  /** Number of a new run: a first page and the pages behind it. */
  nextRun(): number {
    this.#runs += 1;
    return this.#runs;
  }

  addStream(plan: LogStreamPlan): LogStream {
    const stream = new LogStream(plan, this.#order);
    const { source, seed } = stream.plan;
    if (this.streams.some((other) => other.plan.source === source && other.plan.seed === seed)) {
      throw new Error(`a stream of ${source} with this seed exists: its ids would come twice`);
    }
    this.#order += 1;
    this.streams.push(stream);
    this.revision += 1;
    return stream;
  }

  /** Adds records; returns their ids in order of time. */
  add(source: LogSource, records: readonly NewLogRecord[]): readonly string[] {
    const before = this.addedBlocks(source);
    const first = before.reduce((sum, block) => sum + block.times.length, 0);
    const block = new AddedBlock(source, records, this.#order, first);
    this.#order += 1;
    this.#added.set(source, [...before, block]);
    this.revision += 1;
    return block.times.map((_, index) => block.id(index));
  }

  change(source: LogSource, id: string, change: RecordChange): void {
    const { block, index } = this.#require(source, id);
    block.overrides.change(index, change);
    this.revision += 1;
  }

  repeat(source: LogSource, id: string, copies: number): void {
    const { block, index } = this.#require(source, id);
    block.overrides.repeat(index, copies);
    this.revision += 1;
  }

  addedBlocks(source: LogSource): readonly AddedBlock[] {
    return this.#added.get(source) ?? [];
  }

  /** All blocks of a source with records between these ticks, oldest first within a stream. */
  blocks(source: LogSource, from: number, to: number): readonly RecordBlock[] {
    const streams = this.streams.filter(({ plan }) => plan.source === source);
    return [
      ...streams.flatMap((stream): readonly StreamBlock[] => stream.blocksBetween(from, to)),
      ...this.addedBlocks(source),
    ];
  }

  /**
   * Rows the query sees at `now`, in its order. Rows older than the retention are gone; while rows
   * are unsettled, identical runs may differ.
   */
  rows(query: LogQuery, now: number, run: number): readonly LogRow[] {
    const edge = ticksOfMilliseconds(retentionEdge(this.settings, now));
    const rows = this.#cache.rows(query, this.revision, now, edge);
    return this.#withoutUnsettled(rows, now, run);
  }

  /** The newest content the log shows of this record. */
  find(sources: readonly LogSource[], id: string, now: number): LogRow | undefined {
    for (const source of sources) {
      const place = this.#find(source, id);
      const shown = place?.block.versions(place.index).findLast(({ from }) => from <= now);
      const edge = ticksOfMilliseconds(retentionEdge(this.settings, now));
      if (place !== undefined && shown !== undefined) {
        const isKept = (place.block.times[place.index] ?? 0) >= edge;
        return isKept ? { source, ...place, version: shown.number } : undefined;
      }
    }
    return undefined;
  }

  #withoutUnsettled(rows: readonly LogRow[], now: number, run: number): readonly LogRow[] {
    const { share, milliseconds } = this.settings.unsettled;
    if (share === 0) {
      return rows;
    }
    const limit = share * 4_294_967_296;
    return rows.filter(({ block, index }) => {
      const isSettled = now - (block.arrivals[index] ?? 0) >= milliseconds;
      return (
        isSettled || roll(run, block.order, Number(block.times[index]) % 4_294_967_296) >= limit
      );
    });
  }

  #require(source: LogSource, id: string): { block: RecordBlock; index: number } {
    const place = this.#find(source, id);
    if (place === undefined) {
      throw new Error(`no record ${id} in ${source}`);
    }
    return place;
  }

  #find(source: LogSource, id: string): { block: RecordBlock; index: number } | undefined {
    for (const block of this.blocks(source, -Infinity, Infinity)) {
      for (let index = 0; index < block.times.length; index += 1) {
        if (block.id(index) === id) {
          return { block, index };
        }
      }
    }
    return undefined;
  }
}
