// The copy of a tenant: what its points changed, in a container that does not need the database to be
// read (docs/tenant-copy.md). It reads published points only and writes nothing but its own row; an
// outage of the container delays it and nothing else.
import type { KeyWrapper } from '../encryption/key-wrapper.ts';
import type { ChainParts } from '../log-repository/chain-parts.ts';
import type { LogStore } from '../log-repository/log-store.ts';
import type { Clock } from '../model/clock.ts';
import type { CopyTables } from '../repository/copy-tables.ts';
import type { Database } from '../repository/database.ts';

/** Places at which a test ends a copy as a kill would. */
export const copySteps = [
  'planned',
  'segmentOpened',
  'pageWritten',
  'segmentStored',
  'progressSaved',
  'manifestStored',
  'noted',
] as const;

export type CopyStep = (typeof copySteps)[number];

export interface CopyLimits {
  /** Raw bytes after which a segment ends: what is lost at most by a kill. */
  readonly segmentBytes: number;
  /** Raw bytes of rows that are held at once, about. */
  readonly pageBytes: number;
  /** Milliseconds after which a copy is a full one. */
  readonly fullEveryMs: number;
}

export const defaultCopyLimits: CopyLimits = {
  segmentBytes: 256 * 1024 * 1024,
  pageBytes: 4 * 1024 * 1024,
  fullEveryMs: 7 * 86_400_000,
};

/** Where a copy lies and how it is read. */
export interface CopyPlace {
  readonly store: LogStore;
  readonly keys: KeyWrapper;
  readonly chain: ChainParts;
}

export interface CopyContext extends CopyPlace {
  readonly tenant: { readonly tenantNo: number; readonly tenantId: string };
  readonly database: Database;
  readonly tables: CopyTables;
  readonly clock: Clock;
  readonly limits: CopyLimits;
  readonly reached: (step: CopyStep) => Promise<void> | void;
}

/** The chain of the directory of a tenant, beside those of its logs. */
export function copyChain(tenantId: string): { readonly tenant: string; readonly source: string } {
  return { tenant: tenantId.toLowerCase(), source: 'directory' };
}
