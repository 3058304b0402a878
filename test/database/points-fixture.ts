// Rows of points, objects, versions and links as a backup writes them, for tests that start after it.
import { createHash, randomUUID } from 'node:crypto';
import { openPoint } from '../../shared/model/points.ts';
import type { Transaction } from '../../shared/repository/database.ts';

export interface VersionFixture {
  readonly key: number;
  readonly type: string;
  readonly from: number;
  readonly to?: number;
  readonly state?: 'live' | 'softDeleted';
  /** Canonical text; null when only the deletion is known. */
  readonly body?: string | null;
}

export async function addPoint(
  tx: Transaction,
  number: number,
  captured: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  await tx.change(
    `insert into restore_point (tenant_no, number, session_id, window_start, window_end, state)
     values ($1, $2, $3, now() - interval '2 minutes', now() - interval '1 minute', 'complete')`,
    [tx.tenantNo, number, randomUUID()],
  );
  for (const [collection, names] of Object.entries(captured)) {
    await tx.change(
      `insert into collection_state (tenant_no, point, collection, state, catalogue_revision,
         captured) values ($1, $2, $3, 'read', 'test', $4)`,
      [tx.tenantNo, number, collection, names],
    );
  }
  await tx.change('update tenant set head_point = $2 where tenant_no = $1', [tx.tenantNo, number]);
}

/** Inserts an object and answers its key. */
export async function addObject(
  tx: Transaction,
  type: string,
  objectId: string,
  options: { readonly space?: string; readonly parentKey?: number } = {},
): Promise<number> {
  const row = await tx.row<{ key: number }>(
    `insert into object (tenant_no, space, type, object_id, parent_key)
     values ($1, $2, $3, $4, $5) returning key`,
    [tx.tenantNo, options.space ?? 'directory', type, objectId, options.parentKey ?? 0],
  );
  return row?.key ?? 0;
}

export async function addVersion(tx: Transaction, version: VersionFixture): Promise<void> {
  const body = version.body === undefined ? '{}' : version.body;
  await tx.change(
    `insert into object_version (tenant_no, object_key, type, state, from_point, to_point, hash,
       label, body) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      tx.tenantNo,
      version.key,
      version.type,
      version.state ?? 'live',
      version.from,
      version.to ?? openPoint,
      body === null ? null : createHash('sha256').update(body).digest(),
      null,
      body,
    ],
  );
}

export async function addLink(
  tx: Transaction,
  relationship: string,
  source: number,
  target: number,
  from: number,
  to: number = openPoint,
  kind: 'relation' | 'embedded' = 'relation',
): Promise<void> {
  await tx.change(
    `insert into link (tenant_no, relationship, kind, source, target, from_point, to_point)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [tx.tenantNo, relationship, kind, source, target, from, to],
  );
}
