// What tests and benchmarks do to the logs of a tenant by the control API or by a page hook.
import type { TenantState } from '../tenant/tenant-state.ts';
import type { NewLogRecord } from './added-block.ts';
import { ChunkStore, type PreparedPages } from './chunk-store.ts';
import { changeLogSettings, type LogSettings } from './log-settings.ts';
import type { LogSource, LogVariant } from './log-source.ts';
import type { LogStreamPlan } from './log-stream.ts';

export type LogChange =
  /** A seeded stream; hours may lie in the future of the clock. */
  | { readonly kind: 'stream'; readonly stream: LogStreamPlan }
  | { readonly kind: 'add'; readonly source: LogSource; readonly records: readonly NewLogRecord[] }
  /** Another content of a record, from `afterMilliseconds` (0 unless given) from now. */
  | {
      readonly kind: 'change';
      readonly source: LogSource;
      readonly id: string;
      /** The whole new text; another rendering of the record unless given. */
      readonly text?: string;
      readonly afterMilliseconds?: number;
      /** The content before stays in the list as well. */
      readonly keepsOlder?: boolean;
    }
  /** The record stands in the list so many times more. */
  | {
      readonly kind: 'repeat';
      readonly source: LogSource;
      readonly id: string;
      readonly copies?: number;
    }
  | { readonly kind: 'settings'; readonly settings: Partial<LogSettings> };

/** A change and the time of the simulator's clock at which it was made. */
export type DatedLogChange = { readonly at: number; readonly change: LogChange };

/** Applies the changes in order; ids of added records. Throws at the first bad one. */
export function applyLogChanges(
  tenant: TenantState,
  changes: readonly LogChange[],
  at: number = tenant.clock.now(),
): readonly string[] {
  return changes.flatMap((change) => {
    const ids = applyLogChange(tenant, change, at);
    tenant.logHistory.push({ at, change });
    return ids;
  });
}

function applyLogChange(tenant: TenantState, change: LogChange, now: number): readonly string[] {
  const { logs } = tenant;
  switch (change.kind) {
    case 'stream':
      logs.addStream(change.stream);
      return [];
    case 'add':
      return logs.add(change.source, change.records);
    case 'change':
      logs.change(change.source, change.id, {
        from: now + (change.afterMilliseconds ?? 0),
        ...(change.text === undefined ? {} : { text: change.text }),
        ...(change.keepsOlder === undefined ? {} : { keepsOlder: change.keepsOlder }),
      });
      return [change.id];
    case 'repeat':
      logs.repeat(change.source, change.id, change.copies ?? 1);
      return [change.id];
    case 'settings':
      changeLogSettings(logs.settings, change.settings, now);
      logs.revision += 1;
      return [];
  }
}

/**
 * Renders and compresses all records of the streams once, in the variant a client with policy
 * permission gets: v1.0, and beta for the kinds of sign-ins that only beta has. Streams with
 * changing or repeated records are left out.
 */
export function prepareLogPages(tenant: TenantState): PreparedPages {
  const chunks = tenant.logPages ?? new ChunkStore();
  tenant.logPages = chunks;
  const total = { records: 0, bytes: 0, compressedBytes: 0 };
  for (const stream of tenant.logs.streams) {
    const { source } = stream.plan;
    const variant = variantOfSource(source, tenant.logs.settings.licence === 'p2');
    for (let hour = 0; hour < stream.hours; hour += 1) {
      const block = stream.block(hour);
      if (block.isPlain) {
        const made = chunks.prepare({ source }, block, variant);
        total.records += made.records;
        total.bytes += made.bytes;
        total.compressedBytes += made.compressedBytes;
      }
    }
  }
  return total;
}

export function forgetLogPages(tenant: TenantState): void {
  tenant.logPages?.close();
  tenant.logPages = undefined;
}

/** What a client with every permission reads of this source. */
export function variantOfSource(source: LogSource, risk: boolean): LogVariant {
  const isPlain =
    source === 'interactiveSignIns' || source === 'directoryAudits' || source === 'provisioning';
  return { beta: !isPlain, policies: true, risk };
}
