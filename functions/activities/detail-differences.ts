import { objectTypes } from '../../shared/catalog/index.ts';
import { differenceDetails, type SideStates } from '../../shared/compare/difference-details.ts';
import { capturedBy, partSpaces } from '../../shared/compare/stored-states.ts';
import type { Selection } from '../../shared/model/selection.ts';
import {
  type Comparison,
  comparisonOfOperation,
  lockComparison,
  moveComparison,
  setDetailedTo,
  summarise,
} from '../../shared/repository/comparisons.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import * as differences from '../../shared/repository/differences.ts';
import { readIdentityMap } from '../../shared/repository/identity-map.ts';
import { capturedAt, objectStatesAt, partStatesAt } from '../../shared/repository/object-states.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { services } from '../services.ts';

const sliceMs = 40_000;
const differencesPerChunk = 200;

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

/** Looks into the bodies of listed differences, chunk by chunk, for one slice of time. */
export const detailDifferences = defineActivity<Input, Outcome<{ state: 'more' | 'done' }>>(
  'detailDifferences',
  async ({ tenantNo, operationId }) =>
    await outcomeOf(async () => {
      const { database, clock } = services();
      const end = clock.now().getTime() + sliceMs;
      while (clock.now().getTime() < end) {
        const isDone = await database.withTenant(
          tenantNo,
          async (tx) => await detailChunk(tx, operationId),
        );
        if (isDone) return { state: 'done' };
      }
      return { state: 'more' };
    }),
);

/** Details of the next differences; true when the comparison is ready. */
async function detailChunk(tx: Transaction, operationId: string): Promise<boolean> {
  const { id } = await comparisonOfOperation(tx, operationId);
  const comparison = await lockComparison(tx, id);
  if (comparison.state !== 'listed') return true;
  const rows = await differences.listDifferences(
    tx,
    id,
    comparison.detailedTo,
    differencesPerChunk,
  );
  const last = rows.at(-1);
  if (last === undefined) {
    await summarise(tx, id);
    await moveComparison(tx, id, 'listed', 'ready');
    return true;
  }
  const { properties } = JSON.parse(comparison.selection) as Selection;
  const details = differenceDetails({
    differences: rows,
    from: await sideOf(
      tx,
      rows.map((row) => row.fromKey),
      pointOf(comparison, 'fromPoint'),
    ),
    to: await sideOf(
      tx,
      rows.map((row) => row.toKey),
      pointOf(comparison, 'toPoint'),
    ),
    types: objectTypes,
    identity: await readIdentityMap(tx),
    ...(properties === undefined ? {} : { properties: new Set(properties) }),
  });
  await differences.saveDetails(tx, id, details);
  await setDetailedTo(tx, id, last.no);
  return false;
}

function pointOf(comparison: Comparison, side: 'fromPoint' | 'toPoint'): number {
  return comparison[side] ?? 0;
}

async function sideOf(
  tx: Transaction,
  keys: readonly (number | null)[],
  point: number,
): Promise<SideStates> {
  const known = keys.filter((key) => key !== null);
  const parts = await partStatesAt(tx, known, partSpaces(objectTypes), point);
  return {
    objects: await objectStatesAt(tx, known, point),
    parts: parts.filter((part) => part.state === 'live'),
    captured: capturedBy(await capturedAt(tx, point), objectTypes),
  };
}
