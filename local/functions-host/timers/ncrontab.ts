import { HostError } from '../host-error.ts';

// The expression language of NCRONTAB, which timer triggers use: {second} {minute} {hour} {day}
// {month} {day of week}; five fields leave the seconds out. Unlike in cron, day and day of week
// must both match (https://github.com/atifaziz/NCrontab/wiki/Crontab-Expression).

interface Field {
  name: string;
  low: number;
  high: number;
  words?: string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: Field[] = [
  { name: 'second', low: 0, high: 59 },
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day', low: 1, high: 31 },
  { name: 'month', low: 1, high: 12, words: MONTHS },
  { name: 'day of week', low: 0, high: 6, words: DAYS },
];

export interface NcrontabSchedule {
  seconds: Set<number>;
  minutes: Set<number>;
  hours: Set<number>;
  days: Set<number>;
  months: Set<number>;
  weekdays: Set<number>;
}

function fail(expression: string, field: Field, part: string): never {
  throw new HostError(`schedule "${expression}": "${part}" is not a valid ${field.name}`);
}

function readNumber(text: string, field: Field): number | undefined {
  const word = field.words?.findIndex((w) => text.toLowerCase().startsWith(w)) ?? -1;
  if (word >= 0 && /^[a-z]+$/i.test(text)) return word + field.low;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= field.low && value <= field.high ? value : undefined;
}

function readPart(part: string, field: Field, expression: string): number[] {
  const [, range = '', stepText] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
  const step = stepText === undefined ? 1 : Number(stepText);
  const [lowText = '', highText] = range.split('-');
  const all = range === '*';
  const low = all ? field.low : readNumber(lowText, field);
  let high = all ? field.high : low;
  if (highText !== undefined) high = readNumber(highText, field);
  // "5/10" means from 5 to the end.
  else if (stepText !== undefined) high = field.high;
  if (low === undefined || high === undefined || high < low || step < 1) {
    return fail(expression, field, part);
  }
  const values: number[] = [];
  for (let value = low; value <= high; value += step) values.push(value);
  return values;
}

/**
 * Parses an expression of five or six fields.
 * @throws HostError naming the field that is wrong
 */
export function parseNcrontab(expression: string): NcrontabSchedule {
  const parts = expression.trim().split(/\s+/);
  if (parts.length === 5) parts.unshift('0');
  if (parts.length !== FIELDS.length) {
    throw new HostError(
      `schedule "${expression}" needs six fields: second minute hour day month day-of-week`,
    );
  }
  const sets = FIELDS.map((field, index) => {
    const list = (parts[index] ?? '').split(',');
    return new Set(list.flatMap((part) => readPart(part, field, expression)));
  });
  const [seconds, minutes, hours, days, months, weekdays] = sets;
  const empty = new Set<number>();
  return {
    seconds: seconds ?? empty,
    minutes: minutes ?? empty,
    hours: hours ?? empty,
    days: days ?? empty,
    months: months ?? empty,
    weekdays: weekdays ?? empty,
  };
}

function matchesDay(schedule: NcrontabSchedule, day: Date): boolean {
  return (
    schedule.months.has(day.getUTCMonth() + 1) &&
    schedule.days.has(day.getUTCDate()) &&
    schedule.weekdays.has(day.getUTCDay())
  );
}

function firstInDay(
  schedule: NcrontabSchedule,
  dayStart: number,
  from: number,
): number | undefined {
  for (const hour of schedule.hours) {
    for (const minute of schedule.minutes) {
      for (const second of schedule.seconds) {
        const at = dayStart + ((hour * 60 + minute) * 60 + second) * 1000;
        if (at > from) return at;
      }
    }
  }
  return undefined;
}

const DAY_MS = 24 * 3600 * 1000;
// 29 February on a given weekday comes back within 40 years at the latest.
const HORIZON_DAYS = 40 * 366;

/**
 * The first matching wall-clock time after `after`, both as if they were UTC, in ms; undefined
 * when there is none (30 February). Sets are walked in ascending order.
 */
export function nextWallTime(schedule: NcrontabSchedule, after: number): number | undefined {
  const sorted = {
    ...schedule,
    hours: ascending(schedule.hours),
    minutes: ascending(schedule.minutes),
    seconds: ascending(schedule.seconds),
  };
  let day = Math.floor(after / DAY_MS) * DAY_MS;
  for (let count = 0; count < HORIZON_DAYS; count++) {
    if (matchesDay(schedule, new Date(day))) {
      const at = firstInDay(sorted, day, after);
      if (at !== undefined) return at;
    }
    day += DAY_MS;
  }
  return undefined;
}

function ascending(values: Set<number>): Set<number> {
  return new Set([...values].sort((a, b) => a - b));
}
