/**
 * Processor time of this process and of a PostgreSQL server: what a piece of work costs when other
 * programs take their share of the machine. Linux only; elsewhere it is not a number.
 */
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

interface ProcessTimes {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended. */
  readonly ended: number;
}

function timesOf(pid: number): ProcessTimes | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, counted behind the name
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const at = (number: number): number => fields[number - 3] ?? Number.NaN;
    return {
      parent: at(4),
      own: (at(14) + at(15)) / TICKS_PER_SECOND,
      ended: (at(16) + at(17)) / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}

/** Process id of the server that `backend` belongs to. */
export function serverOf(backend: number): number {
  return timesOf(backend)?.parent ?? Number.NaN;
}

/** Seconds of the server and of all its processes, those that have ended too. */
export function serverSeconds(server: number): number {
  const main = timesOf(server);
  if (main === undefined) return Number.NaN;
  let total = main.own + main.ended;
  for (const name of readdirSync('/proc')) {
    const times = /^\d+$/.test(name) ? timesOf(Number(name)) : undefined;
    if (times?.parent === server) total += times.own;
  }
  return total;
}

export interface Cost {
  /** Seconds on the clock. */
  readonly wall: number;
  /** Seconds of processor time of this process. */
  readonly client: number;
  /** Seconds of processor time of the server. */
  readonly server: number;
}

/** What `work` costs here and in the server. */
export async function costOf(server: number, work: () => Promise<unknown>): Promise<Cost> {
  const before = { cpu: process.cpuUsage(), server: serverSeconds(server), at: performance.now() };
  await work();
  const wall = (performance.now() - before.at) / 1000;
  const { user, system } = process.cpuUsage(before.cpu);
  return { wall, client: (user + system) / 1e6, server: serverSeconds(server) - before.server };
}
