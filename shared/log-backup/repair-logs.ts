// Repairs one log repository from the other one, on request and for a range of numbers. Segments are
// written again under new names and a manifest of kind `repair` puts them in the place of the old
// ones; a manifest comes back only as the very bytes that its chain demands.
import { isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { LogSide } from '../log-repository/log-side.ts';
import type { ManifestSegment } from '../log-repository/manifest.ts';
import type { Clock } from '../model/clock.ts';
import type { LogPair } from './copy-context.ts';
import { repairManifest } from './repair-manifest.ts';
import { findReplacement } from './replacement.ts';

export interface RepairContext extends LogPair {
  /** The repository that is repaired, from the other one. */
  readonly side: 'primary' | 'secondary';
  readonly clock: Clock;
  /** Id of the run. */
  readonly writer: string;
}

export interface UnrepairedItem {
  readonly number: number;
  readonly name: string;
  readonly reason: string;
}

export interface RepairResult {
  readonly segments: number;
  readonly manifests: number;
  /** What stays as it is, and why; the first 1,000. */
  readonly unrepaired: readonly UnrepairedItem[];
  /** The next number for another slice; undefined: the range is done. */
  readonly next?: number;
}

const MAX_UNREPAIRED = 1000;
const ATTEMPTS = 5;

/**
 * Looks at numbers `from` to `to`, each segment in full, until `deadline`; at least one number.
 * Repeating it repairs nothing twice. Throws the errors of both stores and keys.
 */
export async function repairLogs(
  context: RepairContext,
  range: { readonly from: number; readonly to: number },
  deadline: Date,
): Promise<RepairResult> {
  const unrepaired: UnrepairedItem[] = [];
  let [segments, manifests] = [0, 0];
  for (let number = range.from; number <= range.to; number++) {
    const outcome = await repairManifest(context, number);
    if (typeof outcome === 'object') unrepaired.push(outcome);
    if (outcome === 'repaired') manifests += 1;
    if (outcome === 'sound' || outcome === 'repaired') {
      const done = await repairSegments(context, number);
      segments += done.segments;
      unrepaired.push(...done.unrepaired);
    }
    if (context.clock.now() >= deadline && number < range.to) {
      return {
        segments,
        manifests,
        unrepaired: unrepaired.slice(0, MAX_UNREPAIRED),
        next: number + 1,
      };
    }
  }
  return { segments, manifests, unrepaired: unrepaired.slice(0, MAX_UNREPAIRED) };
}

type Repaired = Pick<RepairResult, 'segments' | 'unrepaired'>;

async function repairSegments(context: RepairContext, number: number): Promise<Repaired> {
  const { chain, parts, side } = context;
  const own = await parts.readLink(context[side].store, chain, number);
  const unrepaired: UnrepairedItem[] = [];
  let segments = 0;
  for (const [place, named] of parts.segmentsToCopy(own.manifest).entries()) {
    const defective = await findDefective(context, number, named);
    if (defective === undefined) continue;
    const reason = await replaceSegment(context, own, place, defective);
    if (reason === undefined) segments += 1;
    else unrepaired.push({ number, name: defective.name, reason });
  }
  return { segments, unrepaired };
}

/** The segment, or what has replaced it, when that is defective. */
async function findDefective(
  context: RepairContext,
  number: number,
  named: ManifestSegment,
): Promise<ManifestSegment | undefined> {
  if (await isSound(context, named)) return undefined;
  const replacement = await findReplacement(context, context.side, number, named);
  if (replacement === undefined) return named;
  return (await isSound(context, replacement)) ? undefined : replacement;
}

async function isSound(context: RepairContext, named: ManifestSegment): Promise<boolean> {
  try {
    await auditBoth(context, context[context.side], named);
    return true;
  } catch (error) {
    if (context.parts.isContainerDefect(error)) return false;
    throw error;
  }
}

async function auditBoth(
  { parts }: RepairContext,
  side: LogSide,
  named: ManifestSegment,
): Promise<void> {
  const audited = await parts.auditSegment(side, named);
  await parts.auditIndex(side, named, audited);
}

/** Undefined when it was replaced; else the reason why not. */
async function replaceSegment(
  context: RepairContext,
  own: ChainLink,
  place: number,
  named: ManifestSegment,
): Promise<string | undefined> {
  const other = context.side === 'primary' ? 'secondary' : 'primary';
  const source = await sourceOf(context, own, place, other);
  if (typeof source === 'string') return source;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const outcome = await appendRepair(context, named, source);
    if (outcome === 'appended') return undefined;
    if (outcome === 'behind') return 'the copy is behind: copy first, then repair';
  }
  return 'other writers were faster each time: try again';
}

async function appendRepair(
  context: RepairContext,
  named: ManifestSegment,
  source: ManifestSegment,
): Promise<'appended' | 'behind' | 'lost'> {
  const { chain, parts, side } = context;
  const other = side === 'primary' ? 'secondary' : 'primary';
  const primary = await headOf(context, 'primary');
  const secondary = side === 'secondary' ? await headOf(context, 'secondary') : undefined;
  const isBehind = secondary !== undefined && secondary.head?.number !== primary.head?.number;
  if (isBehind) return 'behind';
  const target = { number: (primary.head?.number ?? 0) + 1, isNew: true };
  const segment = await parts.copySegment(context[other], context[side], source, target);
  const number = parts.parseLogName(named.name)?.number ?? 0;
  const replaced = [{ number, name: named.name, by: segment.name }];
  const createdDateTime = context.clock.now().toISOString();
  const heads = secondary === undefined ? { primary } : { primary, secondary };
  const appended = await parts.appendOwn(heads, chain, {
    ...{ kind: 'repair', createdDateTime, writer: context.writer },
    ...{ segments: [segment], repair: { replaced } },
  });
  return appended === 'lost' ? 'lost' : 'appended';
}

async function headOf({ chain, parts, ...context }: RepairContext, side: 'primary' | 'secondary') {
  const { store } = context[side];
  return { store, head: await parts.readHead(store, chain) };
}

/** The sound counterpart in the other repository, or why there is none. */
async function sourceOf(
  context: RepairContext,
  own: ChainLink,
  place: number,
  other: 'primary' | 'secondary',
): Promise<ManifestSegment | string> {
  const { chain, parts } = context;
  const { number } = own;
  try {
    const link = await parts.readLink(context[other].store, chain, number);
    if (!parts.isCopyPair(own, link)) return 'the other repository has another chain';
    const found = link.manifest.segments[place];
    if (found === undefined) return 'the other repository does not have it';
    const source = (await findReplacement(context, other, number, found)) ?? found;
    await auditBoth(context, context[other], source);
    return source;
  } catch (error) {
    const isManifest = isBackupError(error, 'manifestDamaged', 'manifestForeign');
    if (!isManifest && !parts.isContainerDefect(error)) throw error;
    return `the other repository is defective there: ${isBackupError(error) ? error.code : ''}`;
  }
}
