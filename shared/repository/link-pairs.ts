import { bigintArray } from './binary-array.ts';
import type { Transaction } from './database.ts';
import { makeKeys } from './object-keys.ts';

export type LinkKind = 'relation' | 'embedded';

/** A link as a page shows it: the key of the source, the id of the target. */
export type Edge = readonly [source: number, targetId: string];

export interface LinkPage {
  readonly relationship: string;
  readonly kind: LinkKind;
  /** Space of the targets; ids without a row get one of type unknown. */
  readonly targetSpace: string;
  readonly point: number;
}

/** Links as pairs of keys, each once, ordered: link n leads from sources[n] to targets[n]. */
export interface Pairs {
  readonly sources: readonly number[];
  readonly targets: readonly number[];
}

/** Both parameters of `unnest($n::bigint[], $m::bigint[]) as p (source, target)`. */
export function pairArrays(pairs: Pairs): readonly [Buffer, Buffer] {
  return [bigintArray(pairs.sources), bigintArray(pairs.targets)];
}

/** Edges as pairs of keys; targets without a key get one. */
export async function pairsOf(
  tx: Transaction,
  page: LinkPage,
  edges: readonly Edge[],
): Promise<Pairs> {
  const ids = new Set(edges.map(([, id]) => id));
  const keys = await makeKeys(tx, page.targetSpace, 'unknown', ids);
  const bySource = new Map<number, Set<number>>();
  for (const [source, id] of edges) {
    const target = keys.get(id);
    if (target === undefined) continue;
    const targets = bySource.get(source);
    if (targets === undefined) bySource.set(source, new Set([target]));
    else targets.add(target);
  }
  const sources: number[] = [];
  const targets: number[] = [];
  for (const [source, its] of [...bySource].sort(([one], [other]) => one - other)) {
    for (const target of Float64Array.from(its).sort()) {
      sources.push(source);
      targets.push(target);
    }
  }
  return { sources, targets };
}
