import { decodedName, isCut, keyOf } from './cache-names.ts';
import type {
  CacheCounts,
  CachedValue,
  CacheEntry,
  CacheRepository,
  CacheWriteOptions,
} from './cache-repository.ts';
import { expireEntries } from './expiry.ts';
import {
  ENTITIES_PER_TRANSACTION,
  type Entity,
  type FoundEntity,
  type Head,
  headOf,
  headRow,
  isCount,
  LARGEST_VALUE,
  partRow,
  type StoredValue,
  storedValue,
  wholeValue,
} from './stored-value.ts';
import type { TableAccess } from './table-access.ts';

export interface TableCacheOptions {
  /** `expire` keeps the table below it; 1 GiB by default. */
  readonly maximumBytes?: number;
}

/** What is there under a name; `mark` and `etag` of the head that was read. */
type Loaded =
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly etag: string; readonly mark?: string }
  | {
      readonly state: 'sound';
      readonly etag: string;
      readonly mark: string;
      readonly value: Buffer;
    };

type EntityKeys = Pick<Entity, 'partitionKey' | 'rowKey'>;

const GIBIBYTE = 1024 ** 3;
/** A value that is replaced while it is read looks torn: then it is read again. */
const READS = 3;
const REMEMBERED = 1000;

/** The cache in one table of Table Storage. */
export class TableCache implements CacheRepository {
  readonly description: string;
  readonly #table: TableAccess;
  readonly #transactions: () => number;
  readonly #maximumBytes: number;
  /** Heads with parts, by etag: whoever replaces such a state removes its parts. */
  readonly #parts = new Map<
    string,
    { readonly partition: string; readonly rows: readonly string[] }
  >();
  #damaged = 0;

  constructor(table: TableAccess, transactions: () => number, options: TableCacheOptions = {}) {
    this.#table = table;
    this.#transactions = transactions;
    this.#maximumBytes = options.maximumBytes ?? GIBIBYTE;
    this.description = table.description;
  }

  get counts(): CacheCounts {
    return { transactions: this.#transactions(), damaged: this.#damaged };
  }

  async read(partition: string, row: string): Promise<CachedValue | undefined> {
    const found = await this.#load(partition, row);
    if (found.state === 'damaged') this.#damaged += 1;
    return found.state === 'sound' ? { value: found.value, etag: found.etag } : undefined;
  }

  async write(
    partition: string,
    row: string,
    value: Buffer,
    etag: string | undefined,
    options: CacheWriteOptions = {},
  ): Promise<string | 'conflict'> {
    const stored = storedValue(partition, row, value, options.expires);
    const written = await this.#put(stored, etag);
    if (written !== 'conflict') return written;
    // A repeated request meets its own effect, and garbage that nobody reads blocks nobody.
    const found = await this.#load(partition, row);
    if (found.state === 'missing') return 'conflict';
    if (found.mark === stored.mark) return found.etag;
    if (etag !== undefined || found.state === 'sound') return 'conflict';
    return await this.#put(storedValue(partition, row, value, options.expires), found.etag);
  }

  async remove(
    partition: string,
    row: string,
    etag?: string,
  ): Promise<'removed' | 'missing' | 'conflict'> {
    const head = headRow(row);
    const removed = await this.#table.delete(keyOf(partition), head, etag);
    if (removed !== 'removed') return removed;
    const filter = `${inPartition(partition)} and RowKey gt '${head}' and RowKey lt '${head}~'`;
    const rows: string[] = [];
    for await (const part of this.#table.query({ filter, select: ['RowKey'] })) {
      if (typeof part.rowKey === 'string') rows.push(part.rowKey);
    }
    await this.#table.deleteRows(keyOf(partition), rows);
    return 'removed';
  }

  async *list(partition: string): AsyncGenerator<CacheEntry> {
    const select = ['RowKey', 'bytes', 'expires', 'name'];
    for await (const entity of this.#table.query({ filter: inPartition(partition), select })) {
      const entry = entryOf(entity);
      if (entry !== undefined) yield entry;
    }
  }

  async expire(now: Date): Promise<number> {
    return await expireEntries(this.#table, now, this.#maximumBytes);
  }

  async check(): Promise<{ readonly latencyMs: number; readonly region?: string }> {
    const start = performance.now();
    const region = await this.#table.ping();
    const latencyMs = performance.now() - start;
    return { latencyMs, ...(region === undefined ? {} : { region }) };
  }

  /** Parts first, as many in the head's transaction as fit; then the parts of the state before go. */
  async #put(stored: StoredValue, etag: string | undefined): Promise<string | 'conflict'> {
    const { mark, head, parts } = stored;
    const written =
      parts.length === 0 ? await this.#table.put(head, etag) : await this.#putAll(stored, etag);
    if (written === 'conflict') return written;
    this.#remember(written, head, mark, parts.length);
    const replaced = etag === undefined ? undefined : this.#parts.get(etag);
    if (etag !== undefined && replaced !== undefined) {
      this.#parts.delete(etag);
      await this.#table.deleteRows(replaced.partition, replaced.rows);
    }
    return written;
  }

  async #putAll({ head, parts }: StoredValue, etag: string | undefined): Promise<string> {
    const chunks = chunked([...parts, head]);
    const last = chunks.pop() ?? [];
    for (const chunk of chunks) {
      // a conflict with parts of the same mark: a repeated request met its own effect
      await this.#table.putAll(chunk, undefined, undefined);
    }
    return await this.#table.putAll(last.slice(0, -1), head, etag);
  }

