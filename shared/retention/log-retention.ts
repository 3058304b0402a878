// Removes the oldest manifests of one chain of logs and what only they name, behind a checkpoint that
// is written first. What the store retains, or what the other repository should have and has not,
// stays and is said. May be killed anywhere and run again.
import type { ChainLink } from '../log-repository/chain.ts';
import { HourStatements, type Hours } from './log-hours.ts';
import { isMarkTrue, neededByOther } from './log-other-side.ts';
import {
  isWithin,
  type KeptReason,
  type LogRetentionContext,
  ownSide,
} from './log-retention-context.ts';

export interface LogRetentionResult {
  /** Removed by this slice. */
  readonly manifests: number;
  readonly containers: number;
  readonly bytes: number;
  /** Why older ones than the retention are still there. */
  readonly kept?: KeptReason;
  /** Another writer had the number of the checkpoint, or the copy is behind: run it again. */
  readonly lost: boolean;
  readonly done: boolean;
}

type Checkpoint = NonNullable<ChainLink['manifest']['checkpoint']>;

/** Manifests that one checkpoint lets go. */
const MAX_PREFIX = 5000;
/** Kept ones that are looked at too, for hours that a window divides. */
const BEYOND = 50;
const nothing = { manifests: 0, containers: 0, bytes: 0, lost: false, done: true };

/** Whether the first manifest is older than the retention: without that nothing else is looked at. */
export async function hasOldManifest(context: LogRetentionContext): Promise<boolean> {
  const { chain, parts, side, days } = context;
  if (days[side] === undefined) return false;
  const { store } = ownSide(context);
  for await (const number of parts.listNumbers(store, chain)) {
    const { manifest } = await parts.readLink(store, chain, number);
    return !isWithin(context, side, manifest.createdDateTime);
  }
  return false;
}

/**
 * Throws the errors of the stores and of walkChain: of a chain that does not verify nothing is
 * removed.
 */
export async function retainLogs(
  context: LogRetentionContext,
  deadline: Date,
): Promise<LogRetentionResult> {
  const { chain, parts } = context;
  const { store } = ownSide(context);
  let newest: Checkpoint | undefined;
  for await (const { manifest } of parts.walkChain(store, chain)) {
    newest = manifest.checkpoint ?? newest;
  }
  // what an earlier checkpoint let go is finished before there is another one
  const before = await removeThrough(context, newest?.removedThrough ?? 0, deadline);
  if (!before.done || before.kept !== undefined) return before;
  const plan = await planPrefix(context, newest?.hours ?? {});
  const kept = plan.kept === undefined ? {} : { kept: plan.kept };
  if (plan.through === undefined) return { ...before, ...kept };
  if (!(await writeCheckpoint(context, plan))) return { ...before, lost: true, done: false };
  const after = await removeThrough(context, plan.through.number, deadline);
  return {
    ...{ ...kept, ...after },
    manifests: before.manifests + after.manifests,
    containers: before.containers + after.containers,
    bytes: before.bytes + after.bytes,
  };
}

interface PrefixPlan {
  /** The last manifest that goes. */
  through?: ChainLink;
  first: number;
  readonly hours: HourStatements;
  kept?: KeptReason;
}

async function planPrefix(context: LogRetentionContext, before: Hours): Promise<PrefixPlan> {
  const { chain, parts } = context;
  const { store } = ownSide(context);
  const known = await withTrueMark(context);
  const head = await parts.readHead(store, chain);
  const hours = new HourStatements(before);
  const plan: PrefixPlan = { first: 0, hours };
  let [removed, beyond] = [0, 0];
  for await (const link of parts.walkChain(store, chain)) {
    if (plan.first === 0) plan.first = link.number;
    hours.see(link.manifest);
    const isOpen = beyond === 0 && removed < MAX_PREFIX && isOld(context, link, head);
    if (isOpen && (await mayGo(known, link, plan))) {
      hours.remove(link.manifest);
      plan.through = link;
      removed += 1;
    } else {
      beyond += 1;
    }
    if (beyond > BEYOND) break;
  }
  return plan;
}

async function mayGo(
  context: LogRetentionContext,
  link: ChainLink,
  plan: PrefixPlan,
): Promise<boolean> {
  const kept = (await neededByOther(context, link)) ?? (await retainedOf(context, link));
  if (kept !== undefined) plan.kept = kept;
  return kept === undefined;
}

