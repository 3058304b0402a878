// Verifications and repairs of repositories: what was asked, where the next slice goes on, what was
// found. Only the first findings have a row; all of them are counted.
import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

export type InspectionKind = 'verification' | 'logRepair';

export interface Inspection {
  readonly id: string;
  readonly operationId: string;
  readonly kind: InspectionKind;
  /** JSON. */
  readonly request: string;
  readonly state: 'running' | 'done' | 'failed';
  /** JSON; null before the first slice and after the last. */
  readonly place: string | null;
  readonly revision: number;
  /** JSON. */
  readonly summary: string;
  readonly findingCount: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

export interface Finding {
  /** A source of logs, or `tenantCopy`. */
  readonly part: string;
  readonly repository: string;
  readonly kind: string;
  readonly name: string;
  readonly number?: number | undefined;
  readonly frame?: number | undefined;
  readonly message: string;
}

/** Findings with a row, for each inspection. */
export const MAX_FINDINGS = 10_000;

const columns = `id, operation_id as "operationId", kind, request, state, place, revision, summary,
  finding_count as "findingCount", created_by as "createdBy", created_at as "createdAt",
  finished_at as "finishedAt"`;

export async function createInspection(
  tx: Transaction,
  input: Pick<Inspection, 'id' | 'operationId' | 'kind' | 'request' | 'createdBy'>,
): Promise<void> {
  await tx.change(
    `insert into inspection (tenant_no, id, operation_id, kind, request, created_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [tx.tenantNo, input.id, input.operationId, input.kind, input.request, input.createdBy],
  );
}

/** The inspection, or `notFound`. */
export async function getInspection(
  tx: Transaction,
  kind: InspectionKind,
  id: string,
): Promise<Inspection> {
  const row = await tx.row<Inspection>(
    `select ${columns} from inspection where tenant_no = $1 and id = $2 and kind = $3`,
    [tx.tenantNo, id, kind],
  );
  if (row === undefined) throw new BackupError('notFound', `no ${kind} ${id}`);
  return row;
}

export async function inspectionOfOperation(
  tx: Transaction,
  operationId: string,
): Promise<Inspection> {
  const row = await tx.row<Inspection>(
    `select ${columns} from inspection where tenant_no = $1 and operation_id = $2`,
    [tx.tenantNo, operationId],
  );
  if (row === undefined) throw new BackupError('notFound', `no inspection of ${operationId}`);
  return row;
}

export interface InspectionSlice {
  /** Undefined: everything was looked at. */
  readonly place: string | undefined;
  readonly summary: string;
  readonly findings: readonly Finding[];
  /** Of this slice; may be more than `findings` names. */
  readonly findingCount: number;
}

/** Stores a slice; false when another worker has stored one since `revision`. */
export async function saveInspectionSlice(
  tx: Transaction,
  { id, revision, findingCount: before }: Inspection,
  slice: InspectionSlice,
): Promise<boolean> {
  const { place, summary, findings, findingCount } = slice;
  const changed = await tx.change(
    `update inspection set place = $4, summary = $5, finding_count = finding_count + $6,
       revision = revision + 1, state = case when $4::text is null then 'done' else state end,
       finished_at = case when $4::text is null then clock_timestamp() end
     where tenant_no = $1 and id = $2 and revision = $3 and state = 'running'`,
    [tx.tenantNo, id, revision, place ?? null, summary, findingCount],
  );
  if (changed === 1) await addFindings(tx, id, before, findings);
  return changed === 1;
}

async function addFindings(
  tx: Transaction,
  id: string,
  before: number,
  findings: readonly Finding[],
): Promise<void> {
  const kept = findings.slice(0, Math.max(0, MAX_FINDINGS - before));
  if (kept.length === 0) return;
  await tx.change(
    `insert into inspection_finding (tenant_no, inspection_id, no, part, repository, kind, name,
       number, frame, message)
     select $1::int, $2::uuid, $3::int + row_number() over (), * from unnest($4::text[], $5::text[], $6::text[],
       $7::text[], $8::bigint[], $9::int[], $10::text[])`,
    [
      ...[tx.tenantNo, id, before],
      kept.map(({ part }) => part),
      kept.map(({ repository }) => repository),
      kept.map(({ kind }) => kind),
      kept.map(({ name }) => name),
      kept.map(({ number }) => number ?? null),
      kept.map(({ frame }) => frame ?? null),
      kept.map(({ message }) => message),
    ],
  );
}

/** Findings after number `after`, in the order in which they were found. */
export async function listFindings(
  tx: Transaction,
  id: string,
  after: number,
  top: number,
): Promise<(Finding & { readonly no: number })[]> {
  const rows = await tx.rows<
    Omit<Finding, 'number' | 'frame'> & {
      readonly no: number;
      readonly number: number | null;
      readonly frame: number | null;
    }
  >(
    `select no, part, repository, kind, name, number, frame, message from inspection_finding
     where tenant_no = $1 and inspection_id = $2 and no > $3 order by no limit $4`,
    [tx.tenantNo, id, after, top],
  );
  return rows.map(({ number, frame, ...rest }) => ({
    ...rest,
    ...(number === null ? {} : { number }),
    ...(frame === null ? {} : { frame }),
  }));
}

/** Marks what an operation was to inspect as failed, unless it is done. */
export async function failInspection(tx: Transaction, operationId: string): Promise<void> {
  await tx.change(
    `update inspection set state = 'failed', finished_at = clock_timestamp()
     where tenant_no = $1 and operation_id = $2 and state = 'running'`,
    [tx.tenantNo, operationId],
  );
}
