import { mentionedIds } from '../compare/rewrite-ids.ts';
import { isJsonObject } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import type { PlanRun } from './plan-run.ts';
import { noteOf, type PlanNote } from './plan-step.ts';

/** Property whose text holds object ids: `user.objectId -in ["..."]`, `user.memberof -any (...)`. */
const rule = 'membershipRule';
const bodiesPerQuery = 2_000;
const detail = 'It refers to an object that is created again under a new id, and is left as it is.';

/**
 * Lists live objects that refer to objects created again, by this plan or before: policies by what
 * the catalogue stores as embedded references, dynamic groups and units by the text of their rule.
 */
export async function healingNotes(run: PlanRun, goneKeys: readonly number[]): Promise<PlanNote[]> {
  const { tx, repository, livePoint } = run;
  const mapped = await repository.identityMap.mappedKeys(tx);
  const keys = [...new Set([...goneKeys, ...mapped])];
  if (keys.length === 0) return [];
  const referrers = await repository.planLinks.referrersAt(tx, keys, livePoint);
  const notes = referrers.map((referrer) =>
    noteOf({
      kind: 'needsHealing',
      type: referrer.sourceType,
      objectKey: referrer.sourceKey,
      objectId: referrer.sourceId,
      relationship: referrer.relationship,
      targets: [referrer.targetId],
      detail,
    }),
  );
  const ends = await repository.planLinks.linkEndsAt(tx, keys, livePoint);
  const ids = new Set([...ends.values()].map((end) => end.objectId));
  return [...notes, ...(await ruleNotes(run, ids))];
}

async function ruleNotes(run: PlanRun, ids: ReadonlySet<string>): Promise<PlanNote[]> {
  const types = run.types.filter((type) => type.select.includes(rule)).map((type) => type.name);
  const notes: PlanNote[] = [];
  for (let after = 0; ; ) {
    const bodies = await run.repository.planLinks.bodiesContaining(
      run.tx,
      types,
      `"${rule}"`,
      run.livePoint,
      after,
      bodiesPerQuery,
    );
    for (const { key, objectId, type, body } of bodies) {
      after = key;
      const targets = ruleIds(body).filter((id) => ids.has(id));
      if (targets.length === 0) continue;
      const about = { type, objectKey: key, objectId, property: rule, targets };
      notes.push(noteOf({ ...about, kind: 'needsHealing', detail }));
    }
    if (bodies.length < bodiesPerQuery) return notes;
  }
}

function ruleIds(text: string): string[] {
  const body = parseJson(text);
  return isJsonObject(body) ? [...mentionedIds(body[rule] ?? null)].sort() : [];
}
