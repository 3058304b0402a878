/** A seeded source of numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What may go wrong in the cloud at any time, asked for at each point where it could. */
export interface Chaos {
  /** Whether an activity is delivered a second time. */
  runTwice(): boolean;
  /** Wait before a delivery, in ms. */
  delay(): number;
  /** Whether the answer of an episode is lost, so that the work item comes again. */
  loseEpisode(): boolean;
  /** Which of the waiting completions arrive now and in which order; never none. */
  arrival<T>(waiting: T[]): T[];
}

/** Nothing goes wrong. */
export const calm: Chaos = {
  runTwice: () => false,
  delay: () => 0,
  loseEpisode: () => false,
  arrival: (waiting) => waiting,
};

const LONGEST_DELAY_MS = 25;

/** The `--chaos SEED` switch. The same seed gives the same sequence of misfortunes. */
export function seededChaos(seed: number): Chaos {
  const random = seededRandom(seed);
  return {
    runTwice: () => random() < 0.3,
    delay: () => (random() < 0.5 ? 0 : Math.floor(random() * LONGEST_DELAY_MS)),
    loseEpisode: () => random() < 0.2,
    arrival(waiting) {
      const mixed = waiting.map((item) => ({ item, at: random() }));
      mixed.sort((a, b) => a.at - b.at);
      const count = 1 + Math.floor(random() * mixed.length);
      return mixed.slice(0, count).map((entry) => entry.item);
    },
  };
}
