import type { LinkEndRow, LinkKey } from '../repository/plan-links.ts';
import type { PlanObjectRow } from '../repository/plan-steps.ts';
import type { LinkTarget } from './plan-links.ts';
import type { PlanRun } from './plan-run.ts';

/** What becomes of objects that links and children point at, looked up once for a slice. */
export interface Fates {
  /** Key at the live point of an object of the restore point; undefined when it is not there. */
  currentKey(key: number): number | undefined;
  /** First point at which an object that is taken back lay in the recycle bin. */
  inBinSince(key: number): number | undefined;
  /** Fate of a link's target, apart from whether the link comes back by itself. */
  targetOf(key: number): LinkTarget | undefined;
}

/** Fates of objects of the restore point by their keys. */
export async function readFates(run: PlanRun, keys: readonly number[]): Promise<Fates> {
  const { tx, repository, plan, livePoint } = run;
  const planned = await repository.planSteps.planObjects(tx, plan.id, keys);
  const successors = await repository.identityMap.successorsOf(tx, keys);
  const current = [...planned.values()].flatMap(({ currentKey }) => currentKey ?? []);
  const all = new Set([...keys, ...current, ...[...successors.values()].flat()]);
  const ends = await repository.planLinks.linkEndsAt(tx, [...all], livePoint);
  const known = new Set(run.types.map((type) => type.name));
  const end = (key: number | undefined): LinkEndRow | undefined =>
    key === undefined ? undefined : ends.get(key);
  /** Itself or what it was mapped to, when one of them is there at the live point. */
  const there = (key: number): LinkEndRow | undefined =>
    [key, ...(successors.get(key) ?? [])]
      .map(end)
      .findLast((each) => each !== undefined && each.state !== null);
  return {
    currentKey: (key) => planned.get(key)?.currentKey ?? there(key)?.key,
    inBinSince: (key) => {
      const row = planned.get(key);
      if (row?.rung !== 'recycleBin') return undefined;
      return end(row.currentKey ?? undefined)?.since ?? undefined;
    },
    targetOf: (key) => {
      const own = end(key);
      if (own === undefined) return undefined;
      const row = planned.get(key);
      if (row !== undefined) return plannedTarget(own, row, end(row.currentKey ?? undefined));
      const now = there(key);
      if (now?.state === 'live') return target(own, 'live', now.objectId);
      const unseen = now === undefined && !known.has(own.type);
      return target(own, unseen ? 'unknown' : 'missing', own.objectId);
    },
  };
}

function plannedTarget(
  own: LinkEndRow,
  row: PlanObjectRow,
  now: LinkEndRow | undefined,
): LinkTarget {
  if (row.rung === 'gone') return target(own, 'recreated', own.objectId);
  if (row.rung === 'live' || row.rung === 'recycleBin') {
    return target(own, 'live', now?.objectId ?? own.objectId);
  }
  // not restored itself, and yet it may live unchanged
  return target(own, now?.state === 'live' ? 'live' : 'missing', now?.objectId ?? own.objectId);
}

function target(own: LinkEndRow, fate: LinkTarget['fate'], currentId: string): LinkTarget {
  return { id: own.objectId, type: own.type, fate, currentId };
}

/** The links that have a row at the live point: dormant now, back with the undeletion of an end. */
export async function dormantLinks(
  run: PlanRun,
  links: readonly LinkKey[],
  fates: Fates,
): Promise<(link: LinkKey) => boolean> {
  const { tx, repository, livePoint } = run;
  const current = (link: LinkKey): LinkKey => ({
    relationship: link.relationship,
    source: fates.currentKey(link.source) ?? link.source,
    target: fates.currentKey(link.target) ?? link.target,
  });
  const rows = await repository.planLinks.linksAt(tx, links.map(current), livePoint);
  return (link) => rows.has(repository.planLinks.linkName(current(link)));
}
