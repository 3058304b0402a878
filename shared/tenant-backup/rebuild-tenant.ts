// Fills a database with a tenant from its copy alone. Everything is checked while it is read, and
// everything happens in one transaction: a copy that is not whole leaves nothing behind.
import { isBackupError } from '../errors/backup-error.ts';
import type { CopySection } from '../repository/copied-rows.ts';
import type { CopyTables } from '../repository/copy-tables.ts';
import type { Database, Transaction } from '../repository/database.ts';
import type {
  CopiedLink,
  CopiedLinkEnd,
  CopiedObject,
  CopiedVersion,
  CopiedVersionEnd,
} from '../repository/rebuilt-rows.ts';
import type { CopyPlace } from './copy-context.ts';
import { type CopyLine, type CopyPart, damaged, readLines, readParts } from './read-copy.ts';

export interface RebuildContext extends CopyPlace {
  readonly database: Database;
  readonly tables: CopyTables;
  /** Told after each segment. */
  readonly progress?: (segments: { readonly done: number; readonly total: number }) => void;
}

export interface Rebuilt {
  readonly tenantId: string;
  /** The head of the rebuilt tenant, and when it was copied. */
  readonly point: number;
  readonly copiedAt: string;
  /** Segments behind the newest manifest: newer points may have been in a copy that never ended. */
  readonly unfinished: number;
  readonly lines: Readonly<Record<string, number>>;
}

/**
 * Rebuilds one tenant. Throws `tenantExists`, `copyMissing`, and for everything that is wrong with the
 * copy an error with the name of the blob: `copyDamaged`, `chainBroken`, and those of manifests,
 * containers and keys. Cursors are not copied: the next backup reads everything.
 */
export async function rebuildTenant(context: RebuildContext, tenantId: string): Promise<Rebuilt> {
  const { parts, unfinished } = await readParts(context, tenantId);
  const { rebuiltRows } = context.tables;
  const id = tenantId.toLowerCase();
  return await rebuiltRows.asNewTenant(context.database, id, async (tx) => {
    const filled = await fillTenant(tx, context, parts);
    const { copy, createdDateTime: copiedAt } = await checkHead(tx, context, parts);
    await rebuiltRows.finishRebuild(tx, copy.through, filled.maxKey);
    return { tenantId: id, point: copy.through, copiedAt, unfinished, lines: filled.lines };
  });
}

interface Filled {
  readonly lines: Readonly<Record<string, number>>;
  readonly maxKey: number;
}

async function fillTenant(
  tx: Transaction,
  context: RebuildContext,
  parts: readonly CopyPart[],
): Promise<Filled> {
  const { rebuiltRows } = context.tables;
  const total = parts.reduce((sum, { copy }) => sum + copy.segments.length, 0);
  const lines: Record<string, number> = {};
  let [done, maxKey] = [0, 0];
  for (const part of parts) {
    const writer = new PartWriter(tx, context.tables);
    if (part.copy.hasState) await rebuiltRows.forgetRebuiltState(tx);
    await rebuiltRows.forgetRebuiltJobs(tx);
    for (const segment of part.copy.segments) {
      for await (const line of readLines(context, segment)) await writer.add(line, segment.name);
      await writer.flush();
      done += 1;
      context.progress?.({ done, total });
    }
    checkCounts(part, writer.lines);
    addCounts(lines, writer.lines);
    maxKey = Math.max(maxKey, part.copy.maxKey, writer.maxKey);
  }
  return { lines, maxKey };
}

function addCounts(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [kind, count] of Object.entries(more)) sums[kind] = (sums[kind] ?? 0) + count;
}

function checkCounts({ name, copy }: CopyPart, found: Readonly<Record<string, number>>): void {
  const kinds = new Set([...Object.keys(copy.lines), ...Object.keys(found)]);
  for (const kind of kinds) {
    if ((copy.lines[kind] ?? 0) !== (found[kind] ?? 0)) {
      throw damaged(name, `its segments hold another number of lines of the kind ${kind}`);
    }
  }
}