  #remember(etag: string, head: EntityKeys, mark: string, parts: number): void {
    if (parts === 0) return;
    if (this.#parts.size >= REMEMBERED) this.#parts.clear();
    const rows = Array.from({ length: parts }, (_, index) => partRow(head.rowKey, mark, index + 1));
    this.#parts.set(etag, { partition: head.partitionKey, rows });
  }

  async #load(partition: string, row: string): Promise<Loaded> {
    let found: Loaded = { state: 'missing' };
    for (let attempt = 0; attempt < READS; attempt += 1) {
      const entity = await this.#table.get(keyOf(partition), headRow(row));
      if (entity === undefined) return { state: 'missing' };
      // the same torn head twice is no race
      if (found.state === 'damaged' && found.etag === entity.etag) return found;
      found = await this.#whole(partition, row, entity);
      if (found.state === 'sound' || headOf(entity)?.parts === 0) return found;
    }
    return found;
  }

  async #whole(partition: string, row: string, entity: FoundEntity): Promise<Loaded> {
    const etag = entity.etag ?? '';
    const head = headOf(entity);
    if (head === undefined) return { state: 'damaged', etag };
    const parts = head.parts === 0 ? [] : await this.#partsOf(partition, row, head);
    const value = wholeValue(partition, row, head, [entity, ...parts]);
    if (value === undefined) return { state: 'damaged', etag, mark: head.mark };
    const keys = { partitionKey: keyOf(partition), rowKey: headRow(row) };
    this.#remember(etag, keys, head.mark, head.parts);
    return { state: 'sound', etag, mark: head.mark, value };
  }

  async #partsOf(partition: string, row: string, head: Head): Promise<FoundEntity[]> {
    const prefix = `${headRow(row)}${head.mark}`;
    const filter = `${inPartition(partition)} and RowKey gt '${prefix}-' and RowKey lt '${prefix}.'`;
    const parts: FoundEntity[] = [];
    for await (const part of this.#table.query({ filter })) parts.push(part);
    return parts;
  }
}

function inPartition(partition: string): string {
  return `PartitionKey eq '${keyOf(partition)}'`;
}

function chunked(entities: readonly Entity[]): Entity[][] {
  const chunks: Entity[][] = [];
  for (let from = 0; from < entities.length; from += ENTITIES_PER_TRANSACTION) {
    chunks.push(entities.slice(from, from + ENTITIES_PER_TRANSACTION));
  }
  return chunks;
}

function entryOf(entity: FoundEntity): CacheEntry | undefined {
  const { rowKey, name, bytes, expires } = entity;
  if (typeof rowKey !== 'string' || !rowKey.endsWith('!')) return undefined;
  const key = rowKey.slice(0, -1);
  const encoded = isCut(key) ? name : key;
  if (typeof encoded !== 'string' || !isCount(bytes, LARGEST_VALUE)) return undefined;
  return {
    row: decodedName(encoded),
    bytes,
    ...(expires instanceof Date ? { expires } : {}),
  };
}
