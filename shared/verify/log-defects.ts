import { isBackupError } from '../errors/backup-error.ts';
import type { ErrorCode } from '../errors/catalog.ts';

export type LogSideName = 'primary' | 'secondary';

/**
 * - `missing`: a manifest or a container that must be there; `gap`: numbers inside or before a chain
 * - `damaged`: other bytes than were written; a flipped bit, a cut, a swapped frame, an index that is
 *   not that of its segment
 * - `foreign`: a sound thing that belongs elsewhere, such as a swapped segment
 * - `wrongKey`: wrapped by another key than this repository's
 * - `broken`: a manifest that does not follow the one before
 * - `orphan`: a container that no manifest names; `unknown`: a name that nothing here makes
 * - `differs`: the two repositories do not say the same of one number
 * - `version`: written by a later version
 */
export type LogDefectKind =
  | 'missing'
  | 'gap'
  | 'damaged'
  | 'foreign'
  | 'wrongKey'
  | 'broken'
  | 'orphan'
  | 'unknown'
  | 'differs'
  | 'version';

export interface LogDefect {
  readonly side: LogSideName;
  readonly kind: LogDefectKind;
  /** Of the blob, or of the manifest that should be there. */
  readonly name: string;
  readonly number?: number;
  /** Of a gap: its last number. */
  readonly through?: number;
  readonly frame?: number;
  readonly message: string;
}

const kinds: Partial<Record<ErrorCode, LogDefectKind>> = {
  logBlobMissing: 'missing',
  containerVersion: 'version',
  containerTruncated: 'damaged',
  containerDamaged: 'damaged',
  containerForeign: 'foreign',
  manifestDamaged: 'damaged',
  manifestForeign: 'foreign',
  keyWrong: 'wrongKey',
};

/** The defect that an error names; undefined when it says nothing about what is stored. */
export function defectOf(
  error: unknown,
  at: Pick<LogDefect, 'side' | 'name' | 'number'>,
): LogDefect | undefined {
  const kind = isBackupError(error) ? kinds[error.code] : undefined;
  if (kind === undefined || !isBackupError(error)) return undefined;
  const { frame } = error.details;
  const where = typeof frame === 'number' ? { frame } : {};
  return { ...at, kind, ...where, message: error.message };
}

export const MAX_LOG_DEFECTS = 1000;

/** Keeps the first ones and counts all. */
export class DefectList {
  readonly defects: LogDefect[];
  count: number;

  constructor(before: readonly LogDefect[] = [], count = 0) {
    this.defects = [...before];
    this.count = count;
  }

  add(defect: LogDefect): void {
    this.count += 1;
    if (this.defects.length < MAX_LOG_DEFECTS) this.defects.push(defect);
  }
}
