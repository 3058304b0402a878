import type { Manifest, ManifestSegment } from './manifest.ts';

/**
 * Which segments hold, when repairs have replaced some: a fold over manifests in any order. Readers
 * of logs ask it for every segment that a manifest names.
 */
export class ReplacedSegments {
  readonly #by = new Map<string, ManifestSegment>();

  /** Only a manifest of kind `repair` changes anything. */
  see({ repair, segments }: Manifest): void {
    for (const { name, by } of repair?.replaced ?? []) {
      const segment = segments.find((each) => each.name === by);
      if (segment !== undefined) this.#by.set(name, segment);
    }
  }

  isReplaced(name: string): boolean {
    return this.#by.has(name);
  }

  /** The last replacement; the segment itself when there is none. */
  holding(segment: ManifestSegment): ManifestSegment {
    let found = segment;
    for (let next = this.#by.get(found.name); next !== undefined; ) {
      found = next;
      next = this.#by.get(found.name);
    }
    return found;
  }
}
