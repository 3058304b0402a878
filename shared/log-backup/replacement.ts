import type { ManifestSegment } from '../log-repository/manifest.ts';
import type { LogPair } from './copy-context.ts';

/** What a later repair has put in the place of a segment; undefined when nothing has. */
export async function findReplacement(
  { parts, chain, ...sides }: LogPair,
  side: 'primary' | 'secondary',
  number: number,
  segment: ManifestSegment,
): Promise<ManifestSegment | undefined> {
  const { store } = sides[side];
  const replaced = parts.replacedSegments();
  const { sha256 } = await parts.readLink(store, chain, number);
  const after = { number, sha256 };
  for await (const { manifest } of parts.walkChain(store, chain, { after })) {
    replaced.see(manifest);
  }
  return replaced.isReplaced(segment.name) ? replaced.holding(segment) : undefined;
}
