// How the lines of a tenant and of a restore point are held against each other.

/** `type id` of live objects and facets, `relationship source target` of visible links. */
export type Standing = ReadonlySet<string>;

/** A line without the hash of its content. */
export const withoutHash = (line: string): string => line.replace(/ [0-9a-f]{64}$/, '');

/** Lines without the hashes of their content; what lies in the recycle bin does not stand. */
export function standing(lines: readonly string[]): Standing {
  const kept = lines.filter((line) => !line.startsWith('bin '));
  return new Set(kept.map(withoutHash));
}

/**
 * Lines that one side has, or has more often: `-` the tenant, `+` the point. Empty when they are
 * equal; a link or an object that stands twice in the point is a difference.
 */
export function differenceOf(truth: readonly string[], point: readonly string[]): string[] {
  return [
    ...without(truth, point).map((line) => `- ${line}`),
    ...without(point, truth).map((line) => `+ ${line}`),
  ];
}

/** Lines less one for each equal line of the others. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
