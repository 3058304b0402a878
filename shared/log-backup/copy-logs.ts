// Copies the chain of one source of one tenant to the secondary repository, manifest by manifest:
// segments first, read back, then the secondary's own manifest. Reads the primary and never writes
// to it; what happens here delays the copy only. May be killed anywhere and run twice.
import { BackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import type { ManifestContent } from '../log-repository/manifest.ts';
import type { CopyContext, LogPair } from './copy-context.ts';
import { copyManifest } from './copy-manifest.ts';
import { verifyCopied } from './copy-verify.ts';

export interface CopyResult {
  /** Newest number in the primary when the slice began, and in the secondary when it ended. */
  readonly head: number;
  readonly copied: number;
  /** Everything up to here was read back and decrypted from the secondary, but for `defects`. */
  readonly verified: number;
  readonly defects: number;
  /** Nothing is left to copy or to read back. */
  readonly done: boolean;
  /** Another worker copies the same chain; this slice stopped. */
  readonly lost: boolean;
}

/**
 * Copies until everything is copied and read back, or `deadline`; at least one manifest. Throws the
 * errors of the stores and keys (try again later), and `chainBroken` when the two chains do not belong
 * together or the primary has lost manifests. A segment that is lost in the primary is named by the
 * secondary's manifest for ever and holds nothing up.
 */
export async function copyLogs(context: CopyContext, deadline: Date): Promise<CopyResult> {
  const { parts, chain, primary, secondary } = context;
  // without a hint: with one, a gap would be taken for the end and filled
  const last = await parts.readHead(secondary.store, chain);
  const newest = await parts.readHead(primary.store, chain, last?.number);
  const before = await pairOf(context, newest, last);
  const head = newest?.number ?? 0;
  const ended = await copyThrough(context, { last, before }, head, deadline);
  const readBack = await verifyCopied(context, ended.last, deadline);
  const copied = ended.last?.number ?? 0;
  const isDone = copied >= head && readBack.verified >= copied && !ended.lost;
  return { head, copied, ...readBack, done: isDone, lost: ended.lost };
}

interface Progress {
  /** Newest manifest of the secondary, and of which manifest of the primary it is the copy. */
  last: ChainLink | undefined;
  before: ChainLink | undefined;
}

async function copyThrough(
  context: CopyContext,
  from: Progress,
  head: number,
  deadline: Date,
): Promise<{ readonly last: ChainLink | undefined; readonly lost: boolean }> {
  const { parts, chain, primary, clock } = context;
  let { last, before } = from;
  let number = last === undefined ? await firstNumber(context) : last.number + 1;
  for (; number <= head; number++) {
    const link = await parts.readLink(primary.store, chain, number);
    checkFollows(context, before, link);
    const copied = await append(context, last, link);
    if (copied === undefined) return { last, lost: true };
    [last, before] = [copied, link];
    if (clock.now() >= deadline) break;
  }
  return { last, lost: false };
}

/** Undefined when another worker was first. */
async function append(
  context: CopyContext,
  last: ChainLink | undefined,
  link: ChainLink,
): Promise<ChainLink | undefined> {
  const { parts, chain, secondary } = context;
  let content = await copyManifest(context, link);
  let at = last;
  if (last === undefined && link.number > 1) {
    at = beginningOf(link);
    content = await explain(context, link, content);
  }
  const appended = await parts.appendManifest(secondary.store, chain, at, content);
  return appended.outcome === 'lost' ? undefined : appended.link;
}

/** The primary's manifest of which the secondary's newest is the copy. */
async function pairOf(
  { parts, chain, primary }: LogPair,
  head: ChainLink | undefined,
  last: ChainLink | undefined,
): Promise<ChainLink | undefined> {
  if (last === undefined) return undefined;
  if (head === undefined || head.number < last.number) {
    throw broken(last.number, 'the primary has fewer manifests than its copy');
  }
  const link = await parts.readLink(primary.store, chain, last.number);
  if (parts.isCopyPair(link, last)) return link;
  throw broken(last.number, 'the secondary is the copy of another chain');
}

async function firstNumber({ parts, chain, primary }: LogPair): Promise<number> {
  for await (const number of parts.listNumbers(primary.store, chain)) return number;
  return 1;
}

function checkFollows(
  { parts, chain }: LogPair,
  before: ChainLink | undefined,
  link: ChainLink,
): void {
  if (before === undefined || link.manifest.previous === before.sha256) return;
  const name = parts.manifestName(chain, link.number);
  throw broken(link.number, `${name} names another manifest as the one before`);
}

/** A new secondary begins where the primary does, which may be behind a checkpoint. */
function beginningOf(link: ChainLink): ChainLink {
  const sha256 = link.manifest.previous ?? '';
  return { number: link.number - 1, sha256, manifest: link.manifest };
}

/** Its first manifest says what the primary's checkpoint says of the hours before. */
async function explain(
  { parts, chain, primary }: LogPair,
  first: ChainLink,
  content: ManifestContent,
): Promise<ManifestContent> {
  let hours = {};
  const after = { number: first.number - 1, sha256: first.manifest.previous ?? '' };
  for await (const { manifest } of parts.walkChain(primary.store, chain, { after })) {
    const { checkpoint } = manifest;
    if (checkpoint !== undefined && checkpoint.removedThrough <= after.number) {
      hours = checkpoint.hours;
    }
  }
  const { number: removedThrough, sha256: manifestSha256 } = after;
  const checkpoint = { firstNumber: 1, removedThrough, manifestSha256, hours };
  return { ...content, checkpoint };
}

function broken(number: number, message: string): BackupError {
  return new BackupError('chainBroken', message, { details: { number } });
}
