// Times of records have up to 7 digits after the second and Graph drops zeros at the end. Padded to 7
// digits they are compared as texts; a Date would cut them to milliseconds.

/** `2026-03-04T05:06:07.0000000Z`: always 28 characters. */
export type LogTime = string;

const form = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,7}))?Z$/;
const TICKS = 10_000_000;
export const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000] as const;

/** Undefined when the text is no time in UTC. */
export function parseLogTime(text: string): LogTime | undefined {
  const [, seconds, fraction = ''] = form.exec(text) ?? [];
  if (seconds === undefined || Number.isNaN(Date.parse(`${seconds}Z`))) return undefined;
  return `${seconds}.${fraction.padEnd(7, '0')}Z`;
}

/** Milliseconds since 1970. */
export function timeOfMs(milliseconds: number): LogTime {
  return `${new Date(milliseconds).toISOString().slice(0, 23)}0000Z`;
}

/** Milliseconds since 1970, rounded down. */
export function msOfTime(time: LogTime): number {
  return Date.parse(`${time.slice(0, 23)}Z`);
}

/** `2026-03-04T05`. */
export function hourOfTime(time: LogTime): string {
  return time.slice(0, 13);
}

/** The time 100 ns later or, with -1, earlier. */
export function besideTime(time: LogTime, ticks: 1 | -1): LogTime {
  const moved = Number(time.slice(20, 27)) + ticks;
  const carry = Math.floor(moved / TICKS);
  const second = Date.parse(`${time.slice(0, 19)}Z`) + carry * 1000;
  const fraction = String(moved - carry * TICKS).padStart(7, '0');
  return `${new Date(second).toISOString().slice(0, 19)}.${fraction}Z`;
}

export function laterTime(one: LogTime, other: LogTime): LogTime {
  return one > other ? one : other;
}

export function earlierTime(one: LogTime, other: LogTime): LogTime {
  return one < other ? one : other;
}
