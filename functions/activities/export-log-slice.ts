import { defaultPartLimits, exportPart } from '../../shared/export/export-part.ts';
import type { PartState } from '../../shared/export/stored-export.ts';
import { exportLogPage } from '../../shared/log-backup/export-logs.ts';
import type { SearchPosition } from '../../shared/log-backup/search-context.ts';
import {
  getOperation,
  isCancelRequested,
  updateOperation,
} from '../../shared/repository/operations.ts';
import { sliceMs } from '../backup-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import { reachedFailpoint } from '../fault-points.ts';
import { type OpenLogExport, openLogExport } from '../log-exports.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

export interface ExportSlice {
  readonly state: 'more' | 'done' | 'canceled';
  readonly records: number;
  readonly isWhole: boolean;
}

const MOST_WARNINGS = 20;

/** Stores parts of an export of logs for one slice of time; the stored parts say where to go on. */
export const exportLogSlice = defineActivity<Input, Outcome<ExportSlice>>(
  'exportLogSlice',
  async (input) =>
    await outcomeOf(async () => {
      const { database, clock } = services();
      const { tenantNo, operationId } = input;
      const operation = await database.withTenant(tenantNo, (tx) => getOperation(tx, operationId));
      const opened = openLogExport(services(), operation);
      const deadline = new Date(clock.now().getTime() + sliceMs);
      let last = await opened.exported.last();
      for (;;) {
        if (last !== undefined) await note(input, last);
        const state = await stateOf(input, last, deadline);
        if (state !== 'open') return sliceOf(state, last);
        last = await nextPart(opened, last, deadline);
        await reachedFailpoint('logExport.partStored');
      }
    }),
);

async function stateOf(
  input: Input,
  last: PartState | undefined,
  deadline: Date,
): Promise<ExportSlice['state'] | 'open'> {
  if (last !== undefined && last.position === undefined) return 'done';
  if (await isCanceled(input)) return 'canceled';
  return services().clock.now() >= deadline ? 'more' : 'open';
}

async function nextPart(
  { exported, place, search, request, input }: OpenLogExport,
  before: PartState | undefined,
  deadline: Date,
): Promise<PartState> {
  const context = { place, clock: services().clock, limits: defaultPartLimits };
  const readPage = async (position: unknown, milliseconds: number) =>
    await exportLogPage(
      search,
      request,
      input.format,
      position as SearchPosition | undefined,
      milliseconds,
    );
  return await exportPart(context, exported, before, readPage, deadline);
}

function sliceOf(state: ExportSlice['state'], last: PartState | undefined): ExportSlice {
  return { state, records: last?.records ?? 0, isWhole: last?.isWhole ?? true };
}

async function isCanceled({ tenantNo, operationId }: Input): Promise<boolean> {
  const { database } = services();
  return await database.withTenant(tenantNo, (tx) => isCancelRequested(tx, operationId));
}

/** What is stored shows on the operation; said again when a slice that was killed had not said it. */
async function note({ tenantNo, operationId }: Input, last: PartState): Promise<void> {
  await services().database.withTenant(tenantNo, async (tx) => {
    const { warnings } = await getOperation(tx, operationId);
    const all = [...new Set([...warnings, ...last.notes])].slice(0, MOST_WARNINGS);
    await updateOperation(tx, operationId, {
      ...{ status: 'running', phase: 'export', warnings: all },
      progress: { records: { done: last.records }, parts: { done: last.number } },
    });
  });
}
