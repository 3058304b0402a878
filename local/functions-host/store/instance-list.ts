import type { InstanceQuery, InstanceRecord } from './records.ts';
import { toInstance } from './rows.ts';
import type { Store } from './store.ts';

/** A page of instances in order of first start; `next` continues after it. */
export interface InstancePage {
  instances: InstanceRecord[];
  next: number | undefined;
}

function conditions(query: InstanceQuery): { where: string; values: (string | number)[] } {
  const parts: string[] = [];
  const values: (string | number)[] = [];
  const add = (sql: string, ...added: (string | number)[]) => {
    parts.push(sql);
    values.push(...added);
  };
  if (query.createdFrom !== undefined) add('created_at >= ?', query.createdFrom);
  if (query.createdTo !== undefined) add('created_at <= ?', query.createdTo);
  if (query.idPrefix) add('instr(instance_id, ?) = 1', query.idPrefix);
  if (query.after !== undefined) add('row > ?', query.after);
  if (query.statuses) {
    add(`status in (${query.statuses.map(() => '?').join(', ')})`, ...query.statuses);
  }
  return { where: parts.length > 0 ? `where ${parts.join(' and ')}` : '', values };
}

/** Lists instances by the filters of the management API. */
export function listInstances(store: Store, query: InstanceQuery): InstancePage {
  const { where, values } = conditions(query);
  const sql = `select * from instance ${where} order by row limit ?`;
  const rows = store.prepare(sql).all(...values, query.limit + 1);
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const next = rows.length > query.limit && last ? Number(last['row']) : undefined;
  return { instances: page.map(toInstance), next };
}
