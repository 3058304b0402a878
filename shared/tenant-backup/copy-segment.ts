import { randomBytes } from 'node:crypto';
import { BackupError } from '../errors/backup-error.ts';
import type { SegmentWriter } from '../log-repository/segment-writer.ts';
import type { CopySection } from '../repository/copied-rows.ts';
import { type CopyContext, copyChain } from './copy-context.ts';
import type { CopyProgress } from './copy-plan.ts';

const FIRST_ROWS = 200;
const MOST_ROWS = 5_000;

/**
 * Copies rows into one segment until it is large enough or the time is over, at least one row. When
 * it returns the segment is stored and read back; the progress says where the next one begins.
 */
export async function writeNextSegment(
  context: CopyContext,
  progress: CopyProgress,
  deadline: Date,
): Promise<CopyProgress> {
  const { store, keys, chain, clock, tenant } = context;
  const time = clock.now().toISOString();
  const segmentId = randomBytes(16).toString('hex');
  const place = { ...copyChain(tenant.tenantId), number: progress.number, segmentId };
  const hour = time.slice(0, 'yyyy-mm-ddThh'.length);
  const writer = chain.openSegmentWriter(store, { place: { ...place, hour }, keys });
  let stored: Awaited<ReturnType<SegmentWriter['close']>>;
  const filling = new Filling(context, progress, writer, time);
  try {
    await context.reached('segmentOpened');
    await filling.fill(deadline);
    stored = await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  if (stored === 'exists') {
    throw new BackupError('invalidState', `${writer.name} was there before it was written`);
  }
  const { name, bytes, sha256, footerSha256, records } = stored;
  const segments = [...progress.segments, { name, bytes, sha256, footerSha256, records }];
  return { ...filling.progress(), segments };
}

/** One segment being filled. */
class Filling {
  readonly #context: CopyContext;
  readonly #writer: SegmentWriter;
  readonly #time: string;
  readonly #lines: Record<string, number>;
  #progress: CopyProgress;
  #rows = FIRST_ROWS;
  #bytes = 0;

  constructor(context: CopyContext, progress: CopyProgress, writer: SegmentWriter, time: string) {
    this.#context = context;
    this.#progress = progress;
    this.#writer = writer;
    this.#time = time;
    this.#lines = { ...progress.lines };
  }

  progress(): CopyProgress {
    return { ...this.#progress, lines: this.#lines };
  }

  async fill(deadline: Date): Promise<void> {
    const { clock, limits, reached } = this.#context;
    for (;;) {
      const { section } = this.#progress;
      if (section === 'end') return;
      const isOver = this.#bytes >= limits.segmentBytes || clock.now() >= deadline;
      if (isOver && this.#writer.records > 0) return;
      await this.#page(section);
      await reached('pageWritten');
    }
  }

  async #page(section: CopySection): Promise<void> {
    const { database, tables, tenant } = this.#context;
    const { after, through, copiedMaxKey: maxKey, place, hasState } = this.#progress;
    const isLeftOut = !hasState && (section === 'mark' || section === 'identity');
    const limit = this.#rows;
    const page = isLeftOut
      ? { rows: [], last: undefined }
      : await database.withTenant(tenant.tenantNo, (tx) =>
          tables.copiedRows.copiedPage(tx, section, { after, through, maxKey }, place, limit),
        );
    const bytes = await this.#add(section, page.rows);
    const isLast = page.rows.length < limit || page.last === undefined;
    const { place: _, ...rest } = this.#progress;
    this.#progress = isLast
      ? { ...rest, section: this.#after(section) }
      : { ...rest, place: page.last };
    this.#rows = isLast ? FIRST_ROWS : this.#nextRows(bytes / page.rows.length);
  }

  #after(section: CopySection): CopyProgress['section'] {
    const { copySections } = this.#context.tables.copiedRows;
    return copySections[copySections.indexOf(section) + 1] ?? 'end';
  }

  async #add(section: CopySection, rows: readonly (object | string)[]): Promise<number> {
    const before = this.#bytes;
    for (const row of rows) {
      const text = typeof row === 'string' ? row : JSON.stringify(row);
      const line = Buffer.from(`{"line":"${section}","row":${text}}`);
      await this.#writer.add(line, this.#time);
      this.#bytes += line.length;
    }
    if (rows.length > 0) this.#lines[section] = (this.#lines[section] ?? 0) + rows.length;
    return this.#bytes - before;
  }

  /** So many rows of that size as may be held at once; bodies differ a thousandfold in size. */
  #nextRows(rowBytes: number): number {
    const wanted = Math.floor(this.#context.limits.pageBytes / Math.max(1, rowBytes));
    return Math.max(1, Math.min(MOST_ROWS, 2 * this.#rows, wanted));
  }
}
