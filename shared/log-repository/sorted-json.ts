/** A value of plain JSON; a member that is undefined is left out. */
export type PlainJson =
  | string
  | number
  | boolean
  | null
  | readonly PlainJson[]
  | { readonly [name: string]: PlainJson | undefined };

/**
 * One fixed text of a value of ours: members sorted by code unit, no white space. Unlike the
 * canonical text of Graph objects it keeps `null` members.
 */
export function sortedJson(value: PlainJson): string {
  return JSON.stringify(value, (_, member: PlainJson) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    const entries = Object.entries(member as Record<string, PlainJson>);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
