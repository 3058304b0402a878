import { finished } from 'node:stream/promises';
import { from } from 'pg-copy-streams';
import type { Transaction } from './database.ts';

/** Types of the columns of a binary COPY, as PostgreSQL sends them. */
export type CopyType = 'int' | 'bigint' | 'bool' | 'text' | 'bytes';
export type CopyValue = string | number | boolean | Buffer | null;

// https://www.postgresql.org/docs/current/sql-copy.html (Binary Format)
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);
const ROW_OVERHEAD = 2;
const FIXED = { int: 4, bigint: 8, bool: 1 } as const;

/**
 * Copies rows into a temporary table of this connection (COPY is refused on tables with row level
 * security). `table` and `columns` are constants of the caller; answers the number of rows.
 */
export async function copyRows(
  tx: Transaction,
  table: string,
  columns: Readonly<Record<string, CopyType>>,
  rows: readonly (readonly CopyValue[])[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const names = Object.keys(columns).join(', ');
  const stream = tx.client.query(from(`copy ${table} (${names}) from stdin (format binary)`));
  stream.end(encodeRows(Object.values(columns), rows));
  await finished(stream);
  return rows.length;
}

/** The bytes of a whole binary COPY. */
export function encodeRows(
  types: readonly CopyType[],
  rows: readonly (readonly CopyValue[])[],
): Buffer {
  let size = HEADER.length + TRAILER.length;
  for (const row of rows) {
    size += ROW_OVERHEAD;
    for (let column = 0; column < types.length; column += 1)
      size += 4 + lengthOf(types, row, column);
  }
  const buffer = Buffer.allocUnsafe(size);
  let at = HEADER.copy(buffer, 0);
  for (const row of rows) {
    at = buffer.writeInt16BE(types.length, at);
    for (let column = 0; column < types.length; column += 1) {
      at = writeField(buffer, at, types[column] ?? 'text', row[column] ?? null);
    }
  }
  TRAILER.copy(buffer, at);
  return buffer;
}

function lengthOf(types: readonly CopyType[], row: readonly CopyValue[], column: number): number {
  const value = row[column] ?? null;
  if (value === null) return 0;
  const type = types[column];
  if (type === 'int' || type === 'bigint' || type === 'bool') return FIXED[type];
  return typeof value === 'string' ? Buffer.byteLength(value) : (value as Buffer).length;
}

function writeField(buffer: Buffer, start: number, type: CopyType, value: CopyValue): number {
  if (value === null) return buffer.writeInt32BE(-1, start);
  if (typeof value === 'string') {
    const length = buffer.write(value, start + 4);
    buffer.writeInt32BE(length, start);
    return start + 4 + length;
  }
  if (Buffer.isBuffer(value)) {
    const at = buffer.writeInt32BE(value.length, start);
    return at + value.copy(buffer, at);
  }
  if (type === 'bool') return buffer.writeUInt8(value ? 1 : 0, buffer.writeInt32BE(1, start));
  if (type === 'int') return buffer.writeInt32BE(Number(value), buffer.writeInt32BE(4, start));
  return buffer.writeBigInt64BE(BigInt(value as number), buffer.writeInt32BE(8, start));
}
