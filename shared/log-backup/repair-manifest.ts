import { isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { Manifest, ManifestSegment } from '../log-repository/manifest.ts';
import type { RepairContext, UnrepairedItem } from './repair-logs.ts';

/**
 * A missing or damaged manifest is made again from its pair in the other repository and from the
 * containers that are still there. It is stored only when its hash is the one that the chain demands;
 * damaged bytes go first, which an immutable container refuses.
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
    return not('nothing tells its hash: remove it and copy again when it is the newest');
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

async function readOrNone(
  { chain, parts, ...context }: RepairContext,
  side: RepairContext['side'],
  number: number,
): Promise<ChainLink | undefined> {
  if (number < 1) return undefined;
  try {
    return await parts.readLink(context[side].store, chain, number);
  } catch (error) {
    if (isBackupError(error, 'logBlobMissing', 'manifestDamaged', 'manifestForeign'))
      return undefined;
    throw error;
  }
}

/** Content that both have alike, with this repository's own containers as they are measured now. */
async function rebuild(
  context: RepairContext,
  other: ChainLink,
  before: ChainLink | undefined,
): Promise<Buffer | undefined> {
  const { chain, parts } = context;
  const segments: ManifestSegment[] = [];
  for (const named of parts.segmentsToCopy(other.manifest)) {
    const found = await parts.measureSegment(context[context.side], named);
    if (found === undefined) return undefined;
    segments.push(found);
  }
  const isCopy = other.manifest.copyOf === undefined;
  const manifest: Manifest = {
    ...parts.commonContent(other.manifest),
    ...{ version: 1, ...chain, number: other.number, segments },
    previous: other.number === 1 ? null : (before?.sha256 ?? ''),
    ...(isCopy ? { copyOf: other.sha256 } : {}),
  };
  return before === undefined && other.number > 1 ? undefined : parts.encodeManifest(manifest);
}
