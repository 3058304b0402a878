import { BackupError } from '../errors/backup-error.ts';
import { contentHash } from '../json/canonical-text.ts';

/** More pages than any listing has: 5,000 x 999 objects. */
const maximumPages = 5_000;

/**
 * The links of one listing or delta round. A link that comes a second time would never end
 * (https://github.com/microsoftgraph/microsoft-graph-docs/issues/4263). Only hashes are kept: links
 * hold tokens.
 */
export class LinkTrail {
  private readonly seen: Set<string>;

  /** `seen`: hashes of the links of earlier slices, as `hashes` returned them. */
  constructor(seen: Iterable<string> = []) {
    this.seen = new Set(seen);
  }

  get hashes(): readonly string[] {
    return [...this.seen];
  }

  /** Notes the next link; throws graphBadAnswer when it was there before or the list has no end. */
  follow(link: string): void {
    const hash = linkHash(link);
    if (this.seen.has(hash)) {
      throw new BackupError('graphBadAnswer', 'the pages of a list lead back to an earlier page', {
        details: { defect: 'linkLoop', pages: this.seen.size },
      });
    }
    if (this.seen.size >= maximumPages) {
      throw new BackupError('graphBadAnswer', 'the pages of a list do not end', {
        details: { defect: 'endless', pages: this.seen.size },
      });
    }
    this.seen.add(hash);
  }
}

/** SHA-256 of a link, hexadecimal. */
export function linkHash(link: string): string {
  return contentHash(link).toString('hex');
}
