// Repairs all of one source in one repository, slice by slice: what the repaired side should hold, copied
// first when it is the secondary, then number by number.
import { isBackupError } from '../errors/backup-error.ts';
import type { CopyContext } from './copy-context.ts';
import { copyLogs } from './copy-logs.ts';
import { type RepairContext, type RepairResult, repairLogs } from './repair-logs.ts';
import { type RepairRange, repairRange } from './repair-range.ts';

export interface SourceRepair {
  readonly state: 'more' | 'done';
  /** Of this slice. */
  readonly result: RepairResult;
  /** What is left for the next slice; undefined also while the copy is brought up first. */
  readonly left?: RepairRange;
}

const nothing: RepairResult = { segments: 0, manifests: 0, unrepaired: [] };

/** Throws the errors of both stores and keys. `left` is that of the slice before. */
export async function repairSource(
  context: RepairContext & CopyContext,
  deadline: Date,
  left?: RepairRange,
): Promise<SourceRepair> {
  if (left === undefined && context.side === 'secondary' && (await isCopyLeft(context, deadline))) {
    return { state: 'more', result: nothing };
  }
  const range = left ?? (await repairRange(context));
  if (range === undefined) return { state: 'done', result: nothing };
  const result = await repairLogs(context, range, deadline);
  if (result.next === undefined) return { state: 'done', result };
  return { state: 'more', result, left: { from: result.next, to: range.to } };
}

/** An act of the secondary needs both chains to have the same numbers. A damaged chain is mended first. */
async function isCopyLeft(context: CopyContext, deadline: Date): Promise<boolean> {
  const damages = ['manifestDamaged', 'manifestForeign', 'chainBroken', 'logBlobMissing'] as const;
  try {
    const { head, copied, lost } = await copyLogs(context, deadline);
    return copied < head && !lost;
  } catch (error) {
    if (isBackupError(error, ...damages)) return false;
    throw error;
  }
}
