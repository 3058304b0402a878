import type { HostUnderTest } from './host-under-test.ts';

/** One statement about how a functions host behaves, seen over HTTP only. */
export interface ConformanceCase {
  /** A sentence of behaviour. */
  name: string;
  /** Why a genuine host cannot be asked this; such a case runs against the local host only. */
  localOnly?: string;
  /** It counts how often activities ran, which chaos doubles on purpose. */
  countsRuns?: true;
  /** It touches instances of others: it runs after all the rest. */
  alone?: true;
  run: (host: HostUnderTest) => Promise<void>;
}
