/** Rows sorted by their first 5 bytes natively carry their number in the lower 24 bits. */
export const MAX_ROWS = 2 ** 24;

// where the lower and the upper half of a number of 64 bits stand
const [LOWER, UPPER] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0];

/**
 * Sorts rows of `width` bytes (at least 5) as byte strings, without a comparison function for all but
 * rows that begin alike: hashes. At most MAX_ROWS rows.
 */
export function sortRows(rows: Buffer, width: number): Buffer {
  const count = rows.length / width;
  const keys = new BigUint64Array(count);
  const halves = new Uint32Array(keys.buffer);
  for (let row = 0; row < count; row++) {
    const from = row * width;
    halves[row * 2 + UPPER] = rows.readUInt32BE(from);
    halves[row * 2 + LOWER] = (rows.readUInt8(from + 4) << 24) | row;
  }
  keys.sort();
  const sorted = Buffer.allocUnsafe(rows.length);
  let [lastUpper, lastFifth] = [-1, -1];
  for (let place = 0; place < count; place++) {
    const upper = halves[place * 2 + UPPER] ?? 0;
    const lower = halves[place * 2 + LOWER] ?? 0;
    const from = (lower & (MAX_ROWS - 1)) * width;
    rows.copy(sorted, place * width, from, from + width);
    if (upper === lastUpper && lower >>> 24 === lastFifth) settle(sorted, width, place);
    [lastUpper, lastFifth] = [upper, lower >>> 24];
  }
  return sorted;
}

/** Puts a row among those before it that begin alike: few, and mostly in order already. */
function settle(rows: Buffer, width: number, place: number): void {
  const isAfter = (one: number): boolean =>
    rows.compare(rows, place * width, (place + 1) * width, one * width, (one + 1) * width) > 0;
  let to = place;
  while (to > 0 && isAfter(to - 1)) to -= 1;
  if (to === place) return;
  const moved = Buffer.from(rows.subarray(place * width, (place + 1) * width));
  rows.copyWithin((to + 1) * width, to * width, place * width);
  moved.copy(rows, to * width);
}
