import type { BackupError } from '../errors/backup-error.ts';
import type { ManifestContent } from '../log-repository/manifest.ts';
import { type CollectContext, reach } from './collect-context.ts';
import type { Interval } from './intervals.ts';
import type { LogSourceEntry } from './log-sources.ts';
import { type LogTime, laterTime } from './log-time.ts';
import { readWindow, type WindowRead } from './read-window.ts';
import type { SourceMemory } from './source-memory.ts';
import { WindowWriting } from './window-writing.ts';

export interface WindowCounts {
  readonly read: number;
  readonly new: number;
  readonly changed: number;
  readonly requests: number;
}

export type WindowOutcome =
  | ({
      readonly kind: 'stored';
      readonly covered: Interval;
      readonly stopped?: BackupError | 'budget';
    } & WindowCounts)
  /** Nothing of it counts as read. */
  | {
      readonly kind: 'failed';
      readonly stopped: BackupError | 'budget' | 'expired';
      readonly requests: number;
    }
  /** Another writer was first: what was built is void. */
  | { readonly kind: 'lost'; readonly requests: number };

export interface WindowTask {
  readonly window: Interval & { readonly sweep: number };
  readonly entry: LogSourceEntry;
  readonly deadline: Date;
  /** The edge of what can be read, now. */
  readonly edge: () => LogTime;
}

/**
 * Reads one window and stores what is new in it: segments and indexes, read back; the manifest that
 * makes them exist; then what is remembered. May be ended anywhere: without the manifest nothing has
 * happened, and with it everything else can be folded from there.
 */
export async function collectWindow(
  context: CollectContext,
  memory: SourceMemory,
  task: WindowTask,
): Promise<WindowOutcome> {
  const { window, entry, deadline } = task;
  const head = memory.state;
  const writing = new WindowWriting(context, memory);
  try {
    const result = await readWindow(context, entry, window, deadline, (record) =>
      writing.take(record),
    );
    await reach(context, 'window.read');
    const isFirst = head.begin === undefined;
    const covered = stillThere(result, window, task.edge(), isFirst);
    const { requests } = context.graph.statistics.take();
    if (covered === undefined) {
      await writing.abort();
      return { kind: 'failed', stopped: result.stopped ?? 'expired', requests };
    }
    const counts = { read: result.read, requests, new: writing.new, changed: writing.changed };
    const content: ManifestContent = {
      kind: 'window',
      createdDateTime: context.clock.now().toISOString(),
      writer: context.writer,
      window: { ...covered, sweep: window.sweep, ...counts },
      segments: [...(await writing.close())],
    };
    await reach(context, 'segments.stored');
    if (!(await remember(context, memory, head, content, writing)))
      return { kind: 'lost', requests };
    const stopped = result.stopped === undefined ? {} : { stopped: result.stopped };
    return { kind: 'stored', covered, ...counts, ...stopped };
  } catch (error) {
    await writing.abort();
    throw error;
  }
}

/** Appends a gap: stated for ever, nothing of it is asked for again. */
export async function collectGap(
  context: CollectContext,
  memory: SourceMemory,
  gap: Interval & { readonly reason: string },
): Promise<'stored' | 'lost'> {
  const content: ManifestContent = {
    kind: 'gap',
    createdDateTime: context.clock.now().toISOString(),
    writer: context.writer,
    gap: { from: gap.from, to: gap.to, reason: gap.reason },
    segments: [],
  };
  return (await remember(context, memory, memory.state, content)) ? 'stored' : 'lost';
}

async function remember(
  context: CollectContext,
  memory: SourceMemory,
  head: { readonly number: number; readonly sha256: string },
  content: ManifestContent,
  writing?: WindowWriting,
): Promise<boolean> {
  const before = head.number === 0 ? undefined : head;
  const link = await context.repository.append(context, before, content);
  if (link === undefined) {
    await memory.refresh();
    return false;
  }
  await reach(context, 'manifest.appended');
  const hours = writing?.hours() ?? new Map();
  memory.fold(link, hours);
  await memory.cacheHours(hours);
  await reach(context, 'hours.cached');
  await memory.cacheState();
  await reach(context, 'state.cached');
  return true;
}

/** Records that ran out while they were read may be missing from the answer. */
function stillThere(
  result: WindowRead,
  window: Interval,
  edge: LogTime,
  isFirst: boolean,
): Interval | undefined {
  const { covered } = result;
  // the first window says where the log begins here: a part of it would hide the rest
  if (isFirst && covered !== window) return undefined;
  if (covered === undefined || window.from >= edge) return covered;
  const from = laterTime(covered.from, edge);
  return from < covered.to ? { from, to: covered.to } : undefined;
}
