import { defaultPartLimits, exportPart } from '../../shared/export/export-part.ts';
import { type PartState, StoredExport } from '../../shared/export/stored-export.ts';
import { exportLogPage } from '../../shared/log-backup/export-logs.ts';
import type { LogExportFormat } from '../../shared/log-backup/export-rows.ts';
import type {
  SearchContext,
  SearchPosition,
  SearchRequest,
} from '../../shared/log-backup/search-context.ts';
import { partContainers } from '../../shared/log-repository/part-containers.ts';
import { systemClock } from '../../shared/model/clock.ts';

export interface ExportPlan {
  readonly context: SearchContext;
  readonly request: SearchRequest;
  readonly format: LogExportFormat;
  readonly id: string;
  /** So small that even a small export has several parts, frames and pages. */
  readonly isSmall?: boolean;
}

export const small = { partBytes: 9000, frameBytes: 2500 };

export function openExport({ context, id }: ExportPlan): StoredExport {
  const { store, keys, tenant } = context;
  return new StoredExport({ store, keys, containers: partContainers }, tenant, id);
}

/** Stores parts until the end, as one worker after the other does. */
export async function exportToEnd(plan: ExportPlan): Promise<PartState> {
  let last = await openExport(plan).last();
  while (last === undefined || last.position !== undefined) last = await nextPart(plan, last);
  return last;
}

export async function nextPart(
  plan: ExportPlan,
  before: PartState | undefined,
): Promise<PartState> {
  const { context, request, format, isSmall = true } = plan;
  const { store, keys } = context;
  const place = { store, keys, containers: partContainers };
  const limits = isSmall ? small : defaultPartLimits;
  const page = isSmall ? { records: 7, bytes: 4000 } : undefined;
  const deadline = new Date(Date.now() + 20_000);
  const readPage = async (position: unknown, milliseconds: number) =>
    await exportLogPage(
      ...([context, request, format, position as SearchPosition | undefined] as const),
      milliseconds,
      page,
    );
  const own = { place, clock: systemClock, limits };
  return await exportPart(own, openExport(plan), before, readPage, deadline);
}

/** The whole export, read in one range. */
export async function contentOf(plan: ExportPlan): Promise<Buffer> {
  const exported = openExport(plan);
  const last = await exported.last();
  if (last === undefined || last.position !== undefined) throw new Error('it has not ended');
  return await exported.read(last, 0, last.offset + last.bytes);
}
