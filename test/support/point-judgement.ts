// What a restore point must hold, whatever went wrong while it was read. Nothing changes in the
// tenant during a run, so that there is one truth to hold it against.
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { differenceOf, standing, withoutHash } from './false-deletions.ts';

export interface PointView {
  readonly state: 'complete' | 'partial';
  /** Collections that were read to the end, with nothing quarantined, left out or unsettled. */
  readonly whole: ReadonlySet<string>;
  readonly lines: readonly string[];
  /** Collections whose objects Graph has shown with more than they have. */
  readonly embellished: ReadonlySet<string>;
  /** Graph has shown less than there is without a sign: what is new may be missing. */
  readonly isShort: boolean;
}

const catalogue: readonly ObjectType[] = objectTypes;

/** Collections that decide about a line of a kind: `user`, `facet:...`, `group.members`. */
const deciders = new Map<string, readonly string[]>(
  catalogue.flatMap((type) => [
    [type.name, [type.name]] as const,
    ...type.facets.map((facet) => [`facet:${facet.name}`, [type.name]] as const),
    ...type.children.map((child) => [child.name, [type.name]] as const),
    ...type.links.map((link) => {
      const ends = link.targets.filter((name) => catalogue.some((other) => other.name === name));
      return [link.name, [...new Set([type.name, ...ends])]] as const;
    }),
  ]),
);

/** Objects in the recycle bin have no type in their line: who decides about them is unknown. */
function isDecided(line: string, whole: ReadonlySet<string>): boolean {
  const found = deciders.get(typeOf(line));
  return found?.every((collection) => whole.has(collection)) ?? false;
}

/** The point before: what it shows, and links that lead to or from its recycle bin. */
export interface PreviousPoint {
  readonly lines: readonly string[];
  readonly dormant: readonly string[];
}

/** What is wrong with a point, as lines; empty when it is as it must be. */
export function judgePoint(
  tenant: readonly string[],
  before: PreviousPoint,
  point: PointView,
): string[] {
  const plain = (lines: readonly string[]): string[] =>
    lines.map((line) => (isEmbellished(line, point.embellished) ? withoutHash(line) : line));
  const [truth, previous, lines] = [tenant, before.lines, point.lines].map(plain);
  if (truth === undefined || previous === undefined || lines === undefined) return ['nothing'];
  const [stood, stands, found] = [standing(previous), standing(truth), standing(lines)];
  const known = new Set([...previous, ...plain(before.dormant), ...truth]);
  return [
    ...[...stood]
      .filter((line) => stands.has(line) && !found.has(line))
      .map((line) => `deleted although it stands: ${line}`),
    ...lines.filter((line) => !known.has(line)).map((line) => `invented: ${line}`),
    ...(point.isShort ? [] : deviations(truth, lines, point)),
  ];
}

/** A complete point is the tenant; of a partial one what was read to the end is. */
function deviations(truth: readonly string[], lines: readonly string[], point: PointView) {
  const isComplete = point.state === 'complete' && point.whole.size === catalogue.length;
  const decided = (line: string): boolean => isComplete || isDecided(line, point.whole);
  return differenceOf(truth.filter(decided), lines.filter(decided)).map(
    (line) => `not as in the tenant: ${line}`,
  );
}

function isEmbellished(line: string, collections: ReadonlySet<string>): boolean {
  const found = deciders.get(typeOf(line)) ?? [];
  return collections.has('shared') || found.some((name) => collections.has(name));
}

const typeOf = (line: string): string => line.slice(0, line.indexOf(' '));
