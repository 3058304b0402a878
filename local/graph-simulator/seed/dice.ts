// Determined draws: the same (seed, kind, number) always gives the same value, in any order.

/** A 32-bit draw for the n-th thing of a kind. */
export function roll(seed: number, kind: number, n: number): number {
  let mixed = (seed ^ Math.imul(kind + 1, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** In [0, 1). */
export function share(seed: number, kind: number, n: number): number {
  return roll(seed, kind, n) / 4_294_967_296;
}

/** One of the items; the same draw always takes the same. */
export function pick<Items extends readonly [unknown, ...unknown[]]>(
  items: Items,
  draw: number,
): Items[number] {
  return items[draw % items.length] ?? items[0];
}

/** Kinds of ids; each has its own id space, so the n-th user and the n-th group differ. */
export const idKinds = {
  user: 1,
  group: 2,
  unit: 3,
  policy: 4,
  location: 5,
  role: 6,
  servicePrincipal: 7,
  device: 8,
  scopedRole: 9,
  deletedUser: 10,
  deletedGroup: 11,
  deletedUnit: 12,
  never: 13,
  application: 14,
  sku: 15,
} as const;
export type IdKind = keyof typeof idKinds;

const bytes = Buffer.alloc(16);

/** The GUID (version 4 form, lower case) of the n-th thing of a kind. */
export function idOf(seed: number, kind: IdKind, n: number): string {
  const base = idKinds[kind] * 16;
  for (let word = 0; word < 4; word += 1) bytes.writeUInt32BE(roll(seed, base + word, n), word * 4);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  const part = (from: number, to: number) => hex.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}
