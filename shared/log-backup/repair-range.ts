import type { LogSide } from '../log-repository/log-side.ts';
import { readOrNone } from './read-or-none.ts';
import type { RepairContext } from './repair-logs.ts';

export interface RepairRange {
  readonly from: number;
  readonly to: number;
}

/**
 * All numbers that the repaired repository should hold, without those that a checkpoint has removed;
 * undefined when there is nothing to repair. What the secondary does not have yet is the copy's matter.
 */
export async function repairRange(context: RepairContext): Promise<RepairRange | undefined> {
  const { side, primary, secondary } = context;
  const own = await endsOf(context, context[side]);
  const other = await endsOf(context, side === 'primary' ? secondary : primary);
  const to = side === 'primary' ? Math.max(own.last, other.last) : own.last;
  if (to === 0) return undefined;
  if (own.first === 0) return { from: Math.max(1, other.first), to };
  return { from: own.first === 1 ? 1 : await beginning(context, own), to };
}

interface Ends {
  /** 0: there is none. */
  readonly first: number;
  readonly last: number;
}

async function endsOf({ parts, chain }: RepairContext, { store }: LogSide): Promise<Ends> {
  let [first, last] = [0, 0];
  for await (const number of parts.listNumbers(store, chain)) {
    if (first === 0) first = number;
    last = number;
  }
  return { first, last };
}

/** Behind what a checkpoint has removed; 1 when none explains that the first ones are missing. */
async function beginning(context: RepairContext, { first, last }: Ends): Promise<number> {
  const { side } = context;
  const explained = async (number: number): Promise<number> => {
    const checkpoint = (await readOrNone(context, side, number))?.manifest.checkpoint;
    return checkpoint === undefined ? 0 : checkpoint.removedThrough + 1;
  };
  // the secondary that begins behind a checkpoint of the primary says so in its first manifest
  const own = await explained(first);
  if (own >= first) return own;
  for (let number = last; number > first; number--) {
    const found = await explained(number);
    if (found > 0) return found >= first ? found : 1;
  }
  return 1;
}
