import type { ObjectType } from '../catalog/object-type.ts';
import { compareObject, type ObjectState } from '../compare/compare-object.ts';
import { mentionedIds } from '../compare/rewrite-ids.ts';
import { emptyObject } from '../json/plain-object.ts';
import type { DifferenceLinkRow, DifferenceRow } from '../repository/differences.ts';
import type { ObjectStateRow } from '../repository/object-states.ts';
import { dormantLinks, type Fates, readFates } from './link-fates.ts';
import { planChildren } from './plan-children.ts';
import { type LinkPlan, type LinkTarget, planLinks } from './plan-links.ts';
import { permissionsOf } from './plan-permissions.ts';
import { loadStates, type PlanRun, savePlanned, typeOf } from './plan-run.ts';
import type { PlanNote, PlanStep, Rung } from './plan-step.ts';

const differencesPerSlice = 100;
/** Links a slice loads; the first difference is planned whole however many it has. */
const linksPerSlice = 20_000;

type Loaded = { readonly state: ObjectState; readonly row: ObjectStateRow };

/** A source of links with where it is and what it was. */
interface Source {
  readonly difference: DifferenceRow;
  readonly type: ObjectType;
  readonly key: number;
  readonly wanted: Loaded;
  readonly live: Loaded | undefined;
  readonly rung: Rung;
  readonly currentId: string;
}

/**
 * Plans links and children of the next differences; every object has its rung by then. Answers the
 * number of the last difference planned; undefined when none was left.
 */
export async function planLinksSlice(run: PlanRun): Promise<number | undefined> {
  const { tx, repository, plan } = run;
  const differences = firstOf(
    await repository.differences.listDifferences(
      tx,
      plan.comparisonId,
      plan.partsTo,
      differencesPerSlice,
    ),
  );
  const sources = await findSources(run, differences);
  const links = await repository.differences.listDifferenceLinks(
    tx,
    plan.comparisonId,
    sources.map((source) => source.difference.no),
    Math.max(0, ...differences.map((difference) => difference.linkCount)),
  );
  const linksOf = Map.groupBy(links, (link) => link.no);
  const mentioned = new Set<string>();
  for (const { wanted } of sources) {
    for (const child of wanted.state.children) mentionedIds(child.body, mentioned);
  }
  const referred = await repository.planLinks.directoryKeys(tx, [...mentioned]);
  const endings = await readEndings(run, sources);
  const fates = await readFates(run, [
    ...sources.map((source) => source.key),
    ...links.map((link) => link.target),
    ...referred.values(),
  ]);
  const returns = await dormantLinks(
    run,
    sources.flatMap((source) =>
      (linksOf.get(source.difference.no) ?? []).map((link) => ({ ...link, source: source.key })),
    ),
    fates,
  );
  const steps: PlanStep[] = [];
  const notes: PlanNote[] = [];
  for (const source of sources) {
    const own = linksOf.get(source.difference.no) ?? [];
    for (const part of [
      planLinks(linkInput(source, own, fates, returns)),
      childPlan(run, source, fates, referred, endings),
    ]) {
      steps.push(...part.steps.map((step) => withPermissions(step, source)));
      notes.push(...part.notes);
    }
  }
  await savePlanned(run, steps, notes);
  return differences.at(-1)?.no;
}

/** As many differences as have few enough links together. */
function firstOf(differences: readonly DifferenceRow[]): readonly DifferenceRow[] {
  let links = 0;
  const end = differences.findIndex((difference, index) => {
    links += difference.linkCount;
    return index > 0 && links > linksPerSlice;
  });
  return end === -1 ? differences : differences.slice(0, end);
}

/** When children were last live, by `parent key, id`. */
async function readEndings(
  run: PlanRun,
  sources: readonly Source[],
): Promise<ReadonlyMap<string, number>> {
  const parents = sources
    .filter((source) => source.type.children.length > 0)
    .map((source) => source.live?.row.key ?? 0);
  const spaces = run.types.flatMap((type) => type.children.map((child) => child.name));
  const rows = await run.repository.planLinks.childEndings(run.tx, parents, spaces);
  return new Map(rows.map((row) => [`${row.parentKey} ${row.objectId}`, row.endedAt]));
}

