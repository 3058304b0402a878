// The control API's part for audit and sign-in logs.
import { type LogLowerBound, logReadBound } from '../log-lower-bound.ts';
import type { PreparedPages } from '../logs/chunk-store.ts';
import {
  applyLogChanges,
  forgetLogPages,
  type LogChange,
  prepareLogPages,
} from '../logs/log-changes.ts';
import type { LogSettings } from '../logs/log-settings.ts';
import { type LogSource, logSources } from '../logs/log-source.ts';
import { type LogTruthLine, type LogTruthQuery, logTruthLines } from '../logs/log-truth.ts';
import { ticksOfMilliseconds } from '../logs/ticks.ts';
import type { TenantState } from '../tenant/tenant-state.ts';

export type LogBoundQuery = {
  readonly source: LogSource;
  /** Milliseconds since 1970, `to` excluded. */
  readonly from: number;
  readonly to: number;
  /** Read in windows of this width; one window unless given. */
  readonly windowMilliseconds?: number;
};

export function changeLogs(
  tenant: TenantState,
  changes: readonly LogChange[],
): { readonly ids: readonly string[] } {
  return { ids: applyLogChanges(tenant, changes) };
}

/** Settings of the log after the change; an empty change only reads them. */
export function changeSettings(tenant: TenantState, settings: Partial<LogSettings>): LogSettings {
  if (Object.keys(settings).length > 0) {
    applyLogChanges(tenant, [{ kind: 'settings', settings }]);
  }
  return tenant.logs.settings;
}

export function preparePages(tenant: TenantState, on: boolean): PreparedPages {
  if (on) {
    return prepareLogPages(tenant);
  }
  forgetLogPages(tenant);
  return { records: 0, bytes: 0, compressedBytes: 0 };
}

/** The truth a query string asks for. */
export function truthOf(
  tenant: TenantState,
  query: ReadonlyMap<string, string>,
): Generator<LogTruthLine> {
  const read: Record<string, string | number | boolean> = {};
  for (const [name, value] of query) {
    if (name === 'shownBy') {
      read[name] = Number(value);
    } else {
      read[name] = /^(true|false)$/.test(value) ? value === 'true' : value;
    }
  }
  const { source } = read;
  if (source !== undefined && !logSources.some((known) => known === source)) {
    throw new Error(`unknown log source ${String(source)}`);
  }
  return logTruthLines(tenant.logs, read as LogTruthQuery);
}

/** The fewest requests that read what the log shows now of this time. */
export function boundOf(tenant: TenantState, query: LogBoundQuery): LogLowerBound {
  const { source, from, to, windowMilliseconds = to - from } = query;
  if (!(windowMilliseconds > 0)) {
    throw new Error('a lower bound needs from < to and windows of some width');
  }
  const now = tenant.clock.now();
  const counts: number[] = [];
  for (let start = from; start < to; start += windowMilliseconds) {
    const rows = tenant.logs.rows(
      {
        sources: [source],
        from: ticksOfMilliseconds(start),
        to: ticksOfMilliseconds(Math.min(start + windowMilliseconds, to)) - 1,
        oldestFirst: false,
        key: `bound ${source} ${start} ${windowMilliseconds} ${to}`,
      },
      now,
      0,
    );
    counts.push(rows.length);
  }
  return logReadBound(counts);
}
