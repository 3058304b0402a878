import type { CacheRepository } from '../cache/cache-repository.ts';
import type { CopyParts } from '../log-repository/copy-parts.ts';
import type { ChainId } from '../log-repository/log-names.ts';
import type { LogSide } from '../log-repository/log-side.ts';
import type { Clock } from '../model/clock.ts';

/** One chain in its two repositories. */
export interface LogPair {
  readonly chain: ChainId;
  readonly primary: LogSide;
  readonly secondary: LogSide;
  readonly parts: CopyParts;
}

export interface CopyContext extends LogPair {
  readonly cache: CacheRepository;
  readonly clock: Clock;
}
