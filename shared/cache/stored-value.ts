// How a value lies in the table: a head entity and, above 704 KiB, further parts that the head names
// by the random mark of the write that made them. The checksum in the head covers partition, row and
// value, so a value that was garbled, cut, mixed with another write or moved to another name is known.
import { createHash, randomBytes } from 'node:crypto';
import type { TableEntityResult } from '@azure/data-tables';
import { BackupError } from '../errors/backup-error.ts';
import { encodedName, isCut, keyOf } from './cache-names.ts';

/**
 * A binary property holds 64 KiB, an entity 1 MiB and a request 4 MiB
 * (https://learn.microsoft.com/azure/storage/tables/scalability-targets). Binary values travel in
 * Base64, and some implementations measure that: 11 properties stay below 1 MiB even so, and 4 such
 * entities below 4 MiB.
 */
const PROPERTY_BYTES = 64 * 1024;
const PROPERTIES = 11;
export const ENTITY_BYTES = PROPERTY_BYTES * PROPERTIES;
export const ENTITIES_PER_TRANSACTION = 4;
export const LARGEST_VALUE = 32 * 1024 * 1024;
const VERSION = 1;

export type Entity = { partitionKey: string; rowKey: string } & Record<string, unknown>;
export type FoundEntity = TableEntityResult<Record<string, unknown>>;

export interface StoredValue {
  readonly mark: string;
  readonly head: Entity;
  readonly parts: readonly Entity[];
}

/** What a head says about the rest. */
export interface Head {
  readonly mark: string;
  readonly bytes: number;
  readonly parts: number;
  readonly sum: Buffer;
}

/** `!` stands in no key of a name: behind it comes what belongs to the name. */
export function headRow(row: string): string {
  return `${keyOf(row)}!`;
}

export function storedValue(
  partition: string,
  row: string,
  value: Buffer,
  expires: Date | undefined,
): StoredValue {
  if (value.length > LARGEST_VALUE) {
    throw new BackupError('invalidState', `a value for the cache has ${value.length} bytes`, {
      details: { bytes: value.length, limit: LARGEST_VALUE },
    });
  }
  const mark = randomBytes(8).toString('hex');
  const count = Math.max(1, Math.ceil(value.length / ENTITY_BYTES));
  const keys = { partitionKey: keyOf(partition), rowKey: headRow(row) };
  const piece = (index: number): Buffer =>
    value.subarray(index * ENTITY_BYTES, (index + 1) * ENTITY_BYTES);
  const head: Entity = {
    ...keys,
    version: VERSION,
    mark,
    bytes: value.length,
    parts: count - 1,
    sum: checksum(partition, row, value),
    ...(isCut(keyOf(row)) ? { name: encodedName(row) } : {}),
    ...(expires === undefined ? {} : { expires }),
    ...properties(piece(0)),
  };
  const parts = Array.from({ length: count - 1 }, (_, index): Entity => {
    const rowKey = partRow(keys.rowKey, mark, index + 1);
    return { ...keys, rowKey, version: VERSION, ...properties(piece(index + 1)) };
  });
  return { mark, head, parts };
}

/** Row of a part; those of one write are the rows from `<head><mark>-` to `<head><mark>.`. */
export function partRow(head: string, mark: string, index: number): string {
  return `${head}${mark}-${String(index).padStart(3, '0')}`;
}

/** Undefined when it is no head of ours. */
export function headOf(entity: FoundEntity): Head | undefined {
  const { version, mark, bytes, parts, sum } = entity;
  if (version !== VERSION || typeof mark !== 'string' || !/^[0-9a-f]{16}$/.test(mark)) {
    return undefined;
  }
  if (!isCount(bytes, LARGEST_VALUE) || !(sum instanceof Uint8Array)) return undefined;
  const needed = Math.max(1, Math.ceil(bytes / ENTITY_BYTES)) - 1;
  return parts === needed ? { mark, bytes, parts, sum: Buffer.from(sum) } : undefined;
}

/** The value, or undefined when it is not exactly what was stored under this name. */
export function wholeValue(
  partition: string,
  row: string,
  head: Head,
  entities: readonly FoundEntity[],
): Buffer | undefined {
  if (entities.length !== head.parts + 1) return undefined;
  const pieces = entities.flatMap((entity) => piecesOf(entity) ?? []);
  const value = Buffer.concat(pieces);
  const isWhole = value.length === head.bytes;
  return isWhole && checksum(partition, row, value).equals(head.sum) ? value : undefined;
}

export function isCount(value: unknown, limit: number): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= limit;
}

function properties(piece: Buffer): Record<string, Buffer> {
  const found: Record<string, Buffer> = {};
  for (let at = 0; at < piece.length; at += PROPERTY_BYTES) {
    found[`d${at / PROPERTY_BYTES}`] = piece.subarray(at, at + PROPERTY_BYTES);
  }
  return found;
}

function piecesOf(entity: FoundEntity): Buffer[] | undefined {
  const pieces: Buffer[] = [];
  for (let index = 0; index < PROPERTIES; index += 1) {
    const piece = entity[`d${index}`];
    if (piece === undefined) break;
    if (!(piece instanceof Uint8Array)) return undefined;
    pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
  }
  return pieces;
}

/** Lengths lead, so that no two names and values run together to the same bytes. */
function checksum(partition: string, row: string, value: Buffer): Buffer {
  const hash = createHash('sha256').update('entra-backup cache 1\n');
  for (const part of [encodedName(partition), encodedName(row), value]) {
    hash.update(`${part.length}:`).update(part);
  }
  return hash.digest();
}
