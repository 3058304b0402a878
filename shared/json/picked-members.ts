import { eachElement, eachMember, skipValue, stringAt } from './json-bytes.ts';

/**
 * Which members of a record are wanted: a name stands for the key under which its strings are
 * collected, or for what is wanted inside it. Arrays are looked through.
 */
export interface Wanted {
  readonly [name: string]: string | Wanted;
}

/** Strings by key, in the order of the record; what is no string is left out. */
export type Picked = Map<string, string[]>;

const [openBrace, openBracket] = [0x7b, 0x5b];

/** Collects the wanted strings of the object at the beginning of `bytes`, which is valid JSON. */
export function pickMembers(bytes: Buffer, wanted: Wanted): Picked {
  const picked: Picked = new Map();
  inObject(bytes, 0, compiled(wanted), picked);
  return picked;
}

interface Entry {
  readonly name: Buffer;
  readonly want: string | readonly Entry[];
}

const known = new WeakMap<Wanted, readonly Entry[]>();

function compiled(wanted: Wanted): readonly Entry[] {
  const found = known.get(wanted);
  if (found !== undefined) return found;
  const entries = Object.entries(wanted).map(([name, want]) => ({
    name: Buffer.from(name),
    want: typeof want === 'string' ? want : compiled(want),
  }));
  known.set(wanted, entries);
  return entries;
}

function inObject(bytes: Buffer, at: number, entries: readonly Entry[], picked: Picked): number {
  return eachMember(bytes, at, (nameStart, nameEnd, valueAt) => {
    const entry = entryOf(bytes, nameStart, nameEnd, entries);
    if (entry === undefined) return skipValue(bytes, valueAt);
    return inValue(bytes, valueAt, entry.want, picked);
  });
}

function inValue(bytes: Buffer, at: number, want: Entry['want'], picked: Picked): number {
  if (typeof want === 'string') {
    const text = stringAt(bytes, at);
    if (text !== undefined) picked.set(want, [...(picked.get(want) ?? []), text]);
    return skipValue(bytes, at);
  }
  if (bytes[at] === openBrace) return inObject(bytes, at, want, picked);
  if (bytes[at] !== openBracket) return skipValue(bytes, at);
  return eachElement(bytes, at, (value) => inValue(bytes, value, want, picked));
}

function entryOf(
  bytes: Buffer,
  start: number,
  end: number,
  entries: readonly Entry[],
): Entry | undefined {
  for (const entry of entries) {
    const { name } = entry;
    if (name.length !== end - start || name[0] !== bytes[start]) continue;
    if (name.compare(bytes, start, end) === 0) return entry;
  }
  return undefined;
}
