import type { FoundEntity } from './stored-value.ts';
import type { TableAccess } from './table-access.ts';

interface Found {
  readonly partition: string;
  readonly row: string;
  readonly etag: string;
  readonly mark: string;
  readonly bytes: number;
  /** Milliseconds since 1970; no end: infinite. */
  readonly expires: number;
  readonly written: number;
}

interface Part {
  readonly partition: string;
  readonly row: string;
  /** Row of the head that may name it, with its mark. */
  readonly owner: string;
  readonly written: number;
}

/** A write that has staged its parts may still come to its head. */
const STAGING_MS = 60 * 60_000;
const select = ['PartitionKey', 'RowKey', 'mark', 'bytes', 'expires', 'Timestamp'];

/**
 * Removes values past their time, values above `maximumBytes` in the order in which they would
 * expire, and parts that belong to no value any more. A value that is written anew meanwhile stays.
 */
export async function expireEntries(
  table: TableAccess,
  now: Date,
  maximumBytes: number,
): Promise<number> {
  const heads: Found[] = [];
  const parts: Part[] = [];
  for await (const entity of table.query({ select })) sort(entity, heads, parts);
  const due = dueOf(heads, now.getTime(), maximumBytes);
  const kept = new Set(heads.map((head) => ownerOf(head)));
  let removed = 0;
  for (const head of due) {
    if ((await table.delete(head.partition, head.row, head.etag)) !== 'removed') continue;
    kept.delete(ownerOf(head));
    removed += 1;
  }
  const gone = new Set(due.map((head) => ownerOf(head)));
  const isLeft = (part: Part): boolean =>
    !kept.has(part.owner) && (gone.has(part.owner) || now.getTime() - part.written > STAGING_MS);
  await removeParts(table, parts.filter(isLeft));
  return removed;
}

function dueOf(heads: readonly Found[], now: number, maximumBytes: number): Found[] {
  const due = heads.filter((head) => head.expires <= now);
  const rest = heads
    .filter((head) => head.expires > now)
    .sort((a, b) => compare(a.expires, b.expires) || a.written - b.written);
  let bytes = rest.reduce((sum, head) => sum + head.bytes, 0);
  for (const head of rest) {
    if (bytes <= maximumBytes) break;
    due.push(head);
    bytes -= head.bytes;
  }
  return due;
}

/** Infinite ones included. */
function compare(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

async function removeParts(table: TableAccess, parts: readonly Part[]): Promise<void> {
  const byPartition = Map.groupBy(parts, (part) => part.partition);
  for (const [partition, some] of byPartition) {
    await table.deleteRows(
      partition,
      some.map((part) => part.row),
    );
  }
}

function sort(entity: FoundEntity, heads: Found[], parts: Part[]): void {
  const { partitionKey: partition, rowKey: row, etag = '', mark, bytes, expires } = entity;
  if (partition === undefined || row === undefined) return;
  const written = Date.parse(entity.timestamp ?? '') || 0;
  if (!row.endsWith('!')) {
    const owner = `${partition} ${row.replace(/-\d+$/, '')}`;
    parts.push({ partition, row, owner, written });
    return;
  }
  heads.push({
    ...{ partition, row, etag, written },
    mark: typeof mark === 'string' ? mark : '',
    bytes: typeof bytes === 'number' ? bytes : 0,
    expires: expires instanceof Date ? expires.getTime() : Number.POSITIVE_INFINITY,
  });
}

function ownerOf(head: Found): string {
  return `${head.partition} ${head.row}${head.mark}`;
}
