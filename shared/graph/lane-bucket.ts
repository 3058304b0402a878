import type { LaneLimit } from './lane-limits.ts';
import type { LaneTime } from './lane-record.ts';

interface Segment {
  readonly from: number;
  readonly to: number;
  /** Lanes there are. */
  readonly count: number;
  /** The level that the bucket cannot pass. */
  readonly cap: number;
}

/** The token bucket of one holder: refilled by the lanes it has at each moment. */
export class LaneBucket {
  #limit: LaneLimit;
  #lanes: readonly LaneTime[] = [];
  /** Of what is not promised yet; below zero those who come next wait. */
  #level: number;
  #at: number;
  /** Promised, to be sent later: it still fills the bucket until then. */
  #promised: readonly { readonly time: number; readonly amount: number }[] = [];

  constructor(limit: LaneLimit, now: number) {
    this.#limit = limit;
    this.#level = limit.isSingle ? limit.burst : 0;
    this.#at = now;
  }

  /** Lanes that are given up must not be missing before their time. */
  set(limit: LaneLimit, lanes: readonly LaneTime[], now: number): void {
    this.#refill(now);
    this.#limit = limit;
    this.#lanes = lanes;
    this.#level = Math.min(this.#level, this.#cap(this.#at));
  }

  /** End of the last lane; 0 without any. */
  get until(): number {
    return Math.max(0, ...this.#lanes.map((lane) => lane.until));
  }

  /** When `amount` may be sent, not before `notBefore`; undefined when the lanes end earlier. */
  timeFor(amount: number, now: number, notBefore: number): number | undefined {
    this.#refill(now);
    let level = this.#level;
    for (const { from, to, count, cap } of this.#segments(this.until)) {
      const rate = count * this.#limit.perSecond;
      // An amount above the burst may leave when it is full, and is paid off by those that follow.
      const needed = Math.min(amount, this.#burst(count));
      const reached = from + (Math.max(0, needed - level) / rate) * 1000;
      const time = Math.max(reached, notBefore);
      if (count > 0 && needed <= cap && time < to) return time;
      level = Math.min(cap, level + (rate * (to - from)) / 1000);
    }
    return undefined;
  }

  /** `time` as `timeFor` answered it. */
  take(amount: number, time: number): void {
    this.#level -= amount;
    if (time > this.#at) this.#promised = [...this.#promised, { time, amount }];
  }

  /** A clock that went back adds nothing. */
  #refill(now: number): void {
    if (now < this.#at) return;
    for (const { from, to, count, cap } of this.#segments(now)) {
      const added = (count * this.#limit.perSecond * (to - from)) / 1000;
      this.#level = Math.min(cap, this.#level + added);
    }
    this.#at = now;
    this.#promised = this.#promised.filter(({ time }) => time > now);
  }

  /** From the present state to `end`, broken where lanes begin or end and promises are kept. */
  #segments(end: number): Segment[] {
    const start = this.#at;
    const ends = this.#lanes.flatMap(({ from, until }) => [from, until]);
    const inside = [...ends, ...this.#promised.map(({ time }) => time)]
      .filter((time) => time > start && time < end)
      .sort((a, b) => a - b);
    const points = [start, ...inside, end];
    return points.slice(0, -1).flatMap((from, index) => {
      const to = points[index + 1] ?? from;
      if (to <= from) return [];
      return [{ from, to, count: this.#count(from), cap: this.#cap(from) }];
    });
  }

  #cap(time: number): number {
    const later = this.#promised.filter((one) => one.time > time);
    return this.#burst(this.#count(time)) - later.reduce((sum, one) => sum + one.amount, 0);
  }

  #count(time: number): number {
    return this.#lanes.filter(({ from, until }) => from <= time && time < until).length;
  }

  #burst(count: number): number {
    return this.#limit.isSingle ? this.#limit.burst : this.#limit.burst * count;
  }
}
