// What retention does to points: one is expired first, which only marks it; rows that no kept point
// shows any more are purged afterwards, chunk by chunk (backup protocol H9).
import type { Transaction } from './database.ts';

/** Plans not yet applied keep their points until they expire, applied ones until the restore ends. */
const pinned = `exists (select from restore_plan p where p.tenant_no = r.tenant_no
  and r.number in (p.point, p.live_point)
  and (p.state in ('planning', 'ready', 'approved') and p.expires_at > clock_timestamp()
    or exists (select from restore x where x.tenant_no = p.tenant_no and x.plan_id = p.id
      and x.state in ('running', 'verifying'))))`;

/** The newest good point before one that is suspicious and that nobody has acknowledged. */
const guarded = `exists (select from restore_point s where s.tenant_no = r.tenant_no
  and s.suspicious and s.acknowledged_at is null and s.number > r.number
  and not exists (select from restore_point b where b.tenant_no = r.tenant_no
    and b.number > r.number and b.number < s.number and b.expired_at is null
    and b.state = 'complete' and not b.suspicious))`;

/**
 * Marks a point as expired: nothing shows it from now on. False when it stays: it is the head, held,
 * pinned by a plan or a restore, the last good one before a suspicious point, or not there.
 */
export async function expirePoint(tx: Transaction, number: number): Promise<boolean> {
  const changed = await tx.change(
    `update restore_point r set expired_at = clock_timestamp()
     where r.tenant_no = $1 and r.number = $2 and r.expired_at is null and not r.hold
       and r.number < (select head_point from tenant where tenant_no = $1)
       and not ${pinned} and not ${guarded}`,
    [tx.tenantNo, number],
  );
  return changed > 0;
}

/** Where a purge goes on: the last row it has looked at. */
export interface PurgePlace {
  readonly table: 'object_version' | 'link';
  /** Text forms of the key columns; empty before the first row. */
  readonly after: readonly string[];
}

export interface PurgedChunk {
  readonly deleted: number;
  /** Undefined after the last table. */
  readonly next: PurgePlace | undefined;
}

const keys = {
  object_version: { columns: 'object_key, from_point', types: ['bigint', 'int'] },
  link: {
    columns: 'relationship, source, target, from_point',
    types: ['text collate "C"', 'bigint', 'bigint', 'int'],
  },
} as const;

/**
 * Deletes rows that ended up to the head and that no kept or pinned point covers. Head and points are
 * read by the statement that deletes: a list read before could miss what was published since.
 */
export async function purgeChunk(
  tx: Transaction,
  place: PurgePlace,
  limit: number,
): Promise<PurgedChunk> {
  const { table, after } = place;
  const { columns, types } = keys[table];
  const start = after.map((_, index) => `$${index + 3}::${types[index]}`).join(', ');
  const rows = await tx.rows<{ deleted: number; key: readonly string[] }>(
    `with looked as (
       select ${columns}, to_point from ${table} where tenant_no = $1 and to_point < 2147483647
         ${after.length === 0 ? '' : `and (${columns}) > (${start})`}
       order by ${columns} limit $2
     ), kept as materialized (
       select r.number from restore_point r
       where r.tenant_no = $1 and (r.expired_at is null or ${pinned})
     ), doomed as (
       select ${columns} from looked l
       where l.to_point <= (select head_point from tenant where tenant_no = $1)
         and not exists (select from kept k
           where k.number >= l.from_point and k.number < l.to_point)
     ), gone as (
       delete from ${table} where tenant_no = $1 and (${columns}) in (select ${columns} from doomed)
       returning 1
     )
     select (select count(*) from gone)::int as deleted, array[${asText(columns)}] as key
     from looked order by ${columns} desc limit 1`,
    [tx.tenantNo, limit, ...after],
  );
  const [last] = rows;
  if (last !== undefined) {
    return { deleted: last.deleted, next: { table, after: last.key } };
  }
  return {
    deleted: 0,
    next: table === 'object_version' ? { table: 'link', after: [] } : undefined,
  };
}

function asText(columns: string): string {
  return columns
    .split(', ')
    .map((column) => `${column}::text`)
    .join(', ');
}
