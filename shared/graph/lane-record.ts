// What the instances agree on about one quota of one tenant, and how an instance takes its part.
// Times are milliseconds since 1970 by the clock of who wrote them.
import { z } from 'zod';

const lane = z.object({
  /** Empty: nobody's, but perhaps in use by somebody who is not known. */
  holder: z.string(),
  from: z.number(),
  until: z.number(),
});
const waiter = z.object({ holder: z.string(), since: z.number(), at: z.number() });
const recordForm = z.object({
  version: z.literal(1),
  pausedUntil: z.number(),
  lanes: z.array(lane),
  waiting: z.array(waiter),
});

export type Lane = Readonly<z.infer<typeof lane>>;
export type LaneRecord = z.infer<typeof recordForm>;

/** When a holder may send, without the margin. */
export interface LaneTime {
  readonly from: number;
  readonly until: number;
}

export interface Ask {
  readonly holder: string;
  readonly now: number;
  readonly lanes: number;
  readonly coolDownMs: number;
}

export const LEASE_MS = 30_000;
/** Clocks may differ by twice as much: nobody sends in the last second, nobody takes in the next. */
export const SKEW_MS = 1_000;
/** Who has not asked for so long does not wait any more. */
const WAITING_MS = 20_000;
const MOST_WAITING = 100;

/** Undefined when it is no record of ours; then it counts as lost. */
export function parseRecord(value: Buffer, lanes: number): LaneRecord | undefined {
  try {
    const parsed = recordForm.safeParse(JSON.parse(value.toString('utf8')));
    return parsed.success && parsed.data.lanes.length === lanes ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A record in place of one that is missing. Leases that it held may still be in use: none of them
 * ends later than one that was given this moment, so that its lanes are free from then on.
 */
export function freshRecord({ lanes, now }: Ask): LaneRecord {
  const unknown = { holder: '', from: now, until: now + LEASE_MS };
  return {
    version: 1,
    pausedUntil: 0,
    lanes: Array.from({ length: lanes }, () => ({ ...unknown })),
    waiting: [],
  };
}

/**
 * Renews the asker's lanes up to its fair part, lets the others lapse, and takes free ones; who gets
 * none queues up. Lanes are never given up before their time: requests may already be planned in it.
 */
export function shareOut(before: LaneRecord, ask: Ask): LaneRecord {
  const { holder, now } = ask;
  const waiting = before.waiting.filter((one) => one.holder !== holder && isWaiting(one, now));
  const since = before.waiting.find((one) => one.holder === holder)?.since ?? now;
  const own = before.lanes.filter((one) => one.holder === holder && one.until > now);
  const free = before.lanes.filter((one) => isFree(one, ask));
  const ahead = own.length > 0 ? waiting.length : waiting.filter((one) => one.since < since).length;
  const target = fairPart(before, ask, own.length, waiting.length);
  const kept = own.sort((a, b) => b.until - a.until).slice(0, target);
  const takes = Math.max(0, Math.min(target - kept.length, free.length - ahead));
  const taken = free.sort((a, b) => a.until - b.until).slice(0, takes);
  const lanes = before.lanes.map((one) => {
    if (kept.includes(one)) return { ...one, until: Math.max(one.until, now + LEASE_MS) };
    return taken.includes(one) ? takenLane(one, ask) : one;
  });
  const hasNone = !lanes.some((one) => one.holder === holder && one.until > now);
  const mine = hasNone ? [{ holder, since, at: now }] : [];
  return { ...before, lanes, waiting: [...waiting, ...mine].slice(-MOST_WAITING) };
}

/** The lanes of a holder, kept clear of what others with other clocks may do. */
export function lanesOf(record: LaneRecord, holder: string, now: number): LaneTime[] {
  return record.lanes
    .filter((one) => one.holder === holder && one.until - SKEW_MS > now)
    .map(({ from, until }) => ({ from, until: until - SKEW_MS }));
}

/** While somebody waits nobody has more than the even part; above one holder a lane they take turns. */
function fairPart(record: LaneRecord, ask: Ask, own: number, waiting: number): number {
  const { holder, now, lanes } = ask;
  const holders = record.lanes
    .filter((one) => one.holder !== '' && one.until + SKEW_MS > now)
    .map((one) => one.holder);
  const others = new Set(holders.filter((one) => one !== holder));
  const queue = record.waiting.filter((one) => isWaiting(one, now) && !others.has(one.holder));
  const active = others.size + queue.filter((one) => one.holder !== holder).length + 1;
  if (waiting === 0) return Math.ceil(lanes / active);
  const even = Math.floor(lanes / active);
  return even === 0 && own === 0 ? 1 : even;
}

function isWaiting(one: LaneRecord['waiting'][number], now: number): boolean {
  return now - one.at < WAITING_MS;
}

function isFree(one: Lane, { holder, now }: Ask): boolean {
  return one.holder === holder ? one.until <= now : one.until + SKEW_MS <= now;
}

function takenLane(one: Lane, { holder, now, coolDownMs }: Ask): Lane {
  const rested = one.until + SKEW_MS + coolDownMs;
  const from = one.holder === holder ? now : Math.max(now, rested);
  return { holder, from, until: now + LEASE_MS };
}
