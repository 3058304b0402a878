import type { RepairRange } from '../../shared/log-backup/repair-range.ts';
import { repairSource, type SourceRepair } from '../../shared/log-backup/repair-source.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import {
  type Inspection,
  inspectionOfOperation,
  saveInspectionSlice,
} from '../../shared/repository/inspections.ts';
import { markLogCopy } from '../../shared/repository/log-copies.ts';
import { updateOperation } from '../../shared/repository/operations.ts';
import { getTenantByNo } from '../../shared/repository/tenants.ts';
import { sliceMs } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { LogRepairRequest } from '../inspection-requests.ts';
import { chainOf, logCopyContext } from '../log-upkeep-parts.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

interface Place {
  /** Of the list of sources. */
  readonly source: number;
  readonly left?: RepairRange;
}

interface Repaired {
  readonly of: LogSource;
  readonly segments: number;
  readonly manifests: number;
}

export interface RepairSlice {
  readonly state: 'more' | 'done';
  readonly repaired: number;
  readonly unrepaired: number;
}

/** Repairs one log repository from the other for one slice of time; the row holds where it stands. */
export const repairLogSlice = defineActivity<Input, Outcome<RepairSlice>>(
  'repairLogSlice',
  async ({ tenantNo, operationId }) =>
    await outcomeOf(async () => {
      const { clock, database } = services();
      const inspection = await database.withTenant(tenantNo, (tx) =>
        inspectionOfOperation(tx, operationId),
      );
      const before = JSON.parse(inspection.summary) as Repaired[];
      const { sources, to: side } = JSON.parse(inspection.request) as LogRepairRequest;
      const place = JSON.parse(inspection.place ?? '{"source":0}') as Place;
      const source = sources[place.source];
      if (inspection.state !== 'running' || source === undefined) {
        return answer('done', before, inspection.findingCount);
      }
      const { tenantId } = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
      const context = {
        ...logCopyContext(services(), chainOf(tenantId, source)),
        ...{ side, writer: operationId },
      };
      const deadline = new Date(clock.now().getTime() + sliceMs);
      const slice = await repairSource(context, deadline, place.left);
      const summary = withRepaired(before, source, slice);
      const next = placeAfter(place, slice);
      const isOver = next.source >= sources.length;
      await save(tenantNo, inspection, { summary, slice, next: isOver ? undefined : next, side });
      const unrepaired = inspection.findingCount + slice.result.unrepaired.length;
      return answer(isOver ? 'done' : 'more', summary, unrepaired);
    }),
);

function placeAfter({ source }: Place, { state, left }: SourceRepair): Place {
  if (state === 'done') return { source: source + 1 };
  return left === undefined ? { source } : { source, left };
}

function withRepaired(
  before: readonly Repaired[],
  of: LogSource,
  { result }: SourceRepair,
): Repaired[] {
  const known = before.find((each) => each.of === of);
  const segments = (known?.segments ?? 0) + result.segments;
  const manifests = (known?.manifests ?? 0) + result.manifests;
  return [...before.filter((each) => each.of !== of), { of, segments, manifests }];
}

function answer(
  state: RepairSlice['state'],
  summary: readonly Repaired[],
  unrepaired: number,
): RepairSlice {
  const repaired = summary.reduce((sum, each) => sum + each.segments + each.manifests, 0);
  return { state, repaired, unrepaired };
}

interface Saved {
  readonly summary: readonly Repaired[];
  readonly slice: SourceRepair;
  readonly next: Place | undefined;
  readonly side: LogRepairRequest['to'];
}

async function save(
  tenantNo: number,
  inspection: Inspection,
  { summary, slice, next, side }: Saved,
): Promise<void> {
  const { unrepaired } = slice.result;
  const part = summary.at(-1)?.of ?? '';
  const findings = unrepaired.map(({ number, name, reason: message }) => ({
    ...{ part, repository: side, kind: 'unrepaired', name, number, message },
  }));
  const failed = inspection.findingCount + findings.length;
  const done = answer('done', summary, failed).repaired;
  await services().database.withTenant(tenantNo, async (tx) => {
    const isSaved = await saveInspectionSlice(tx, inspection, {
      place: next === undefined ? undefined : JSON.stringify(next),
      summary: JSON.stringify(summary),
      findings,
      findingCount: findings.length,
    });
    if (!isSaved) return;
    await markLogCopy(tx, part);
    const counts = { done, skipped: 0, conflict: 0, failed, pending: 0 };
    await updateOperation(tx, inspection.operationId, { counts });
  });
}
