// What the store needs to know of records, wherever they come from: a stream or a test's own hand.
import type { LogVariant } from './log-source.ts';
import type { RecordOverrides } from './record-overrides.ts';

/** One content of a record. A record has at least one; numbers ascend. */
export type LogVersion = {
  readonly number: number;
  /** Milliseconds since 1970: the log shows it from then on. */
  readonly from: number;
  /** The content before stays in the list as well, behind this one. */
  readonly keepsOlder: boolean;
};

/** Records of one source in order of time, oldest first. */
export interface RecordBlock {
  /** Among records of equal time: the larger comes first in a list, newest first. */
  readonly order: number;
  /** Ticks. */
  readonly times: ArrayLike<number>;
  /** Milliseconds since 1970. */
  readonly arrivals: ArrayLike<number>;
  /** No record has more than one version or copy. */
  readonly isPlain: boolean;
  readonly overrides: RecordOverrides;
  id(index: number): string;
  text(index: number, version: number, variant: LogVariant): string;
  versions(index: number): readonly LogVersion[];
  /** How often the record stands in a list. */
  copies(index: number): number;
}
