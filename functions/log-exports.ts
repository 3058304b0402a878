// What an export of logs is given: its plan from the operation's row, the repository it reads and the
// place where its parts are stored. Nothing here reads a log.
import { type ExpiredExports, removeExpiredExports } from '../shared/export/expired-exports.ts';
import { type ExportPlace, StoredExport } from '../shared/export/stored-export.ts';
import type { LogExportFormat } from '../shared/log-backup/export-rows.ts';
import type { SearchContext, SearchRequest } from '../shared/log-backup/search-context.ts';
import { partContainers } from '../shared/log-repository/part-containers.ts';
import { searchParts } from '../shared/log-repository/search-parts.ts';
import type { Operation } from '../shared/model/operation.ts';
import { findOperation } from '../shared/repository/operations.ts';
import { type LogPlace, logPlaces, requireLogPlace } from './log-parts.ts';
import type { Services } from './services.ts';

export const EXPORT_DAYS = 7;
const DAY_MS = 86_400_000;
const ended: ReadonlySet<string> = new Set(['succeeded', 'failed', 'canceled']);

/** Input of the job: what stands in the row of the operation, the filters sealed. */
export interface LogExportInput {
  readonly sources: SearchRequest['sources'];
  readonly from: string;
  readonly to: string;
  readonly format: LogExportFormat;
  readonly repository: LogPlace['name'];
  readonly versions: SearchRequest['versions'];
  /** Names of the filters that were given. */
  readonly filterNames: readonly string[];
  /** Base64: names and addresses of people, which no row holds in the clear. */
  readonly filters: string;
}

const sealOf = (operationId: string): string => `logExport ${operationId}`;

export function exportInput(
  services: Services,
  operationId: string,
  { filters, ...plan }: SearchRequest & Pick<LogExportInput, 'format' | 'repository'>,
): LogExportInput {
  const sealed = services.linkCipher().seal(JSON.stringify(filters), sealOf(operationId));
  return { ...plan, filterNames: Object.keys(filters), filters: sealed.toString('base64') };
}

export interface OpenLogExport {
  readonly input: LogExportInput;
  readonly request: SearchRequest;
  readonly search: SearchContext;
  readonly place: ExportPlace;
  readonly exported: StoredExport;
}

const most = 50;
const kept = new WeakMap<Services, Map<string, StoredExport>>();

/** Makes no request. Throws `logsNotConfigured`, and the errors of requireLogPlace. */
export function openLogExport(services: Services, operation: Operation): OpenLogExport {
  const input = operation.request as unknown as LogExportInput;
  const { sources, from, to, versions } = input;
  const sealed = Buffer.from(input.filters, 'base64');
  const text = services.linkCipher().open(sealed, sealOf(operation.id));
  const filters = JSON.parse(text) as SearchRequest['filters'];
  const { store, keys } = requireLogPlace(services, input.repository);
  const tenant = operation.tenantId.toLowerCase();
  const place = { store, keys, containers: partContainers };
  return {
    input,
    request: { sources, from, to, versions, filters },
    search: { store, keys, tenant, parts: searchParts, clock: services.clock },
    place,
    exported: keptExport(
      services,
      operation.id,
      () => new StoredExport(place, tenant, operation.id),
    ),
  };
}

/** What was opened of a part is used again: a download comes in many ranges. */
function keptExport(services: Services, id: string, open: () => StoredExport): StoredExport {
  const exports = kept.get(services) ?? new Map<string, StoredExport>();
  kept.set(services, exports);
  const found = exports.get(id) ?? open();
  exports.delete(id);
  exports.set(id, found);
  const [oldest] = exports.keys();
  if (exports.size > most && oldest !== undefined) exports.delete(oldest);
  return found;
}

/** When an export is removed; undefined while it is being made. */
export function expiryOf({ status, lastActionAt }: Operation): Date | undefined {
  if (!ended.has(status)) return undefined;
  return new Date(lastActionAt.getTime() + EXPORT_DAYS * DAY_MS);
}

/**
 * Removes the exports of a tenant that ended more than 7 days ago, and those whose operation nobody
 * knows any more, from both repositories. For the timer of the retention; may run at any time.
 */
export async function removeExpiredLogExports(
  services: Services,
  tenant: { readonly tenantNo: number; readonly tenantId: string },
  deadline: Date,
): Promise<Readonly<Record<string, ExpiredExports>>> {
  const { clock, database } = services;
  const places = logPlaces(services);
  const results: Record<string, ExpiredExports> = {};
  const isExpired = async (id: string): Promise<boolean> => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return false;
    const operation = await database.withTenant(tenant.tenantNo, (tx) => findOperation(tx, id));
    if (operation === undefined) return true;
    const expiry = expiryOf(operation);
    return expiry !== undefined && expiry <= clock.now();
  };
  for (const { name, store } of [places?.primary, places?.secondary].filter(
    (each) => each !== undefined,
  )) {
    const parts = { store, containers: partContainers };
    const time = { clock, deadline };
    const id = tenant.tenantId.toLowerCase();
    results[name] = await removeExpiredExports(parts, id, isExpired, time);
  }
  return results;
}
