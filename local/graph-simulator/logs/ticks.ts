// Times of log records: they have seven digits after the second, more than a Date holds. A tick is
// 100 ns since 2020-01-01T00:00:00Z; as a number it stays exact until 2048.

const origin = Date.UTC(2020, 0, 1);
export const ticksPerMillisecond = 10_000;
export const millisecondsPerHour = 3_600_000;

export function ticksOfMilliseconds(milliseconds: number): number {
  return Math.round((milliseconds - origin) * ticksPerMillisecond);
}

/** Milliseconds since 1970, rounded down. */
export function millisecondsOfTicks(ticks: number): number {
  return Math.floor(ticks / ticksPerMillisecond) + origin;
}

/** As the service writes it: up to seven digits, zeros at the end left out. */
export function formatTicks(ticks: number): string {
  const milliseconds = millisecondsOfTicks(ticks);
  const fraction = ticks - Math.floor(ticks / 10_000_000) * 10_000_000;
  const seconds = new Date(milliseconds).toISOString().slice(0, 19);
  if (fraction === 0) {
    return `${seconds}Z`;
  }
  return `${seconds}.${String(fraction).padStart(7, '0').replace(/0+$/, '')}Z`;
}

const pattern =
  /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,12}))?(Z|[+-]\d{2}:\d{2}))?$/i;

/** Ticks of an RFC 3339 time or a plain date; undefined when it is none. */
export function parseTicks(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, date, time = '00:00:00', fraction = '', zone = 'Z'] = match;
  const whole = Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(whole)) {
    return undefined;
  }
  return ticksOfMilliseconds(whole) + Number(fraction.padEnd(7, '0').slice(0, 7));
}