/** The objects must be those over which the point's digests were computed when it was published. */
async function checkHead(
  tx: Transaction,
  { tables }: RebuildContext,
  parts: readonly CopyPart[],
): Promise<CopyPart> {
  const last = parts.at(-1);
  if (last === undefined) throw damaged('the copy', 'it has no manifest');
  const { name, copy } = last;
  const claimed = await tables.rebuiltRows.claimedDigests(tx, copy.through);
  if (claimed === undefined) throw damaged(name, `point ${copy.through} is not in its segments`);
  const found = await tables.summariseTypes(tx, copy.through + 1);
  const digests = new Map(found.map(({ type, digest }) => [type, digest]));
  for (const [type, digest] of claimed) {
    if (digest !== '' && (digests.get(type) ?? '') !== digest) {
      throw damaged(name, `the objects of type ${type} are not those of point ${copy.through}`);
    }
  }
  return last;
}

const BATCH_ROWS = 5_000;
const BATCH_BYTES = 8 * 1024 * 1024;

/** Writes lines of one kind together. */
class PartWriter {
  readonly lines: Record<string, number> = {};
  maxKey = 0;
  readonly #tx: Transaction;
  readonly #tables: CopyTables;
  #kind: CopySection | undefined;
  #rows: object[] = [];
  #bytes = 0;
  #name = '';

  constructor(tx: Transaction, tables: CopyTables) {
    this.#tx = tx;
    this.#tables = tables;
  }

  async add(line: CopyLine, name: string): Promise<void> {
    const isFull = this.#rows.length >= BATCH_ROWS || this.#bytes >= BATCH_BYTES;
    if (isFull || line.kind !== this.#kind) await this.flush();
    this.#kind = line.kind;
    this.#name = name;
    this.#rows.push(line.row);
    this.#bytes += line.bytes;
    this.lines[line.kind] = (this.lines[line.kind] ?? 0) + 1;
  }

  async flush(): Promise<void> {
    const [kind, rows] = [this.#kind, this.#rows];
    if (kind === undefined || rows.length === 0) return;
    this.#rows = [];
    this.#bytes = 0;
    const written = await this.#write(kind, rows).catch((error: unknown) => {
      throw asDamage(error, this.#name, kind);
    });
    if (written === rows.length) return;
    throw damaged(this.#name, `of ${rows.length} lines of the kind ${kind} ${written} fit`);
  }

  async #write(kind: CopySection, rows: readonly object[]): Promise<number> {
    const [tx, to] = [this.#tx, this.#tables.rebuiltRows];
    switch (kind) {
      case 'object':
        for (const { key } of rows as readonly CopiedObject[]) {
          this.maxKey = Math.max(this.maxKey, key);
        }
        return await to.rebuildObjects(tx, rows as readonly CopiedObject[]);
      case 'versionEnd':
        return await to.endRebuiltVersions(tx, rows as readonly CopiedVersionEnd[]);
      case 'version':
        return await to.rebuildVersions(tx, rows as readonly CopiedVersion[]);
      case 'linkEnd':
        return await to.endRebuiltLinks(tx, rows as readonly CopiedLinkEnd[]);
      case 'link':
        return await to.rebuildLinks(tx, rows as readonly CopiedLink[]);
      case 'mark':
        return await to.markRebuiltPoints(tx, rows);
      case 'tenant':
        return await to.rebuildTenantRow(tx, rows[0] ?? {});
      case 'point':
      case 'collectionState':
      case 'identity':
      case 'job':
        return await to.rebuildPlainRows(tx, kind, rows);
      default:
        throw damaged(
          this.#name,
          `no version of this product knows lines of the kind ${String(kind)}`,
        );
    }
  }
}

/** What the database refuses as data (SQLSTATE classes 22 and 23) is the fault of the copy. */
function asDamage(error: unknown, name: string, kind: string): unknown {
  if (isBackupError(error)) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isData = /^2[23]...$/.test(code) || error instanceof TypeError;
  return isData ? damaged(name, `the database refuses lines of the kind ${kind}`, error) : error;
}
