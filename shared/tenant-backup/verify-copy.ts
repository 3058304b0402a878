// Reads the copy of a tenant as a rebuild would, writes nothing and names everything that a rebuild
// would stumble over, not only the first thing.
import { isBackupError } from '../errors/backup-error.ts';
import type { ErrorCode } from '../errors/catalog.ts';
import type { CopiedSegment } from '../log-repository/copy-manifest.ts';
import type { Clock } from '../model/clock.ts';
import type { CopyPlace } from './copy-context.ts';
import { type CopyPart, damaged, readLines, readParts } from './read-copy.ts';

/** `quick`: the chain, all names, lengths. `full`: also every segment decrypted and every line counted. */
export type CopyVerifyLevel = 'quick' | 'full';

export interface CopyDefect {
  readonly kind: 'missing' | 'damaged' | 'foreign' | 'broken' | 'wrongKey' | 'version';
  readonly name: string;
  readonly number?: number;
  readonly frame?: number;
  readonly message: string;
}

export interface CopyCounts {
  readonly manifests: number;
  readonly segments: number;
  readonly lines: number;
  readonly bytes: number;
}

/** JSON: the segment to look at next, and the lines of its manifest so far. */
export interface CopyVerifyPlace {
  readonly number: number;
  readonly segment: number;
  readonly lines: Readonly<Record<string, number>>;
  /** A segment of this manifest is defective: its lines are not counted together. */
  readonly isDefective: boolean;
  readonly checked: CopyCounts;
}

export interface CopyVerification {
  /** Of this slice. */
  readonly defects: readonly CopyDefect[];
  readonly checked: CopyCounts;
  readonly next?: CopyVerifyPlace;
}

const kinds: Partial<Record<ErrorCode, CopyDefect['kind']>> = {
  copyMissing: 'missing',
  logBlobMissing: 'missing',
  copyDamaged: 'damaged',
  containerTruncated: 'damaged',
  containerDamaged: 'damaged',
  manifestDamaged: 'damaged',
  containerForeign: 'foreign',
  manifestForeign: 'foreign',
  chainBroken: 'broken',
  keyWrong: 'wrongKey',
  containerVersion: 'version',
};

export interface CopyVerifyContext extends CopyPlace {
  readonly clock: Clock;
  readonly level: CopyVerifyLevel;
}

interface Check {
  readonly context: CopyVerifyContext;
  readonly deadline: Date;
  readonly defects: CopyDefect[];
  checked: CopyCounts;
}

/**
 * Verifies what a rebuild reads, the newest full copy and the changes after it, until `deadline`; at
 * least one segment. Throws errors that say nothing about what is stored.
 */
export async function verifyTenantCopy(
  context: CopyVerifyContext,
  tenantId: string,
  deadline: Date,
  from?: CopyVerifyPlace,
): Promise<CopyVerification> {
  const none = { manifests: 0, segments: 0, lines: 0, bytes: 0 };
  const check: Check = { context, deadline, defects: [], checked: from?.checked ?? none };
  const first = from?.number ?? 0;
  const parts = (await partsOf(check, tenantId)).filter(({ number }) => number >= first);
  const next = await checkParts(check, parts, from);
  const { defects, checked } = check;
  return { defects, checked, ...(next === undefined ? {} : { next }) };
}

async function checkParts(
  check: Check,
  parts: readonly CopyPart[],
  from: CopyVerifyPlace | undefined,
): Promise<CopyVerifyPlace | undefined> {
  for (const [index, part] of parts.entries()) {
    const begun = part.number === from?.number ? from : placeOf(check, part);
    const left = await checkPart(check, part, begun);
    if (left !== undefined) return left;
    const following = parts[index + 1];
    const isOver = check.context.clock.now() >= check.deadline;
    if (isOver && following !== undefined) return placeOf(check, following);
  }
  return undefined;
}

async function partsOf(check: Check, tenantId: string): Promise<readonly CopyPart[]> {
  try {
    return (await readParts(check.context, tenantId)).parts;
  } catch (error) {
    check.defects.push(defectOf(error, `${tenantId.toLowerCase()}/directory`, undefined));
    return [];
  }
}

function placeOf({ checked }: Check, { number }: CopyPart): CopyVerifyPlace {
  return { number, segment: 0, lines: {}, isDefective: false, checked };
}

/** The place to go on when the time was up before the last segment. */
async function checkPart(
  check: Check,
  part: CopyPart,
  from: CopyVerifyPlace,
): Promise<CopyVerifyPlace | undefined> {
  const { number, copy } = part;
  const lines: Record<string, number> = { ...from.lines };
  let { isDefective } = from;
  for (const [index, named] of copy.segments.slice(from.segment).entries()) {
    const found = await checkSegment(check, part, named);
    isDefective ||= found === undefined;
    addCounts(lines, found ?? {});
    const segment = from.segment + index + 1;
    const isOver = check.context.clock.now() >= check.deadline;
    if (isOver && segment < copy.segments.length) {
      return { number, segment, lines, isDefective, checked: check.checked };
    }
  }
  if (check.context.level === 'full' && !isDefective) compareCounts(check, part, lines);
  check.checked = { ...check.checked, manifests: check.checked.manifests + 1 };
  return undefined;
}

function addCounts(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [kind, count] of Object.entries(more)) sums[kind] = (sums[kind] ?? 0) + count;
}

/** Lines by kind, none at level `quick`; undefined when the segment is defective. */
async function checkSegment(
  check: Check,
  { number }: CopyPart,
  named: CopiedSegment,
): Promise<Record<string, number> | undefined> {
  const { context, defects } = check;
  const lines: Record<string, number> = {};
  let total = 0;
  try {
    if (context.level === 'quick') await checkLength(context, named);
    else {
      for await (const { kind } of readLines(context, named)) {
        lines[kind] = (lines[kind] ?? 0) + 1;
        total += 1;
      }
    }
  } catch (error) {
    defects.push(defectOf(error, named.name, number));
    return undefined;
  }
  const { manifests, segments, lines: before, bytes } = check.checked;
  const read = context.level === 'full' ? named.bytes : 0;
  check.checked = {
    ...{ manifests, segments: segments + 1, lines: before + total, bytes: bytes + read },
  };
  return lines;
}

async function checkLength({ store }: CopyVerifyContext, named: CopiedSegment): Promise<void> {
  const { name, bytes } = named;
  const found = await store.head(name);
  if (found === undefined) throw damaged(name, 'it is not there');
  if (found.bytes !== bytes) throw damaged(name, `it has ${found.bytes} bytes instead of ${bytes}`);
}

function compareCounts(
  { defects }: Check,
  { name, number, copy }: CopyPart,
  found: Readonly<Record<string, number>>,
): void {
  for (const kind of new Set([...Object.keys(copy.lines), ...Object.keys(found)])) {
    if ((copy.lines[kind] ?? 0) === (found[kind] ?? 0)) continue;
    const message = `${name}: its segments hold another number of lines of the kind ${kind}`;
    defects.push({ kind: 'damaged', name, number, message });
  }
}

function defectOf(error: unknown, at: string, number: number | undefined): CopyDefect {
  const kind = isBackupError(error) ? kinds[error.code] : undefined;
  if (kind === undefined || !isBackupError(error)) throw error;
  const { name, frame } = error.details;
  return {
    kind,
    name: typeof name === 'string' ? name : at,
    ...(number === undefined ? {} : { number }),
    ...(typeof frame === 'number' ? { frame } : {}),
    message: error.message,
  };
}
