import type { ChainLink } from '../log-repository/chain.ts';
import type { ManifestContent } from '../log-repository/manifest.ts';
import { copyManifest } from './copy-manifest.ts';
import { readOrNone } from './read-or-none.ts';
import type { RepairContext } from './repair-logs.ts';

/**
 * Makes the newest manifest of the secondary anew: no later one demands its hash, so it is copied as
 * if it never had been. What the secondary did with its own chain at that number is lost, but for the
 * beginning of the chain. Answers why not, or undefined when it was made.
 */
export async function remakeNewest(
  context: RepairContext,
  original: ChainLink,
  before: ChainLink | undefined,
): Promise<string | undefined> {
  const { chain, parts, secondary } = context;
  const { number } = original;
  const name = parts.manifestName(chain, number);
  for await (const each of parts.listNumbers(secondary.store, chain)) {
    if (each > number) return 'nothing tells its hash: the next one is not sound either';
  }
  const isFirst = number === 1;
  if (!isFirst && before === undefined) return 'the manifest before it is not sound';
  const content = await withBeginning(context, original, await copyManifest(context, original));
  const removed = await secondary.store.remove(name);
  if (typeof removed !== 'string') return `damaged and immutable: ${removed.retained}`;
  const made = await parts.appendManifest(secondary.store, chain, before, content);
  return made.outcome === 'lost' ? 'another writer was faster: try again' : undefined;
}

/** A lost checkpoint was the explanation of the beginning. */
async function withBeginning(
  context: RepairContext,
  { number, manifest }: ChainLink,
  content: ManifestContent,
): Promise<ManifestContent> {
  if (manifest.kind !== 'checkpoint') return content;
  const { chain, parts, secondary } = context;
  let first: ChainLink | undefined;
  let hours = {};
  for await (const each of parts.listNumbers(secondary.store, chain)) {
    if (each >= number) break;
    const link = await readOrNone(context, 'secondary', each);
    first ??= link;
    hours = link?.manifest.checkpoint?.hours ?? hours;
  }
  const manifestSha256 = first?.manifest.previous ?? null;
  if (first === undefined || manifestSha256 === null) return content;
  const removedThrough = first.number - 1;
  return { ...content, checkpoint: { firstNumber: 1, removedThrough, manifestSha256, hours } };
}
