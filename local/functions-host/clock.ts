/** Time source of the host, so that tests can decide when a timer is due. All times in ms. */
export interface Clock {
  now(): number;
  /** Calls `action` once, at or after `at`; returns a function that cancels it. */
  callAt(at: number, action: () => void): () => void;
}

// Node fires at once when the delay does not fit into 32 bits.
const LONGEST_DELAY = 2 ** 31 - 1;

/** The wall clock. Waits longer than 24 days are cut into pieces. */
export const systemClock: Clock = {
  now: () => Date.now(),
  callAt(at, action) {
    let timer: NodeJS.Timeout;
    const wait = () => {
      const delay = at - Date.now();
      if (delay > LONGEST_DELAY) timer = setTimeout(wait, LONGEST_DELAY);
      else timer = setTimeout(action, Math.max(0, delay));
    };
    wait();
    return () => clearTimeout(timer);
  },
};
