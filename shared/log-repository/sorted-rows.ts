/** Rows sorted by their first 5 bytes natively carry their number in the lower 24 bits. */
export const MAX_ROWS = 2 ** 24;

/**
 * Sorts rows of `width` bytes (at least 5) as byte strings, without a comparison function for all but
 * rows that begin alike: hashes. At most MAX_ROWS rows.
 */
export function sortRows(rows: Buffer, width: number): Buffer {
  const count = rows.length / width;
  const keys = new BigUint64Array(count);
  const view = new DataView(keys.buffer);
  for (let row = 0; row < count; row++) {
    const from = row * width;
    const lower = (rows.readUInt8(from + 4) << 24) | row;
    const words = isLittleEndian
      ? [lower, rows.readUInt32BE(from)]
      : [rows.readUInt32BE(from), lower];
    view.setUint32(row * 8, (words[0] ?? 0) >>> 0, isLittleEndian);
    view.setUint32(row * 8 + 4, (words[1] ?? 0) >>> 0, isLittleEndian);
  }
  keys.sort();
  const sorted = Buffer.allocUnsafe(rows.length);
  for (let place = 0; place < count; place++) {
    const word = view.getUint32(place * 8 + (isLittleEndian ? 0 : 4), isLittleEndian);
    const from = (word & (MAX_ROWS - 1)) * width;
    rows.copy(sorted, place * width, from, from + width);
  }
  return settleTies(sorted, width, count);
}

/** Rows that share their first 5 bytes still have to be put in order: few of them, near each other. */
function settleTies(rows: Buffer, width: number, count: number): Buffer {
  const row = (place: number): Buffer => rows.subarray(place * width, (place + 1) * width);
  for (let place = 1; place < count; place++) {
    if (Buffer.compare(row(place - 1), row(place)) <= 0) continue;
    const moved = Buffer.from(row(place));
    let to = place;
    while (to > 0 && Buffer.compare(row(to - 1), moved) > 0) {
      rows.copyWithin(to * width, (to - 1) * width, to * width);
      to -= 1;
    }
    moved.copy(rows, to * width);
  }
  return rows;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
