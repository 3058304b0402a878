import type { CopyParts } from '../log-repository/copy-parts.ts';
import type { ChainId } from '../log-repository/log-names.ts';
import type { LogSide } from '../log-repository/log-side.ts';
import type { Clock } from '../model/clock.ts';

export type LogSideName = 'primary' | 'secondary';

/** How far the secondary was read back and decrypted: the mark of the copy. */
export interface VerifiedCopy {
  readonly verified: number;
  /** Of the secondary's manifest `verified`. */
  readonly sha256: string | null;
  readonly defects: readonly { readonly number: number }[];
}

export interface LogRetentionContext {
  readonly chain: ChainId;
  /** The repository from which is removed. */
  readonly side: LogSideName;
  readonly primary: LogSide;
  readonly secondary?: LogSide;
  /** Days per repository; undefined: for ever. */
  readonly days: { readonly primary?: number; readonly secondary?: number };
  readonly copy: VerifiedCopy;
  readonly parts: CopyParts;
  readonly clock: Clock;
  /** Id of the run. */
  readonly writer: string;
}

export interface KeptReason {
  readonly number: number;
  /**
   * `retained`: the store refuses; `notCopied`, `notVerified`: the other repository should have it
   * and does not, or nobody has read it back.
   */
  readonly reason: 'retained' | 'notCopied' | 'notVerified';
  readonly detail: string;
  readonly until?: string;
}

const DAY = 24 * 3_600_000;

/** Whether the repository should still hold a manifest, by the time it was written. */
export function isWithin(
  context: LogRetentionContext,
  name: LogSideName,
  written: string,
): boolean {
  const days = context.days[name];
  return days === undefined || Date.parse(written) > context.clock.now().getTime() - days * DAY;
}

export function ownSide(context: LogRetentionContext): LogSide {
  const { side, primary, secondary } = context;
  return side === 'secondary' && secondary !== undefined ? secondary : primary;
}
