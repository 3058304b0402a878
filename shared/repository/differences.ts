import type { Transaction } from './database.ts';

/** A row of `difference`: which object differs and how; `detail` is JSON once it was computed. */
export interface DifferenceRow {
  readonly no: number;
  readonly type: string;
  readonly fromKey: number | null;
  readonly toKey: number | null;
  readonly change: 'added' | 'removed' | 'modified';
  readonly selected: boolean;
  readonly linkCount: number;
  readonly detail: string | null;
}

export interface DifferenceLinkRow {
  readonly no: number;
  readonly relationship: string;
  readonly target: number;
  readonly change: 'added' | 'removed';
}

const columns = `no, type, from_key as "fromKey", to_key as "toKey", change, selected,
  link_count as "linkCount", detail`;

export interface DifferenceFilter {
  readonly types?: readonly string[];
  readonly changes?: readonly string[];
}

/** Differences after number `after`, in order. */
export async function listDifferences(
  tx: Transaction,
  comparisonId: string,
  after: number,
  top: number,
  filter: DifferenceFilter = {},
): Promise<DifferenceRow[]> {
  return await tx.rows<DifferenceRow>(
    `select ${columns} from difference
     where tenant_no = $1 and comparison_id = $2 and no > $3
       and ($5::text[] is null or type = any ($5)) and ($6::text[] is null or change = any ($6))
     order by no limit $4`,
    [tx.tenantNo, comparisonId, after, top, filter.types ?? null, filter.changes ?? null],
  );
}

export async function findDifference(
  tx: Transaction,
  comparisonId: string,
  no: number,
): Promise<DifferenceRow | undefined> {
  return await tx.row<DifferenceRow>(
    `select ${columns} from difference where tenant_no = $1 and comparison_id = $2 and no = $3`,
    [tx.tenantNo, comparisonId, no],
  );
}

/** The first `perDifference` links of each of the differences, in order. */
export async function listDifferenceLinks(
  tx: Transaction,
  comparisonId: string,
  numbers: readonly number[],
  perDifference: number,
): Promise<DifferenceLinkRow[]> {
  return await tx.rows<DifferenceLinkRow>(
    `select n.no, l.relationship, l.target, l.change from unnest($3::int[]) as n (no)
     cross join lateral (
       select relationship, target, change from difference_link
       where tenant_no = $1 and comparison_id = $2 and no = n.no
       order by relationship, change, target limit $4
     ) l order by n.no, l.relationship, l.change, l.target`,
    [tx.tenantNo, comparisonId, [...numbers], perDifference],
  );
}

/** Links of one difference after a given one. */
export async function pageDifferenceLinks(
  tx: Transaction,
  comparisonId: string,
  no: number,
  top: number,
  after?: DifferenceLinkRow,
): Promise<DifferenceLinkRow[]> {
  return await tx.rows<DifferenceLinkRow>(
    `select no, relationship, target, change from difference_link
     where tenant_no = $1 and comparison_id = $2 and no = $3
       and ($4::text is null or (relationship, change, target) > ($4, $5, $6::bigint))
     order by relationship, change, target limit $7`,
    [
      tx.tenantNo,
      comparisonId,
      no,
      after?.relationship ?? null,
      after?.change ?? null,
      after?.target ?? null,
      top,
    ],
  );
}

/** Stores computed details; a detail of null removes a difference that turned out to be none. */
export async function saveDetails(
  tx: Transaction,
  comparisonId: string,
  details: readonly { readonly no: number; readonly detail: string | null }[],
): Promise<void> {
  const none = details.filter((entry) => entry.detail === null).map((entry) => entry.no);
  const some = details.filter((entry) => entry.detail !== null);
  await tx.change(
    'delete from difference where tenant_no = $1 and comparison_id = $2 and no = any ($3::int[])',
    [tx.tenantNo, comparisonId, none],
  );
  await tx.change(
    `update difference d set detail = s.detail
     from unnest($3::int[], $4::text[]) as s (no, detail)
     where d.tenant_no = $1 and d.comparison_id = $2 and d.no = s.no`,
    [tx.tenantNo, comparisonId, some.map((entry) => entry.no), some.map((entry) => entry.detail)],
  );
}
