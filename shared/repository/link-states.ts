import { bigintArray, numbersOf } from './binary-array.ts';
import type { Transaction } from './database.ts';
import { type LinkPage, type Pairs, pairArrays } from './link-pairs.ts';

/** Of a link at N: open, or closed at N; undefined when it is neither. */
export type LinkState = 'open' | 'closed' | undefined;

const OPEN = 2_147_483_647;
/** A source with this many links more than a page shows is not read whole. */
const MORE = 50;

interface StoredLinks {
  readonly source: number;
  /** Targets, and where each link ends; null when there are too many. */
  readonly targets: string | null;
  readonly points: string | null;
}

/**
 * How the links of a page stand, by their position; nothing when no source has any. The links of a
 * source are read whole where that is less than looking each pair up: in a first backup it has none,
 * or the few that its `$expand` has shown.
 */
export async function statesOf(
  tx: Transaction,
  page: LinkPage,
  pairs: Pairs,
): Promise<readonly LinkState[]> {
  const positions = positionsBySource(pairs);
  const states = new Array<LinkState>(pairs.sources.length);
  const single: number[] = [];
  const stored = await storedLinks(tx, page, positions);
  for (const links of stored) {
    const its = positions.get(links.source) ?? [];
    const known = statesOfTargets(links);
    if (known === undefined) single.push(...its);
    else for (const position of its) states[position] = known.get(pairs.targets[position]);
  }
  if (single.length > 0) await lookUp(tx, page, pairs, single, states);
  return stored.length === 0 ? [] : states;
}

/** By target; undefined when there are too many. */
function statesOfTargets(
  links: StoredLinks,
): ReadonlyMap<number | undefined, LinkState> | undefined {
  if (links.targets === null) return undefined;
  const ends = numbersOf(links.points);
  const known = new Map<number | undefined, LinkState>();
  for (const [index, target] of numbersOf(links.targets).entries()) {
    const state = ends[index] === OPEN ? 'open' : 'closed';
    if (known.get(target) !== 'open') known.set(target, state);
  }
  return known;
}

function positionsBySource(pairs: Pairs): ReadonlyMap<number, number[]> {
  const positions = new Map<number, number[]>();
  for (const [position, source] of pairs.sources.entries()) {
    const its = positions.get(source);
    if (its === undefined) positions.set(source, [position]);
    else its.push(position);
  }
  return positions;
}

/** The stored links of the sources, of those that have any. */
async function storedLinks(
  tx: Transaction,
  page: LinkPage,
  positions: ReadonlyMap<number, readonly number[]>,
): Promise<StoredLinks[]> {
  if (positions.size === 0) return [];
  return await tx.rows<StoredLinks>(
    `select s.key as source,
       case when count(*) < s.most
         then coalesce(array_agg(l.target) filter (where l.to_point >= $3), '{}')::text end as targets,
       case when count(*) < s.most
         then coalesce(array_agg(l.to_point) filter (where l.to_point >= $3), '{}')::text end as points
     from unnest($4::bigint[], $5::bigint[]) as s (key, most)
     cross join lateral (select target, to_point from link where tenant_no = (select $1::int)
       and relationship = $2 and source = s.key limit s.most) l
     group by s.key, s.most`,
    [
      tx.tenantNo,
      page.relationship,
      page.point,
      bigintArray([...positions.keys()]),
      bigintArray([...positions.values()].map((its) => its.length + MORE)),
    ],
  );
}

/** Looks the pairs at these positions up, each by its key. */
async function lookUp(
  tx: Transaction,
  page: LinkPage,
  pairs: Pairs,
  positions: readonly number[],
  states: LinkState[],
): Promise<void> {
  const at = (list: readonly number[]): number[] => positions.map((index) => list[index] ?? 0);
  const asked = { sources: at(pairs.sources), targets: at(pairs.targets) };
  const row = await tx.row<{ open: string | null; closed: string | null }>(
    `select (array_agg(p.ord) filter (where l.to_point = 2147483647))::text as open,
       (array_agg(p.ord) filter (where l.to_point = $3))::text as closed
     from unnest($4::bigint[], $5::bigint[]) with ordinality as p (source, target, ord)
     cross join lateral (select to_point from link where tenant_no = (select $1::int)
       and relationship = $2 and source = p.source and target = p.target
       and to_point >= $3 offset 0) l`,
    [tx.tenantNo, page.relationship, page.point, ...pairArrays(asked)],
  );
  for (const state of ['closed', 'open'] as const) {
    for (const ord of numbersOf(row?.[state] ?? null)) {
      states[positions[(ord ?? 0) - 1] ?? -1] = state;
    }
  }
}
