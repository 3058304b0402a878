import { isJsonObject, type JsonObject } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import type { RestoreStepRow } from '../../shared/repository/restore-steps.ts';
import { showPlanItems } from './show-plan.ts';

/** Steps as the plan shows them, with state, times and outcome. */
export async function showExecution(
  tx: Transaction,
  rows: readonly RestoreStepRow[],
  point: number,
  withValues: boolean,
): Promise<JsonObject[]> {
  const planned = rows.map((row) => ({
    id: '',
    no: row.no,
    phase: row.phase,
    kind: '',
    unit: row.unit,
    type: '',
    objectKey: objectKeyOf(row.document),
    document: row.document,
  }));
  const items = await showPlanItems(tx, planned, point, withValues);
  return items.map((item, index) => ({ ...item, ...executionOf(rows[index]) }));
}

function objectKeyOf(document: string): number {
  const step = parseJson(document);
  return isJsonObject(step) ? Number(step['objectKey']) : 0;
}

function executionOf(row: RestoreStepRow | undefined): JsonObject {
  if (row === undefined) return {};
  const result = row.result === null ? null : parseJson(row.result);
  return {
    state: row.state,
    attempts: row.attempt,
    ...(row.startedAt === null ? {} : { startedDateTime: row.startedAt.toISOString() }),
    ...(row.finishedAt === null ? {} : { finishedDateTime: row.finishedAt.toISOString() }),
    ...(isJsonObject(result) ? { result } : {}),
  };
}
