// The simulator's clock: real time, or a virtual time that only moves when it is told to.
import type { Clock } from './types.ts';

export type AdjustableClock = Clock & {
  /** Stops the clock at this time; it is virtual from now on. */
  set(milliseconds: number): void;
  /** Moves a virtual clock, or stops a real one that far from now. */
  advance(milliseconds: number): void;
  useRealTime(): void;
  isVirtual(): boolean;
};

export function createClock(startAt?: number): AdjustableClock {
  let fixed = startAt;
  const now = (): number => fixed ?? Date.now();
  return {
    now,
    set: (milliseconds) => {
      fixed = milliseconds;
    },
    advance: (milliseconds) => {
      fixed = now() + milliseconds;
    },
    useRealTime: () => {
      fixed = undefined;
    },
    isVirtual: () => fixed !== undefined,
  };
}
