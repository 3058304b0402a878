import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { directoryKeys } from '../../shared/repository/plan-links.ts';
import type { PlanNoteRow, PlanStepRow } from '../../shared/repository/plan-steps.ts';
import type { RestorePlan } from '../../shared/repository/restore-plans.ts';
import { namedReferences, unseenReference } from './named-references.ts';
import { referenceBody, timeText } from './schemas.ts';

const counts = z.record(z.string(), z.number());

export const planBody = z
  .object({
    id: z.string(),
    operationId: z.string(),
    restorePoint: z.number(),
    livePoint: z.number().optional(),
    selection: z.unknown(),
    options: z.unknown(),
    state: z.enum([
      'planning',
      'ready',
      'approved',
      'rejected',
      'withdrawn',
      'applied',
      'failed',
      'expired',
    ]),
    planHash: z.string().optional(),
    steps: z.number().optional(),
    stepsByKind: counts.optional(),
    notesByKind: counts.optional(),
    permissions: z.object({ needed: z.array(z.string()), missing: z.array(z.string()) }).optional(),
    requestedBy: z.string(),
    decidedBy: z.string().optional(),
    decisionReason: z.string().optional(),
    createdDateTime: timeText,
    expirationDateTime: timeText,
  })
  .meta({ id: 'RestorePlan' });

export const planItemBody = z
  .object({
    no: z.number().optional(),
    kind: z.string(),
    object: referenceBody,
    targets: z.array(referenceBody).optional(),
  })
  .loose()
  .meta({ id: 'RestorePlanItem' });

const undecided: ReadonlySet<string> = new Set(['planning', 'ready', 'approved']);

export function showPlan(plan: RestorePlan, now: Date): z.input<typeof planBody> {
  const isExpired = undecided.has(plan.state) && plan.expiresAt <= now;
  return {
    id: plan.id,
    operationId: plan.operationId,
    restorePoint: plan.point,
    livePoint: plan.livePoint,
    selection: JSON.parse(plan.selection) as unknown,
    options: JSON.parse(plan.options) as unknown,
    state: isExpired ? 'expired' : plan.state,
    planHash: plan.hash,
    steps: plan.summary?.steps,
    stepsByKind: plan.summary && { ...plan.summary.stepsByKind },
    notesByKind: plan.summary && { ...plan.summary.notesByKind },
    permissions: plan.summary && {
      needed: [...plan.summary.permissions.needed],
      missing: [...plan.summary.permissions.missing],
    },
    requestedBy: plan.requestedBy,
    decidedBy: plan.decidedBy,
    decisionReason: plan.decisionReason,
    createdDateTime: plan.createdAt.toISOString(),
    expirationDateTime: plan.expiresAt.toISOString(),
  };
}

type ItemRow = (PlanStepRow & { readonly no: number }) | PlanNoteRow;

/** Members of a stored document that callers are not shown, or not as they are stored. */
const hidden = ['id', 'objectKey', 'objectId', 'currentId', 'unit', 'secret', 'type', 'needs'];
const values = ['request', 'properties'];

/** Steps or notes with names beside their ids; without values for those who may not see them. */
export async function showPlanItems(
  tx: Transaction,
  rows: readonly ItemRow[],
  point: number,
  withValues: boolean,
): Promise<JsonObject[]> {
  const documents = rows.map((row) => parseJson(row.document)).filter(isJsonObject);
  const ids = new Set(documents.flatMap((document) => texts(document['targets'])));
  const keys = await directoryKeys(tx, [...ids]);
  const references = await namedReferences(
    tx,
    [...rows.map((row) => row.objectKey), ...keys.values()],
    point,
  );
  const named = (key: number | undefined): JsonValue => {
    const reference = key === undefined ? undefined : references.get(key);
    return reference === undefined ? null : { ...reference };
  };
  return documents.map((document, index) => {
    const row = rows[index];
    const shown = Object.entries(document).filter(([name]) => !hidden.includes(name));
    const item: JsonObject = Object.fromEntries(shown);
    if (!withValues) redact(item);
    if (row !== undefined && 'no' in row) item['no'] = row.no;
    item['object'] = named(row?.objectKey);
    if (document['targets'] !== undefined) {
      item['targets'] = texts(document['targets']).map(
        (id) => named(keys.get(id)) ?? { ...unseenReference(id) },
      );
    }
    return item;
  });
}

function redact(item: JsonObject): void {
  for (const name of values) {
    const value = item[name];
    if (Array.isArray(value)) item[name] = value.filter(isJsonObject).map(nameOnly);
    else if (isJsonObject(value)) {
      const { body: _, ...rest } = value;
      item[name] = rest as JsonObject;
    }
  }
}

function nameOnly(property: JsonObject): JsonObject {
  return { name: property['name'] ?? null };
}

function texts(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
