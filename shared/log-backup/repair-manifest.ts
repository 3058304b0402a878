import type { ChainLink } from '../log-repository/chain.ts';
import type { Manifest, ManifestSegment } from '../log-repository/manifest.ts';
import { readOrNone } from './read-or-none.ts';
import type { RepairContext, UnrepairedItem } from './repair-logs.ts';
import { remakeNewest } from './repair-newest.ts';

/**
 * A missing or damaged manifest is made again from its pair in the other repository and from the
 * containers that are still there. It is stored only when its hash is the one that the chain demands;
 * damaged bytes go first, which an immutable container refuses. The newest of the secondary is made
 * anew.
 */
export async function repairManifest(
  context: RepairContext,
  number: number,
): Promise<'sound' | 'repaired' | UnrepairedItem> {
  const { chain, parts, side } = context;
  const { store } = context[side];
  const name = parts.manifestName(chain, number);
  const not = (reason: string): UnrepairedItem => ({ number, name, reason });
  if ((await readOrNone(context, side, number)) !== undefined) return 'sound';
  const other = await readOrNone(context, otherOf(side), number);
  if (other === undefined) return not('the other repository has no sound manifest of this number');
  const next = await readOrNone(context, side, number + 1);
  const before = await readOrNone(context, side, number - 1);
  const demanded = next?.manifest.previous ?? other.manifest.copyOf;
  if (demanded === undefined || demanded === null) {
    const reason = await remakeNewest(context, other, before);
    return reason === undefined ? 'repaired' : not(reason);
  }
  const bytes = await rebuild(context, other, before);
  if (bytes === undefined || parts.manifestHash(bytes) !== demanded) {
    return not('its bytes cannot be made again: its containers or the one before are defective');
  }
  const removed = await store.remove(name);
  if (typeof removed !== 'string') return not(`damaged and immutable: ${removed.retained}`);
  await store.create(name, bytes);
  return 'repaired';
}

function otherOf(side: RepairContext['side']): RepairContext['side'] {
  return side === 'primary' ? 'secondary' : 'primary';
}

/** Content that both have alike, with this repository's own containers as they are measured now. */
async function rebuild(
  context: RepairContext,
  other: ChainLink,
  before: ChainLink | undefined,
): Promise<Buffer | undefined> {
  const { chain, parts } = context;
  if (before === undefined && other.number > 1) return undefined;
  const isCopy = other.manifest.copyOf === undefined;
  const { segments, unmeasured } = await measureAll(context, other);
  // those that never came here stand as the primary names them; the hash tells whether that is so
  if (unmeasured.length > 0 && !isCopy) return undefined;
  const manifest: Manifest = {
    ...parts.commonContent(other.manifest),
    ...{ version: 1, ...chain, number: other.number, segments },
    previous: before?.sha256 ?? null,
    ...(isCopy ? { copyOf: other.sha256 } : {}),
    ...(unmeasured.length === 0 ? {} : { uncopied: unmeasured }),
  };
  return parts.encodeManifest(manifest);
}

async function measureAll(
  context: RepairContext,
  other: ChainLink,
): Promise<{ readonly segments: ManifestSegment[]; readonly unmeasured: string[] }> {
  const { parts, side } = context;
  const segments: ManifestSegment[] = [];
  const unmeasured: string[] = [];
  for (const named of parts.segmentsToCopy(other.manifest)) {
    const found = await parts.measureSegment(context[side], named);
    if (found === undefined) unmeasured.push(named.name);
    segments.push(found ?? named);
  }
  return { segments, unmeasured };
}
