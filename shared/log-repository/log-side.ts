import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import type { LogStore } from './log-store.ts';

/** One log repository: where it lies and the key that reads it. */
export interface LogSide {
  readonly store: LogStore;
  readonly keys: KeyWrapper;
}
