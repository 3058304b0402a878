import { appendManifest, type ChainLink } from './chain.ts';
import { copiedContent } from './copied-manifest.ts';
import type { ChainId } from './log-names.ts';
import type { LogStore } from './log-store.ts';
import type { Manifest, ManifestContent } from './manifest.ts';

/** What a repository does with its own chain. */
export interface OwnStatement {
  readonly kind: 'checkpoint' | 'repair';
  readonly createdDateTime: string;
  readonly writer: string;
  readonly segments: Manifest['segments'];
  readonly checkpoint?: NonNullable<Manifest['checkpoint']>;
  readonly repair?: NonNullable<Manifest['repair']>;
}

export interface ChainHeads {
  readonly primary: { readonly store: LogStore; readonly head: ChainLink | undefined };
  /** Without it there is no secondary, or the statement is the primary's. */
  readonly secondary?: { readonly store: LogStore; readonly head: ChainLink | undefined };
}

/**
 * Appends an act of one repository. Both chains have the same numbers, so an act of the secondary
 * first takes its number in the primary, by a manifest of that kind that does nothing there. Both heads
 * must have the same number then. `lost`: another writer has the number; what was built is void.
 */
export async function appendOwn(
  heads: ChainHeads,
  chain: ChainId,
  statement: OwnStatement,
): Promise<'lost' | ChainLink> {
  const { primary, secondary } = heads;
  if (secondary === undefined) {
    const own = await appendManifest(primary.store, chain, primary.head, statement);
    return own.outcome === 'lost' ? 'lost' : own.link;
  }
  if (primary.head?.number !== secondary.head?.number) return 'lost';
  const { kind, createdDateTime, writer, ...acts } = statement;
  const nothing = { kind, createdDateTime, writer, segments: [] };
  const place = await appendManifest(primary.store, chain, primary.head, nothing);
  if (place.outcome === 'lost') return 'lost';
  const content: ManifestContent = { ...copiedContent(place.link, []), ...acts };
  const own = await appendManifest(secondary.store, chain, secondary.head, content);
  return own.outcome === 'lost' ? 'lost' : own.link;
}
