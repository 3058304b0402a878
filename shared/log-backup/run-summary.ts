import type { ErrorCode } from '../errors/catalog.ts';
import { type LogSource, logSources } from '../model/log-source.ts';
import type { OperationError, OperationResult, OperationUpdate } from '../model/operation.ts';
import type { LogSourceRow } from '../repository/log-sources.ts';
import { logSourceEntries } from './log-sources.ts';
import { quotaOutlook } from './quota-outlook.ts';

export type RunEnd =
  | { readonly status: 'succeeded'; readonly result: OperationResult }
  | { readonly status: 'failed'; readonly error: OperationError };

export interface RunSummary {
  /** What the operation shows while the run goes on. */
  readonly update: Required<Pick<OperationUpdate, 'progress' | 'counts' | 'warnings'>>;
  /** How it ends when nothing more follows. */
  readonly end: RunEnd;
}

/**
 * What a run of a log backup has done, from the rows of all logs of the tenant. A missing licence is
 * a condition that is stated; what was refused or failed otherwise makes the run partial, and failed
 * when nothing was read at all.
 */
export function summariseRun(all: readonly LogSourceRow[], operationId: string): RunSummary {
  const order = (source: LogSource): number => logSources.indexOf(source);
  const rows = all
    .filter((row) => row.operationId === operationId)
    .sort((a, b) => order(a.source) - order(b.source));
  const { statement } = quotaOutlook(all.map(({ neededRequests }) => neededRequests));
  return {
    update: {
      progress: Object.fromEntries(
        rows.map(({ source, added, changed }) => [source, { done: added + changed }]),
      ),
      counts: {
        done: rows.filter(isCaughtUp).length,
        skipped: rows.filter(isUnlicensed).length,
        conflict: 0,
        failed: rows.filter(isFailed).length,
        pending: rows.filter(({ outcome }) => outcome === 'more' || outcome === 'throttled').length,
      },
      warnings: [...rows.flatMap(warningsOf), ...(statement === undefined ? [] : [statement])],
    },
    end: endOf(rows),
  };
}

function endOf(rows: readonly LogSourceRow[]): RunEnd {
  const [failed] = rows.filter((row) => !isCaughtUp(row) && !isUnlicensed(row));
  const isAnyRead = rows.some(isCaughtUp);
  if (failed !== undefined && !isAnyRead) {
    const code: ErrorCode = failed.code ?? 'internalError';
    return { status: 'failed', error: { code, message: `no log was read: ${reasonOf(failed)}` } };
  }
  const isPartial = rows.some(({ gaps, unanswered }) => gaps > 0 || unanswered > 0);
  if (failed !== undefined || isPartial) return { status: 'succeeded', result: 'partial' };
  const isIdle = rows.every(({ windows }) => windows === 0);
  return { status: 'succeeded', result: isIdle ? 'nothingToDo' : 'complete' };
}

function warningsOf(row: LogSourceRow): string[] {
  const { source, gaps, unanswered, withoutCache } = row;
  const lines: string[] = [];
  if (isUnlicensed(row) || isFailed(row)) lines.push(reasonOf(row));
  if (gaps > 0) lines.push(`${count(gaps, 'gap')}: time that Microsoft removed before it was read`);
  if (unanswered > 0) {
    lines.push(`graph does not answer for ${count(unanswered, 'window')}, tried again later`);
  }
  if (withoutCache) {
    lines.push('cacheUnreachable: went on from manifests, so that no record is lost');
  }
  return lines.map((line) => `${source}: ${line}`);
}

function reasonOf({ source, code, permission }: LogSourceRow): string {
  if (code === 'graphNotLicensed') {
    return 'graphNotLicensed: the tenant has no licence for this log (Microsoft Entra ID P1 or P2)';
  }
  if (code === 'graphForbidden') {
    const needed = permission ?? logSourceEntries[source].permission;
    return `graphForbidden: the application needs the permission ${needed}`;
  }
  return code ?? 'a step failed';
}

const count = (number: number, noun: string): string =>
  number === 1 ? `1 ${noun}` : `${number} ${noun}s`;

const isCaughtUp = ({ outcome }: LogSourceRow): boolean => outcome === 'caughtUp';

const isUnlicensed = ({ outcome, code }: LogSourceRow): boolean =>
  outcome === 'refused' && code === 'graphNotLicensed';

const isFailed = (row: LogSourceRow): boolean =>
  row.outcome === 'failed' || (row.outcome === 'refused' && !isUnlicensed(row));
