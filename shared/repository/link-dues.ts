import type { Transaction } from './database.ts';

export type LinkSide = 's' | 't';

/** Marks the links of these objects to be read again; outlives revert and abandon. */
export async function addDue(
  tx: Transaction,
  relationship: string,
  side: LinkSide,
  keys: readonly number[],
): Promise<void> {
  if (keys.length === 0) return;
  await tx.change(
    `insert into link_due (tenant_no, relationship, side, object_key)
     select distinct $1::int, $2, $3, k from unnest($4::bigint[]) as k order by 4
     on conflict (tenant_no, relationship, side, object_key)
       do update set no = nextval('link_due_no')`,
    [tx.tenantNo, relationship, side, [...keys]],
  );
}

/** Marks the whole collection at one side: its next round reads the links of all it delivers. */
export async function addStar(
  tx: Transaction,
  relationship: string,
  side: LinkSide,
): Promise<void> {
  await addDue(tx, relationship, side, [0]);
}

export async function removeStars(
  tx: Transaction,
  relationship: string,
  side: LinkSide,
): Promise<void> {
  await tx.change(
    `delete from link_due where tenant_no = $1 and relationship = $2 and side = $3
       and object_key = 0`,
    [tx.tenantNo, relationship, side],
  );
}

export interface StarRow {
  readonly relationship: string;
  readonly side: LinkSide;
}

export async function starsOf(tx: Transaction): Promise<StarRow[]> {
  return await tx.rows<StarRow>(
    `select relationship, side from link_due where tenant_no = $1 and object_key = 0`,
    [tx.tenantNo],
  );
}

/** Removes what this session has read, unless it became due again since. */
export async function removeServed(
  tx: Transaction,
  sessionId: string,
  relationships: readonly string[],
): Promise<void> {
  await tx.change(
    `delete from link_due d using link_read r where d.tenant_no = $1 and r.tenant_no = $1
       and r.session_id = $2 and d.relationship = any ($3) and r.relationship = d.relationship
       and r.side = d.side and r.object_key = d.object_key and r.due_no = d.no
       and r.state = 'done'`,
    [tx.tenantNo, sessionId, [...relationships]],
  );
}
