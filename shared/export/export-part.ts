import type { Frame } from '../log-repository/container-writer.ts';
import type { Clock } from '../model/clock.ts';
import type { ExportPlace, PartState, StoredExport } from './stored-export.ts';

/** The next bytes of an export, in order. */
export interface ExportPage {
  readonly pieces: readonly Buffer[];
  readonly records: number;
  /** Where the page after it begins, JSON; undefined: this was the last one. */
  readonly position?: unknown;
  readonly isWhole: boolean;
  readonly notes: readonly string[];
}

/** Reads a page; undefined: the first one. About `milliseconds`, and always some way further. */
export type ReadPage = (position: unknown, milliseconds: number) => Promise<ExportPage>;

export interface PartLimits {
  /** Before compression, about. */
  readonly partBytes: number;
  readonly frameBytes: number;
}

export const defaultPartLimits: PartLimits = {
  partBytes: 64 * 1024 * 1024,
  frameBytes: 4 * 1024 * 1024,
};

/** A page is given at least this time. */
const LEAST_MS = 1000;

/**
 * Stores the next part of an export: pages until the part is full, the deadline has come or the end
 * is reached. Where parts are cut changes nothing of the bytes of the whole. Throws the errors of
 * `readPage` and of the store; then nothing is stored.
 */
export async function exportPart(
  context: { readonly place: ExportPlace; readonly clock: Clock; readonly limits: PartLimits },
  exported: StoredExport,
  before: PartState | undefined,
  readPage: ReadPage,
  deadline: Date,
): Promise<PartState> {
  const { clock, limits, place } = context;
  const state = {
    position: before?.position,
    records: before?.records ?? 0,
    isWhole: before?.isWhole ?? true,
    notes: [] as string[],
  };
  async function* pieces(): AsyncGenerator<Buffer> {
    let bytes = 0;
    do {
      const left = deadline.getTime() - clock.now().getTime();
      const page = await readPage(state.position, Math.max(left, LEAST_MS));
      yield* page.pieces;
      bytes += page.pieces.reduce((sum, { length }) => sum + length, 0);
      state.position = page.position;
      state.records += page.records;
      state.isWhole &&= page.isWhole;
      state.notes.push(...page.notes);
    } while (state.position !== undefined && bytes < limits.partBytes && clock.now() < deadline);
  }
  const frames = inFrames(place, pieces(), limits.frameBytes);
  return await exported.append(before, { frames, state: () => state });
}

async function* inFrames(
  place: ExportPlace,
  pieces: AsyncIterable<Buffer>,
  frameBytes: number,
): AsyncGenerator<Frame> {
  const block = new PieceBlock();
  for await (const piece of pieces) {
    block.add(piece);
    if (block.bytes >= frameBytes) yield await frameOf(place, block.take());
  }
  if (block.bytes > 0) yield await frameOf(place, block.take());
}

async function frameOf({ containers }: ExportPlace, raw: Buffer): Promise<Frame> {
  return { compressed: await containers.compress(raw, 'zstd'), raw: raw.length, records: 0 };
}

class PieceBlock {
  bytes = 0;
  #pieces: Buffer[] = [];

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.bytes += piece.length;
  }

  take(): Buffer {
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.bytes = 0;
    return whole;
  }
}
