import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { CopiedSegment, CopyStatement } from '../log-repository/copy-manifest.ts';
import type { CopySection } from '../repository/copied-rows.ts';
import { type CopyPlace, copyChain } from './copy-context.ts';
import { statementOf } from './copy-plan.ts';

export interface CopyPart {
  readonly number: number;
  /** Name of the manifest. */
  readonly name: string;
  readonly createdDateTime: string;
  readonly copy: CopyStatement;
}

export interface CopyParts {
  readonly parts: readonly CopyPart[];
  /** Segments behind the newest manifest: a copy that did not end, or whose manifest was removed. */
  readonly unfinished: number;
}

export interface CopyLine {
  readonly kind: CopySection;
  readonly row: object;
  readonly bytes: number;
}

/**
 * The newest full copy of a tenant and all changes after it, after the whole chain and all names of
 * the copy were checked. Throws `copyMissing`, `chainBroken`, the errors of manifests, and
 * `copyDamaged` with the name of what does not belong there.
 */
export async function readParts(place: CopyPlace, tenantId: string): Promise<CopyParts> {
  const id = copyChain(tenantId);
  let parts: CopyPart[] = [];
  const named = new Set<string>();
  let head: ChainLink | undefined;
  for await (const link of place.chain.walkChain(place.store, id)) {
    const copy = statementOf(link);
    if (copy === undefined) continue;
    if (copy.kind === 'full') parts = [];
    const name = place.chain.manifestName(id, link.number);
    const { createdDateTime } = link.manifest;
    parts.push({ number: link.number, name, createdDateTime, copy });
    for (const segment of copy.segments) named.add(segment.name);
    head = link;
  }
  for (const [index, { name, copy }] of parts.entries()) {
    checkOrder(name, copy, parts[index - 1]?.copy);
  }
  const unfinished = await checkNames(place, tenantId, named, head?.number ?? 0);
  if (parts.length > 0) return { parts, unfinished };
  throw new BackupError('copyMissing', `${place.store.description} holds no copy of ${id.tenant}`);
}

function checkOrder(name: string, copy: CopyStatement, before: CopyStatement | undefined): void {
  const isBeginning = copy.kind === 'full' && copy.after === 0;
  if (isBeginning || (before !== undefined && before.through === copy.after)) return;
  throw damaged(name, 'it does not go on where the copy before it ends');
}

/**
 * A segment that no manifest names is what a crash left behind, of a number up to the next one. One of
 * a later number shows that manifests are missing; any other name is foreign.
 */
async function checkNames(
  place: CopyPlace,
  tenantId: string,
  named: ReadonlySet<string>,
  head: number,
): Promise<number> {
  const { store, chain } = place;
  let unfinished = 0;
  for await (const { name } of store.list(`${chain.chainFolder(copyChain(tenantId))}/`)) {
    if (named.has(name)) continue;
    const parsed = chain.parseLogName(name);
    const isKnown = parsed?.kind === 'manifest' || parsed?.kind === 'segment';
    if (!isKnown) throw damaged(name, 'nothing here is named like this');
    if (parsed.number > head + 1) throw damaged(name, `manifests from ${head + 1} on are missing`);
    if (parsed.number > head) unfinished += 1;
  }
  return unfinished;
}

/** The lines of a segment in order; each one was decrypted and checked. */
export async function* readLines(
  place: CopyPlace,
  segment: CopiedSegment,
): AsyncGenerator<CopyLine> {
  const { store, keys, chain } = place;
  const { name, bytes, footerSha256 } = segment;
  const opened = await chain
    .openSegment(store, name, keys, { bytes, footerSha256 })
    .catch((error: unknown) => {
      throw withName(error, name);
    });
  let records = 0;
  for await (const { line } of opened.records()) {
    records += 1;
    yield parseLine(name, line);
  }
  if (records !== segment.records) throw damaged(name, 'its manifest counts other lines');
}

/** A key does not know what it opens. */
function withName(error: unknown, name: string): unknown {
  if (!isBackupError(error, 'keyWrong', 'keyUnavailable')) return error;
  const { code, message, details } = error;
  return new BackupError(code, `${name}: ${message}`, {
    cause: error,
    details: { ...details, name },
  });
}

function parseLine(name: string, line: Buffer): CopyLine {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch (cause) {
    throw damaged(name, 'a line is not json', cause);
  }
  if (typeof value === 'object' && value !== null && 'line' in value && 'row' in value) {
    const { line: kind, row } = value;
    if (typeof kind === 'string' && typeof row === 'object' && row !== null) {
      return { kind: kind as CopySection, row, bytes: line.length };
    }
  }
  throw damaged(name, 'a line has another form than documented');
}

export function damaged(name: string, what: string, cause?: unknown): BackupError {
  return new BackupError('copyDamaged', `${name} is damaged: ${what}`, {
    cause,
    details: { name },
  });
}

/** Tenants of which a container holds a copy, by their ids; a few requests for each. */
export async function listCopiedTenants(place: CopyPlace): Promise<string[]> {
  const tenants: string[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const first = await firstName(place, after);
    const tenant = first?.split('/')[0];
    // the character behind the slash: the next name after all of that tenant
    after = tenant === undefined ? undefined : `${tenant}0`;
    if (tenant === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(tenant))
      continue;
    for await (const _ of place.store.list(`${place.chain.chainFolder(copyChain(tenant))}/`)) {
      tenants.push(tenant);
      break;
    }
  }
  return tenants;
}

async function firstName({ store }: CopyPlace, after: string): Promise<string | undefined> {
  for await (const { name } of store.list('', after === '' ? {} : { after })) return name;
  return undefined;
}