function withPermissions(step: PlanStep, source: Source): PlanStep {
  return { ...step, permissions: permissionsOf(step, source.type, source.wanted.state.body) };
}

/** The differences that exist at the restore point and may have links or children to restore. */
async function findSources(run: PlanRun, differences: readonly DifferenceRow[]): Promise<Source[]> {
  const { tx, repository, plan } = run;
  const keys = differences.flatMap(({ toKey }) => toKey ?? []);
  const wanted = await loadStates(run, keys, plan.point);
  const planned = await repository.planSteps.planObjects(tx, plan.id, keys);
  const current = differences.map(
    ({ fromKey, toKey }) => planned.get(toKey ?? 0)?.currentKey ?? fromKey ?? 0,
  );
  const live = await loadStates(run, current, run.livePoint);
  return differences.flatMap((difference, index) => {
    const type = typeOf(run, difference);
    const own = wanted.get(difference.toKey ?? 0);
    if (type === undefined || own === undefined) return [];
    const now = live.get(current[index] ?? 0);
    const rung = planned.get(own.row.key)?.rung ?? (now?.row.state === 'live' ? 'live' : 'stopped');
    return [
      {
        difference,
        type,
        key: own.row.key,
        wanted: own,
        live: now,
        rung,
        currentId: rung === 'gone' ? own.row.objectId : (now?.row.objectId ?? own.row.objectId),
      },
    ];
  });
}

function linkInput(
  source: Source,
  links: readonly DifferenceLinkRow[],
  fates: Fates,
  returns: Awaited<ReturnType<typeof dormantLinks>>,
) {
  const wanted = new Map<string, LinkTarget[]>();
  const surplus = new Map<string, string[]>();
  for (const { relationship, target, change } of links) {
    if (change === 'removed') {
      const ids = surplus.get(relationship) ?? [];
      ids.push(fates.targetOf(target)?.currentId ?? '');
      surplus.set(relationship, ids);
      continue;
    }
    const found = fates.targetOf(target);
    if (found === undefined) continue;
    const comesBack =
      (found.fate === 'live' || found.fate === 'unknown') &&
      returns({ relationship, source: source.key, target });
    const list = wanted.get(relationship) ?? [];
    list.push(comesBack ? { ...found, fate: 'returns' } : found);
    wanted.set(relationship, list);
  }
  const { type, key, wanted: own, rung, currentId } = source;
  const { objectId: id } = own.row;
  return { type, key, id, rung, currentId, body: own.state.body, wanted, surplus };
}

function childPlan(
  run: PlanRun,
  source: Source,
  fates: Fates,
  referred: ReadonlyMap<string, number>,
  endings: ReadonlyMap<string, number>,
): LinkPlan {
  const { type, wanted, live, difference } = source;
  if (!difference.selected || type.children.length === 0 || run.context.properties !== undefined) {
    return { steps: [], notes: [] };
  }
  const nothing = { id: wanted.state.id, body: emptyObject(), facets: new Map(), children: [] };
  const { parts } = compareObject(
    type,
    {
      from: live?.state ?? nothing,
      to: wanted.state,
      captured: { from: run.captured.live, to: run.captured.wanted },
    },
    run.context.rulesOf,
    run.identity,
  );
  return planChildren({
    type,
    key: source.key,
    id: wanted.row.objectId,
    rung: source.rung,
    currentId: source.currentId,
    wanted: wanted.state.children,
    differences: parts.filter((part) => !part.type.startsWith('facet:')),
    returnsWith: (child, id) => {
      const since = fates.inBinSince(referred.get(id) ?? 0);
      const ended = endings.get(`${source.live?.row.key} ${child.id}`);
      return since !== undefined && ended !== undefined && ended >= since;
    },
    fateOf: (id) => {
      const key = referred.get(id);
      const fate = key === undefined ? undefined : fates.targetOf(key)?.fate;
      if (fate === 'recreated' || fate === 'missing') return fate;
      return fate === 'live' ? 'exists' : undefined;
    },
  });
}
