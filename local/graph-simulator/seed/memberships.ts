// Sizes of seeded groups and who is in them. Sizes follow a fixed distribution of a large tenant
// (many small groups, few huge ones), scaled so that the number of links comes out as asked.
import { roll, share } from './dice.ts';

/** Share of groups and their usual size: mean 117 before scaling. */
const distribution = [
  { share: 0.55, size: 6 },
  { share: 0.25, size: 15 },
  { share: 0.12, size: 60 },
  { share: 0.06, size: 300 },
  { share: 0.018, size: 2_500 },
  { share: 0.002, size: 20_000 },
] as const;

/** The first groups have sizes at which page and `$expand` borders lie. */
const borderSizes = [0, 1, 19, 20, 21, 99, 100, 101, 999, 1_000] as const;

const KIND_SIZE = 200;
const KIND_SPREAD = 201;
const KIND_START = 202;
const KIND_STRIDE = 203;

/** Direct user members per group; together about `links`, none larger than 80 % of the users. */
export function groupSizes(
  seed: number,
  groups: number,
  users: number,
  links: number,
): readonly number[] {
  const largest = Math.floor(users * 0.8);
  const drawn = Array.from({ length: groups }, (_, index) => drawnSize(seed, index));
  const borders = Math.min(borderSizes.length, Math.floor(groups / 4));
  const scaled = (factor: number) =>
    drawn.map((size, index) =>
      index < borders
        ? Math.min(borderSizes[index] ?? 0, largest)
        : Math.min(largest, Math.max(1, Math.round(size * factor))),
    );
  let [low, high] = [0, 1];
  const count = (factor: number) => scaled(factor).reduce((total, size) => total + size, 0);
  while (count(high) < links && high < 1_024) high *= 2;
  for (let step = 0; step < 24; step += 1) {
    const middle = (low + high) / 2;
    if (count(middle) < links) low = middle;
    else high = middle;
  }
  return scaled(high);
}

function drawnSize(seed: number, index: number): number {
  let left = share(seed, KIND_SIZE, index);
  const spread = 0.5 + share(seed, KIND_SPREAD, index);
  for (const step of distribution) {
    if (left < step.share) return step.size * spread;
    left -= step.share;
  }
  return distribution[0].size * spread;
}

/** `size` different numbers in [1, users], spread over the whole range. */
export function* memberNumbers(
  seed: number,
  group: number,
  size: number,
  users: number,
): Generator<number> {
  const start = roll(seed, KIND_START, group) % users;
  let stride = (roll(seed, KIND_STRIDE, group) % users) + 1;
  while (greatestCommonDivisor(stride, users) !== 1) stride += 1;
  for (let index = 0; index < size; index += 1) {
    yield ((start + index * stride) % users) + 1;
  }
}

function greatestCommonDivisor(left: number, right: number): number {
  let [a, b] = [left, right];
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
