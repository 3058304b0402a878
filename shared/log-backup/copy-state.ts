import type { ChainLink } from '../log-repository/chain.ts';
import type { ManifestSegment } from '../log-repository/manifest.ts';
import type { CopyContext } from './copy-context.ts';
import { type CopyMark, readCopyMark } from './copy-mark.ts';

export type CopyState = 'pending' | 'copied' | 'verified';

/** How far the secondary is behind, by what is known without it: shown also while it is down. */
export interface CopyLag {
  readonly manifests: number;
  /** Age of the oldest manifest that is not copied; 0 when none is. */
  readonly seconds: number;
  /** Segments and indexes that are not copied. */
  readonly bytes: number;
  /** More was not looked at: `seconds` is right, `bytes` is a lower bound. */
  readonly isBytesBound: boolean;
  /** Copied, not yet read back. */
  readonly unverified: number;
  readonly defects: number;
}

const MAX_READ = 500;

type LagContext = Pick<CopyContext, 'chain' | 'primary' | 'parts' | 'cache' | 'clock'>;

/** Reads the primary and the cache only. */
export async function copyLag(context: LagContext): Promise<CopyLag> {
  const { cache, chain, primary, parts, clock } = context;
  const { mark } = await readCopyMark(cache, chain);
  let [manifests, bytes, oldest] = [0, 0, 0];
  const head = await parts.readHead(primary.store, chain);
  const total = Math.max(0, (head?.number ?? 0) - mark.copied);
  for await (const link of waiting(context, mark, head)) {
    if (manifests === 0) oldest = Date.parse(link.manifest.createdDateTime);
    manifests += 1;
    bytes += bytesOf(parts.segmentsToCopy(link.manifest));
  }
  return {
    ...{ manifests: total, bytes },
    seconds: manifests === 0 ? 0 : Math.max(0, (clock.now().getTime() - oldest) / 1000),
    isBytesBound: manifests === MAX_READ && total > MAX_READ,
    unverified: mark.copied - mark.verified,
    defects: mark.defects.length,
  };
}

/** State of each segment of one manifest of the primary. */
export function stateOf(mark: CopyMark, number: number, name: string): CopyState {
  if (number > mark.copied) return 'pending';
  const isDefective = mark.defects.some((each) => each.number === number && each.name === name);
  return number > mark.verified || isDefective ? 'copied' : 'verified';
}

async function* waiting(
  { chain, primary, parts }: LagContext,
  mark: CopyMark,
  head: ChainLink | undefined,
): AsyncGenerator<ChainLink> {
  let first = mark.copied + 1;
  if (mark.copied === 0 && head !== undefined) {
    for await (const number of parts.listNumbers(primary.store, chain)) {
      first = number;
      break;
    }
  }
  const through = Math.min(head?.number ?? 0, first + MAX_READ - 1);
  for (let number = first; number <= through; number++) {
    yield await parts.readLink(primary.store, chain, number);
  }
}

function bytesOf(segments: readonly ManifestSegment[]): number {
  return segments.reduce((sum, { bytes, index }) => sum + bytes + index.bytes, 0);
}
