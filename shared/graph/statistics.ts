export interface GraphCounts {
  /** Tries that were sent, `$batch` counted once. */
  readonly requests: number;
  /** Resource units as Graph reported them, else as estimated. */
  readonly units: number;
  /** Body bytes received, as sent over the wire. */
  readonly bytes: number;
  /** 429 answers, those inside a `$batch` included. */
  readonly throttled: number;
  /** Milliseconds waited for quota and between tries. */
  readonly waitMs: number;
}

type Mutable = { -readonly [name in keyof GraphCounts]: number };

const none: GraphCounts = { requests: 0, units: 0, bytes: 0, throttled: 0, waitMs: 0 };

/** Counts of one GraphClient since the last take(). */
export class GraphStatistics implements GraphCounts {
  private counts: Mutable = { ...none };

  add(counts: Partial<GraphCounts>): void {
    for (const name of Object.keys(counts) as (keyof GraphCounts)[]) {
      this.counts[name] += counts[name] ?? 0;
    }
  }

  /** Returns the counts and starts again from zero. */
  take(): GraphCounts {
    const taken = this.counts;
    this.counts = { ...none };
    return taken;
  }

  get requests(): number {
    return this.counts.requests;
  }

  get units(): number {
    return this.counts.units;
  }

  get bytes(): number {
    return this.counts.bytes;
  }

  get throttled(): number {
    return this.counts.throttled;
  }

  get waitMs(): number {
    return this.counts.waitMs;
  }
}
