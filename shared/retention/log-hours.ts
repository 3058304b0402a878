import type { Manifest } from '../log-repository/manifest.ts';

export type Hours = NonNullable<Manifest['checkpoint']>['hours'];

const HOUR = 3_600_000;
/** Windows end at the last tick before the next one. */
const SLACK = 1000;

/** What removed manifests knew of each hour, for the checkpoint that outlives them. */
export class HourStatements {
  readonly #counts = new Map<string, { records: number; versions: number }>();
  readonly #before: Hours;
  readonly #covered = new Map<string, number>();
  readonly #gaps = new Set<string>();

  /** `before`: of the newest checkpoint, which holds those of all earlier ones. */
  constructor(before: Hours) {
    this.#before = before;
  }

  /** A manifest that is removed. */
  remove(manifest: Manifest): void {
    // the replaced segment was counted
    const segments = manifest.kind === 'repair' ? [] : manifest.segments;
    for (const { hour, new: added, changed } of segments) {
      const count = this.#count(hour);
      count.records += added;
      count.versions += changed;
    }
    if (manifest.window?.sweep === 0) {
      for (const { hour } of hoursOf(manifest.window)) this.#count(hour);
    }
    if (manifest.gap !== undefined) for (const { hour } of hoursOf(manifest.gap)) this.#count(hour);
  }

  /** Any manifest, also the first ones that are kept: an hour may be covered by both. */
  see({ window, gap }: Manifest): void {
    if (window?.sweep === 0) {
      for (const { hour, covered } of hoursOf(window)) {
        this.#covered.set(hour, (this.#covered.get(hour) ?? 0) + covered);
      }
    }
    if (gap !== undefined) for (const { hour } of hoursOf(gap)) this.#gaps.add(hour);
  }

  statements(): Hours {
    const hours: Hours = { ...this.#before };
    for (const [hour, { records, versions }] of this.#counts) {
      const before = hours[hour];
      const isCovered = (this.#covered.get(hour) ?? 0) >= HOUR - SLACK;
      hours[hour] = {
        records: records + (before?.records ?? 0),
        versions: versions + (before?.versions ?? 0),
        complete: (isCovered || before?.complete === true) && !this.#gaps.has(hour),
      };
    }
    return hours;
  }

  #count(hour: string): { records: number; versions: number } {
    const found = this.#counts.get(hour) ?? { records: 0, versions: 0 };
    this.#counts.set(hour, found);
    return found;
  }
}

function* hoursOf(range: {
  readonly from: string;
  readonly to: string;
}): Generator<{ hour: string; covered: number }> {
  const [from, to] = [timeOf(range.from), timeOf(range.to)];
  for (let start = Math.floor(from / HOUR) * HOUR; start < to; start += HOUR) {
    const covered = Math.min(to, start + HOUR) - Math.max(from, start);
    yield { hour: new Date(start).toISOString().slice(0, 13), covered };
  }
}

/** Milliseconds; the digits behind them do not matter here. */
function timeOf(text: string): number {
  return Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
}
