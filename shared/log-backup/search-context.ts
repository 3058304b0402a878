// Search in one log repository: what it is asked and what it answers. The repository alone is read:
// no cache, no database, so that the secondary serves when the primary is gone.
import type { LogSide } from '../log-repository/log-side.ts';
import type { SearchParts } from '../log-repository/search-parts.ts';
import type { Clock } from '../model/clock.ts';
import type { LogSource } from '../model/log-source.ts';
import type { LogTime } from './log-time.ts';
import type { SearchFilters } from './search-filters.ts';

export interface SearchContext extends LogSide {
  /** GUID in lower case. */
  readonly tenant: string;
  readonly parts: SearchParts;
  readonly clock: Clock;
}

export interface SearchRequest {
  /** Without repetitions. */
  readonly sources: readonly LogSource[];
  readonly from: LogTime;
  /** Not included. */
  readonly to: LogTime;
  readonly filters: SearchFilters;
  /** `newest`: of a record that changed at Microsoft only what it became. */
  readonly versions: 'newest' | 'all';
}

/** Where a search goes on. Ids, numbers and times only. */
export interface SearchPosition {
  /** Key of the last record that was answered, or the time up to which all was looked at. */
  readonly after: string;
  /** Newest manifest of each source when the search began: what came later is not seen. */
  readonly through: Readonly<Record<string, number>>;
  /** False once anything of the range was missing. */
  readonly isWhole: boolean;
}

export interface FoundRecord {
  /** Sorts by time, then source, then hash of id and content. */
  readonly key: string;
  readonly source: LogSource;
  readonly time: LogTime;
  /** Exactly as Graph sent it. */
  readonly line: Buffer;
  /** A newer version of the record is stored. */
  readonly isSuperseded: boolean;
}

export interface SearchDefect {
  readonly source: LogSource;
  /** Of the segment, index or manifest. */
  readonly name: string;
  /** Of the error catalogue. */
  readonly code: string;
  /** Hour whose records may be missing or were found without the index. */
  readonly hour: string;
  /**
   * `notSearched`: records may be missing from the answer; `searchedWithoutIndex`: none are, it only
   * took longer.
   */
  readonly effect: 'notSearched' | 'searchedWithoutIndex';
  /** The one frame that is damaged; the others were searched. */
  readonly frame?: number;
}

export interface SearchGap {
  readonly source: LogSource;
  readonly from: LogTime;
  readonly to: LogTime;
  /**
   * `gap`: could not be read from Graph; `removed`: the retention has removed it; `notRead`: was not
   * read, yet or ever.
   */
  readonly kind: 'gap' | 'removed' | 'notRead';
  /** Of a gap, as its manifest states it. */
  readonly reason?: string;
}

export interface SearchAnswer {
  /** Sorted by key. */
  readonly records: readonly FoundRecord[];
  /** Everything before was looked at. */
  readonly scannedThrough: LogTime;
  /** Undefined: the range was searched to its end. */
  readonly next?: SearchPosition;
  /** True when the end was reached and nothing of the range was missing, on no page. */
  readonly complete: boolean;
  readonly defects: readonly SearchDefect[];
  readonly gaps: readonly SearchGap[];
}

export interface SearchLimits {
  readonly records: number;
  /** Of records, about: the last one may pass it. */
  readonly bytes: number;
  /** After this time no further frame is begun. */
  readonly softMs: number;
  /** After this time the answer is given, whatever the store does. */
  readonly hardMs: number;
}
