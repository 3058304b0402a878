// A small seeded generator (mulberry32): the same seed gives the same tenant behaviour.

export type Random = {
  /** In [0, 1). */
  next(): number;
  /** Whole number in [minimum, maximum]. */
  between(minimum: number, maximum: number): number;
  shuffle<Item>(items: readonly Item[]): Item[];
};

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (minimum: number, maximum: number): number =>
    minimum + Math.floor(next() * (maximum - minimum + 1));
  return {
    next,
    between,
    shuffle: (items) => {
      const shuffled = [...items];
      for (let index = shuffled.length - 1; index > 0; index -= 1) {
        const other = between(0, index);
        const [left, right] = [shuffled[index], shuffled[other]];
        if (left !== undefined && right !== undefined) {
          shuffled[index] = right;
          shuffled[other] = left;
        }
      }
      return shuffled;
    },
  };
}
