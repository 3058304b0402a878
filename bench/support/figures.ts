/** Figures of a benchmark: medians, tables, goals. */
import { availableParallelism } from 'node:os';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** Says on what the figures were measured. */
export function printMachine(): void {
  console.log(
    `${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}`,
  );
}

/** One line per goal; a goal that is missed makes the process end with 1. */
export function hold(goal: string, figure: number, isHeld: boolean): void {
  console.log(`${isHeld ? 'held  ' : 'MISSED'} ${goal}: ${round(figure, 3)}`);
  if (!isHeld) process.exitCode = 1;
}

/** Seconds of `work`. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
