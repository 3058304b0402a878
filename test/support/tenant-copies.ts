// A copy of a tenant's backups and what a test needs to judge it: every row of the tenant as text.
import { randomBytes } from 'node:crypto';
import { createLocalKey } from '../../shared/encryption/local-key.ts';
import { chainParts } from '../../shared/log-repository/chain-parts.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import type { Clock } from '../../shared/model/clock.ts';
import { copyTables } from '../../shared/repository/copy-tables.ts';
import {
  type CopyContext,
  type CopyPlace,
  defaultCopyLimits,
} from '../../shared/tenant-backup/copy-context.ts';
import { type CopySlice, copyTenantSlice } from '../../shared/tenant-backup/copy-slice.ts';
import type { TestDatabase } from './database.ts';

export const copyKeyBytes = randomBytes(32);
export const copyKey = createLocalKey(copyKeyBytes);

export function placeOf(store: LogStore, keys = copyKey): CopyPlace {
  return { store, keys, chain: chainParts };
}

export function copyContext(
  db: TestDatabase,
  tenant: CopyContext['tenant'],
  store: LogStore,
  clock: Clock,
  more: Partial<CopyContext> = {},
): CopyContext {
  return {
    ...placeOf(store),
    ...{ tenant, clock, database: db.database, tables: copyTables },
    limits: defaultCopyLimits,
    reached: () => undefined,
    ...more,
  };
}

/** Slices of no time at all until the copy is done: each ends at its first segment. */
export async function copyAll(make: () => CopyContext): Promise<CopySlice> {
  for (let slices = 0; slices < 1_000; slices += 1) {
    const context = make();
    const slice = await copyTenantSlice(context, context.clock.now());
    if (slice.state === 'copied') return slice;
  }
  throw new Error('the copy does not end');
}

const rowsOf = {
  object: 'key, space, type, object_id, parent_key',
  object_version: `object_key, type, state, from_point, to_point, hash, label, search, body::text,
    end_reason, purge_at`,
  link: 'relationship, kind, source, target, from_point, to_point',
  restore_point: `number, session_id, window_start, window_end, state, suspicious,
    acknowledged_at, acknowledged_by, acknowledge_reason, reasons, label, hold, counts, digests,
    expired_at, created_at`,
  collection_state: `point, collection, state, window_start, window_end, as_of, unsettled, reason,
    catalogue_revision, captured, statistics`,
  identity_map: 'old_key, new_key, restore_id, source, created_at',
  job: 'name, kind, cron, time_zone, spread_seconds, next_run_at, last_run_at',
  tenant: `tenant_id, display_name, cloud, state, configuration, revision, head_point, created_at,
    updated_at`,
} as const;

/** All rows of the tenant that a rebuild must bring back, in a fixed order, table by table. */
export async function allRows(
  db: TestDatabase,
  tenantNo: number,
): Promise<Record<keyof typeof rowsOf, string[]>> {
  const found: [string, string[]][] = [];
  for (const [table, columns] of Object.entries(rowsOf)) {
    const rows = await db.owner.rows<{ row: string }>(
      `select row(${columns})::text as row from ${table} where tenant_no = $1 order by 1`,
      [tenantNo],
    );
    found.push([table, rows.map(({ row }) => row)]);
  }
  return Object.fromEntries(found) as Record<keyof typeof rowsOf, string[]>;
}

/** A clock that a test moves. */
export class SetClock implements Clock {
  #now: number;

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  sleep(milliseconds: number): Promise<void> {
    this.advance(milliseconds);
    return Promise.resolve();
  }
}
