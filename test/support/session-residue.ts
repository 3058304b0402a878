// Rows that must not be there once no session of a tenant runs, read past row level security.
import type { TestDatabase } from './database.ts';

/** Working tables of sessions, found in the schema so that a new one is not forgotten. */
async function workingTables(db: TestDatabase): Promise<string[]> {
  const rows = await db.owner.rows<{ name: string }>(
    `select c.table_name as name from information_schema.columns c
     where c.table_schema = 'public' and c.column_name = 'session_id'
       and c.table_name not in ('session_task', 'restore_point', 'delta_cursor')
     order by 1`,
  );
  return rows.map((row) => row.name);
}

/**
 * What ended sessions have left: `table: rows` for every working table with rows, rows of a point
 * that was not published, empty intervals, more than one open version or link, running sessions.
 */
export async function sessionResidue(db: TestDatabase, tenantId: string): Promise<string[]> {
  const no = await tenantNumber(db, tenantId);
  const tables = await workingTables(db);
  const counts = [
    ...tables.map((name) => [name, `select 1 from ${name} where tenant_no = $1`]),
    ...['object_version', 'link'].flatMap((name) => [
      [
        `${name} above the head`,
        `select 1 from ${name} r, tenant t where r.tenant_no = $1
         and t.tenant_no = $1 and (r.from_point > t.head_point
           or r.to_point > t.head_point and r.to_point < 2147483647)`,
      ],
      [`${name} empty`, `select 1 from ${name} where tenant_no = $1 and from_point >= to_point`],
    ]),
    [
      'objects with several open versions',
      `select 1 from object_version where tenant_no = $1
       and to_point = 2147483647 group by object_key having count(*) > 1`,
    ],
    [
      'links open twice',
      `select 1 from link where tenant_no = $1 and to_point = 2147483647
       group by relationship, source, target having count(*) > 1`,
    ],
    [
      'cursors of sessions that did not commit',
      `select 1 from delta_cursor d where tenant_no = $1
       and not exists (select 1 from session s where s.tenant_no = $1 and s.id = d.session_id
         and s.state = 'committed')`,
    ],
    [
      'collection states without a point',
      `select 1 from collection_state c where tenant_no = $1
       and not exists (select 1 from restore_point p where p.tenant_no = $1
         and p.number = c.point)`,
    ],
    [
      'running sessions',
      `select 1 from session where tenant_no = $1
       and state in ('open', 'abandoning')`,
    ],
    [
      'points beyond the head',
      `select 1 from restore_point p, tenant t where p.tenant_no = $1
       and t.tenant_no = $1 and p.number > t.head_point`,
    ],
  ];
  const found: string[] = [];
  for (const [name = '', query = ''] of counts) {
    const [row] = await db.owner.rows<{ rows: number }>(
      `select count(*) as rows from (${query}) r`,
      [no],
    );
    if (row?.rows !== 0) found.push(`${name}: ${row?.rows}`);
  }
  return found;
}

/** The newest published point of a tenant. */
export async function headOf(db: TestDatabase, tenantId: string): Promise<number> {
  const [row] = await db.owner.rows<{ head: number }>(
    'select head_point as head from tenant where tenant_id = $1',
    [tenantId],
  );
  return row?.head ?? -1;
}

export async function tenantNumber(db: TestDatabase, tenantId: string): Promise<number> {
  const [row] = await db.owner.rows<{ no: number }>(
    'select tenant_no as no from tenant where tenant_id = $1',
    [tenantId],
  );
  if (row === undefined) throw new Error(`tenant ${tenantId} is not registered`);
  return row.no;
}
