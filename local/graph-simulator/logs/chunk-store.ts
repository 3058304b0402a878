// Prepared pages of streams for benchmarks: runs of a hundred records, rendered and compressed once
// and kept in a file. A page is put together from them; only its ends are compressed anew.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeflatedPart, deflatePart } from './gzip-parts.ts';
import { type LogRow, rowText } from './log-row.ts';
import { type LogVariant, variantKey } from './log-source.ts';
import { StreamBlock } from './log-stream.ts';

export const chunkRows = 100;

type Place = {
  readonly at: number;
  readonly bytes: number;
  readonly length: number;
  readonly crc: number;
};

export type PreparedPages = {
  readonly records: number;
  /** Of the texts, before compression. */
  readonly bytes: number;
  /** On disk. */
  readonly compressedBytes: number;
};

export class ChunkStore {
  readonly #folder: string;
  readonly #file: number;
  readonly #places = new Map<string, Place>();
  #end = 0;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'graph-simulator-pages-'));
    this.#file = openSync(join(this.#folder, 'chunks'), 'w+');
  }

  /** Renders and compresses every record of the block; it must have one content per record. */
  prepare(row: Pick<LogRow, 'source'>, block: StreamBlock, variant: LogVariant): PreparedPages {
    let bytes = 0;
    const start = this.#end;
    for (let first = 0; first < block.count; first += chunkRows) {
      const rows = rowsOf(row.source, block, first);
      const part = deflatePart(rows.map((one) => rowText(one, variant)).join(','));
      writeSync(this.#file, part.bytes, 0, part.bytes.length, this.#end);
      const { length, crc } = part;
      const place = { at: this.#end, bytes: part.bytes.length, length, crc };
      this.#places.set(keyOf(block, first, variant), place);
      this.#end += part.bytes.length;
      bytes += length;
    }
    return { records: block.count, bytes, compressedBytes: this.#end - start };
  }

  /**
   * The rows from `at` on when they are one whole prepared run, newest first; else undefined.
   * The part holds them joined by commas.
   */
  take(rows: readonly LogRow[], at: number, variant: LogVariant): TakenChunk | undefined {
    const first = rows[at];
    if (first === undefined || !(first.block instanceof StreamBlock) || !first.block.isPlain) {
      return undefined;
    }
    const { block, index } = first;
    const start = Math.floor(index / chunkRows) * chunkRows;
    const isEnd = index === Math.min(start + chunkRows, block.count) - 1;
    const last = rows[at + index - start];
    const isWhole = isEnd && last?.block === block && last.index === start;
    const place = isWhole ? this.#places.get(keyOf(block, start, variant)) : undefined;
    return place === undefined ? undefined : { part: this.#read(place), rows: index - start + 1 };
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #read({ at, bytes, length, crc }: Place): DeflatedPart {
    const buffer = Buffer.allocUnsafe(bytes);
    if (readSync(this.#file, buffer, 0, bytes, at) !== bytes) {
      throw new Error('the file of prepared pages is too short');
    }
    return { bytes: buffer, length, crc };
  }
}

export type TakenChunk = { readonly part: DeflatedPart; readonly rows: number };

function keyOf({ order, hour }: StreamBlock, first: number, variant: LogVariant): string {
  return `${order} ${hour} ${first} ${variantKey(variant)}`;
}

function rowsOf(source: LogRow['source'], block: StreamBlock, first: number): readonly LogRow[] {
  const rows: LogRow[] = [];
  for (let index = Math.min(first + chunkRows, block.count) - 1; index >= first; index -= 1) {
    rows.push({ source, block, index, version: 0 });
  }
  return rows;
}
