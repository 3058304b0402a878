// Restores whole segments of logs to a container outside: verified, decrypted, as plain NDJSON that any
// tool reads (several zstd frames in one file, many do not), beside what was measured of each. Nothing
// there is ever overwritten, and what was written says where to go on.
import { createHash, type Hash } from 'node:crypto';
import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { LogStore } from '../log-repository/log-store.ts';
import type { Segment } from '../log-repository/segment-reader.ts';
import {
  type LogRestorePlan,
  type LogRestoreRequest,
  planLogRestore,
  type RestoredSegment,
} from './restore-plan.ts';
import type { SearchContext } from './search-context.ts';

export interface LogRestoreContext extends SearchContext {
  readonly target: LogStore;
  /** Id of the operation: everything is written below it. */
  readonly folder: string;
}

export interface LogRestoreProgress {
  readonly done: boolean;
  readonly segments: number;
  readonly total: number;
  /** Segments that could not be restored, and what else the range should hold. */
  readonly missing: readonly { readonly name: string; readonly code: string }[];
}

/** What is stored beside each restored segment, and together in `manifest.json`. */
interface Restored {
  readonly segment: string;
  readonly hour: string;
  /** Absent when the segment is defective: then `code` says how. */
  readonly file?: string;
  readonly records?: number;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly code?: string;
}

const LINE_FEED = 0x0a;

/** Restores for a slice of time, at least one segment; may be killed anywhere and called again. */
export async function restoreLogsSlice(
  context: LogRestoreContext,
  request: LogRestoreRequest,
  deadline: Date,
): Promise<LogRestoreProgress> {
  const plan = await storedPlan(context, request);
  const there = new Set<string>();
  for await (const { name } of context.target.list(`${context.folder}/`)) there.add(name);
  const restored: Restored[] = [];
  for (const [place, segment] of plan.segments.entries()) {
    const known = there.has(noteName(context, segment));
    restored.push(known ? await readNote(context, segment) : await restore(context, segment));
    const isLast = place === plan.segments.length - 1;
    if (!known && !isLast && context.clock.now() >= deadline) return progressOf(plan, restored);
  }
  await createJson(context, 'manifest.json', {
    ...{ version: 1, tenant: context.tenant, operation: context.folder },
    ...{ repository: context.store.description, files: restored, missing: plan.missing },
  });
  return { ...progressOf(plan, restored), done: true };
}

function progressOf(plan: LogRestorePlan, restored: readonly Restored[]): LogRestoreProgress {
  const defects = restored.flatMap(({ segment: name, code }) =>
    code === undefined ? [] : [{ name, code }],
  );
  return {
    ...{ done: false, segments: restored.length, total: plan.segments.length },
    missing: [...plan.missing, ...defects],
  };
}

/** Made once: segments that are added while it runs are of the next restore. */
async function storedPlan(
  context: LogRestoreContext,
  request: LogRestoreRequest,
): Promise<LogRestorePlan> {
  const name = `${context.folder}/plan.json`;
  const known = await context.target.read(name);
  if (known !== undefined) return JSON.parse(known.toString('utf8')) as LogRestorePlan;
  await createJson(context, 'plan.json', await planLogRestore(context, request));
  return await storedPlan(context, request);
}

async function restore(context: LogRestoreContext, named: RestoredSegment): Promise<Restored> {
  const { name: segment, hour } = named;
  try {
    const written = await writeSegment(context, named);
    await context.target.create(noteName(context, named), textOf(written));
    return written;
  } catch (error) {
    if (!isBackupError(error) || !context.parts.isContainerDefect(error)) throw error;
    const defect = { segment, hour, code: error.code };
    await context.target.create(noteName(context, named), textOf(defect));
    return defect;
  }
}

async function writeSegment(
  { store, keys, parts, target, folder }: LogRestoreContext,
  named: RestoredSegment,
): Promise<Restored> {
  const { held, records, hour, name } = named;
  const segment = await parts.openSegment(store, held, keys, named);
  const file = `${folder}/${name.replace(/seg$/, 'ndjson')}`;
  const measured = new Measured();
  if ((await target.create(file, content(segment, measured))) === 'exists') {
    await compare(target, file, segment, measured);
  }
  if (measured.records !== records) {
    throw new BackupError('containerDamaged', `${held} has another count than its manifest says`, {
      details: { name: held, part: 'records' },
    });
  }
  return { segment: name, hour, file, records, ...measured.figures() };
}

/** The lines of a segment frame by frame, each checked before it goes out. */
async function* content(segment: Segment, measured: Measured): AsyncGenerator<Buffer> {
  measured.reset();
  for await (const { number, compressed } of segment.frames()) {
    const raw = await segment.decompress(number, compressed);
    const lines = countLines(raw);
    if (lines !== segment.footer.frames[number]?.records) {
      throw new BackupError(
        'containerDamaged',
        `frame ${number} of ${segment.name} has another count`,
        {
          details: { name: segment.name, part: 'frame', frame: number },
        },
      );
    }
    measured.see(raw, lines);
    yield raw;
  }
}

/** A slice that was killed may have written it; anything else under this name stays as it is. */
async function compare(
  target: LogStore,
  file: string,
  segment: Segment,
  measured: Measured,
): Promise<void> {
  for await (const _ of content(segment, measured)) {
    // measured on the way
  }
  const there = createHash('sha256');
  for await (const piece of target.readStream(file)) there.update(piece);
  if (there.digest('hex') === measured.figures().sha256) return;
  throw new BackupError('invalidState', `${file} is there already and holds something else`, {
    details: { name: file },
  });
}

class Measured {
  records = 0;
  #bytes = 0;
  #sha256: Hash = createHash('sha256');

  reset(): void {
    [this.records, this.#bytes] = [0, 0];
    this.#sha256 = createHash('sha256');
  }

  see(raw: Buffer, records: number): void {
    this.records += records;
    this.#bytes += raw.length;
    this.#sha256.update(raw);
  }

  figures(): { bytes: number; sha256: string } {
    return { bytes: this.#bytes, sha256: this.#sha256.copy().digest('hex') };
  }
}

function noteName({ folder }: LogRestoreContext, { name }: RestoredSegment): string {
  return `${folder}/${name}.json`;
}

async function readNote(context: LogRestoreContext, named: RestoredSegment): Promise<Restored> {
  const bytes = await context.target.read(noteName(context, named));
  return JSON.parse(bytes?.toString('utf8') ?? '{}') as Restored;
}

async function createJson(context: LogRestoreContext, file: string, value: object): Promise<void> {
  await context.target.create(`${context.folder}/${file}`, textOf(value));
}

function textOf(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}

function countLines(raw: Buffer): number {
  let lines = 0;
  for (let at = raw.indexOf(LINE_FEED); at >= 0; at = raw.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}
