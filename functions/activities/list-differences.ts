import { objectTypes } from '../../shared/catalog/index.ts';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Selection } from '../../shared/model/selection.ts';
import { listCandidates } from '../../shared/repository/comparison-candidates.ts';
import {
  comparisonOfOperation,
  lockComparison,
  moveComparison,
  setLivePoint,
} from '../../shared/repository/comparisons.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { changePlan, planOfOperation } from '../../shared/repository/restore-plans.ts';
import { resolveSelection } from '../../shared/repository/selections.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { selectableSpaces } from '../restore-parts.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
  /** The point taken for a comparison with the live state; 0 when none was. */
  readonly livePoint: number;
}

/** Lists the objects and links that differ, without looking into bodies; nothing when repeated. */
export const listDifferences = defineActivity<Input, Outcome<object>>(
  'findDifferences',
  async (input) =>
    await outcomeOf(
      async () =>
        await services().database.withTenant(input.tenantNo, async (tx) => {
          await list(tx, input);
          return {};
        }),
    ),
);

async function list(tx: Transaction, { operationId, livePoint }: Input): Promise<void> {
  const { id } = await comparisonOfOperation(tx, operationId);
  if (livePoint > 0) await setLivePoint(tx, id, livePoint);
  const comparison = await lockComparison(tx, id);
  if (comparison.state !== 'pending') return;
  const { fromPoint, toPoint, purpose } = comparison;
  if (fromPoint === undefined || toPoint === undefined) {
    throw new BackupError('invalidState', `comparison ${id} has no live point`);
  }
  const selection = JSON.parse(comparison.selection) as Selection;
  await listCandidates(tx, {
    comparisonId: id,
    fromPoint,
    toPoint,
    types: objectTypes.map((type) => type.name),
    relationships: objectTypes.flatMap((type) => type.links.map((link) => link.name)),
    selection: await resolveSelection(tx, selection, selectableSpaces),
    linkScope: purpose === 'plan' ? 'either' : 'source',
  });
  await moveComparison(tx, id, 'pending', 'listed');
  if (purpose === 'plan') await pinLivePoint(tx, operationId, livePoint);
}

async function pinLivePoint(
  tx: Transaction,
  operationId: string,
  livePoint: number,
): Promise<void> {
  const plan = await planOfOperation(tx, operationId);
  await changePlan(tx, plan.id, 'planning', { livePoint });
}
