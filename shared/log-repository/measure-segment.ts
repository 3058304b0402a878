import { isContainerDefect } from './container-check.ts';
import { openContainer } from './container-reader.ts';
import { parseLogName } from './log-names.ts';
import type { LogSide } from './log-side.ts';
import type { ManifestSegment } from './manifest.ts';
import { measureStream } from './measured-content.ts';

interface Measured {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly footerSha256: string;
}

/**
 * What a manifest of this repository says of a segment that stands under the same name in both;
 * undefined when it is not there or does not open.
 */
export async function measureSegment(
  side: LogSide,
  other: ManifestSegment,
): Promise<ManifestSegment | undefined> {
  try {
    const segment = await measure(side, other.name);
    const index = await measure(side, other.index.name);
    return segment === undefined || index === undefined
      ? undefined
      : { ...other, ...segment, index };
  } catch (error) {
    if (isContainerDefect(error)) return undefined;
    throw error;
  }
}

async function measure({ store, keys }: LogSide, name: string): Promise<Measured | undefined> {
  const place = parseLogName(name);
  if (place === undefined || place.kind === 'manifest') return undefined;
  const { tenant, source, kind: content, idPrefix: segmentId } = place;
  const found = await openContainer(store, name, keys, { tenant, source, content, segmentId });
  const { bytes, footerSha256 } = found;
  const sha256 = (await measureStream(store.readStream(name))).sha256();
  return { name, bytes, sha256, footerSha256 };
}
