import { HostError } from '../host-error.ts';

/** Converts between UTC and the wall clock of one IANA time zone; wall times are ms as if UTC. */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;

  /** @throws HostError for a zone nobody knows */
  constructor(name: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hourCycle: 'h23',
        ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
        ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
      });
    } catch (cause) {
      throw new HostError(`WEBSITE_TIME_ZONE "${name}" is not an IANA time zone`, { cause });
    }
  }

  toWall(utc: number): number {
    const parts = new Map(this.#format.formatToParts(utc).map((part) => [part.type, part.value]));
    const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    const date = Date.UTC(number('year'), number('month') - 1, number('day'));
    const time = (number('hour') * 60 + number('minute')) * 60 + number('second');
    return date + time * 1000 + (utc % 1000);
  }

  /** A wall time that occurs twice gives the first; one that is skipped gives the time after it. */
  toUtc(wall: number): number {
    const guess = wall - (this.toWall(wall) - wall);
    const candidates = [-1, 0, 1].map((hours) => guess + hours * 3_600_000);
    const exact = candidates.find((utc) => this.toWall(utc) === wall);
    return exact ?? candidates.find((utc) => this.toWall(utc) > wall) ?? guess;
  }
}