async function withTrueMark(context: LogRetentionContext): Promise<LogRetentionContext> {
  if (context.side === 'secondary' || (await isMarkTrue(context))) return context;
  return { ...context, copy: { verified: 0, sha256: null, defects: [] } };
}

/** The newest manifest stays whatever its age: the chain goes on from it. */
function isOld(
  context: LogRetentionContext,
  link: ChainLink,
  head: ChainLink | undefined,
): boolean {
  if (link.number >= (head?.number ?? 0)) return false;
  return !isWithin(context, context.side, link.manifest.createdDateTime);
}

/** Where the store tells beforehand that it will refuse, no checkpoint is written for it. */
async function retainedOf(
  context: LogRetentionContext,
  { manifest, number }: ChainLink,
): Promise<KeptReason | undefined> {
  const { parts, chain, clock } = context;
  const { store } = ownSide(context);
  const names = manifest.segments.flatMap(({ name, index }) => [name, index.name]);
  for (const name of [...names, parts.manifestName(chain, number)]) {
    const until = (await store.head(name))?.retainedUntil;
    if (until !== undefined && until > clock.now()) {
      const detail = `the store keeps ${name}`;
      return { number, reason: 'retained', detail, until: until.toISOString() };
    }
  }
  return undefined;
}

async function writeCheckpoint(context: LogRetentionContext, plan: PrefixPlan): Promise<boolean> {
  const { chain, parts, side, primary, secondary, clock, writer } = context;
  const { through, first, hours } = plan;
  if (through === undefined) return false;
  const { number: removedThrough, sha256: manifestSha256 } = through;
  const statement = {
    ...{ kind: 'checkpoint' as const, writer, segments: [] },
    createdDateTime: clock.now().toISOString(),
    checkpoint: { firstNumber: first, removedThrough, manifestSha256, hours: hours.statements() },
  };
  const headOf = async ({ store }: typeof primary) => ({
    store,
    head: await parts.readHead(store, chain),
  });
  const heads = {
    primary: await headOf(primary),
    ...(side === 'secondary' && secondary !== undefined
      ? { secondary: await headOf(secondary) }
      : {}),
  };
  return (await parts.appendOwn(heads, chain, statement)) !== 'lost';
}

/** Containers first, their manifest last, the oldest number first: what is left is always a chain. */
async function removeThrough(
  context: LogRetentionContext,
  through: number,
  deadline: Date,
): Promise<LogRetentionResult> {
  const { chain, parts, clock } = context;
  const { store } = ownSide(context);
  let [manifests, containers, bytes] = [0, 0, 0];
  for await (const number of parts.listNumbers(store, chain)) {
    if (number > through) break;
    if (clock.now() >= deadline && manifests > 0) {
      return { ...nothing, manifests, containers, bytes, done: false };
    }
    const gone = await removeNumber(context, number);
    containers += gone.containers;
    bytes += gone.bytes;
    if (gone.kept !== undefined) {
      return { ...nothing, manifests, containers, bytes, kept: gone.kept };
    }
    manifests += 1;
  }
  return { ...nothing, manifests, containers, bytes };
}

async function removeNumber(
  context: LogRetentionContext,
  number: number,
): Promise<{ containers: number; bytes: number; kept?: KeptReason }> {
  const { chain, parts } = context;
  const { store } = ownSide(context);
  const { manifest } = await parts.readLink(store, chain, number);
  const blobs = manifest.segments.flatMap((segment) => [segment, segment.index]);
  let [containers, bytes] = [0, 0];
  for (const { name, bytes: size } of blobs) {
    const kept = keptOf(number, await store.remove(name));
    if (kept !== undefined) return { containers, bytes, kept };
    containers += 1;
    bytes += size;
  }
  const kept = keptOf(number, await store.remove(parts.manifestName(chain, number)));
  return { containers, bytes, ...(kept === undefined ? {} : { kept }) };
}

function keptOf(
  number: number,
  outcome: Awaited<ReturnType<LogRetentionContext['primary']['store']['remove']>>,
): KeptReason | undefined {
  if (typeof outcome === 'string') return undefined;
  const { retained: detail, until } = outcome;
  const time = until === undefined ? {} : { until: until.toISOString() };
  return { number, reason: 'retained', detail, ...time };
}
