import { BackupError, isBackupError } from '../errors/backup-error.ts';
import { type BatchItem, batchBody, readBatch } from './batch-body.ts';
import type { GraphAnswer } from './graph-answer.ts';
import { type CallPlan, GraphCall } from './graph-call.ts';
import type { CallOptions, GraphRequest } from './graph-request.ts';
import type { Accept, GraphSender } from './graph-sender.ts';
import { maximumPageBytes } from './page-body.ts';
import { resourceUnits } from './resource-units.ts';
import { waitBefore } from './retry-after.ts';
import { judgeAnswer, judgeMissing, type Verdict } from './verdict.ts';

/** Items of one $batch (https://learn.microsoft.com/graph/json-batching). */
const itemsPerBatch = 20;
const maximumTries = 10;
const firstWaitMs = 1_000;

type Retry = Extract<Verdict, { kind: 'retry' }>;

interface Entry<T> {
  readonly item: BatchItem;
  readonly call: GraphCall;
  outcome: T | BackupError | undefined;
}

/**
 * GETs, 20 to a `$batch`. It saves round trips, not quota: every item is charged and throttled on
 * its own, so those that were refused are sent again after the longest wait any of them was given.
 * Answers stand in the order of the requests; what failed is the error of that item.
 */
export async function readInBatches<T>(
  sender: GraphSender,
  requests: readonly GraphRequest[],
  options: CallOptions,
  acceptFor: (request: GraphRequest) => Accept<T>,
): Promise<(T | BackupError)[]> {
  const entries = requests.map((request, index) =>
    newEntry(String(index), planOf(request, options), acceptFor(request), sender),
  );
  const failure = await readChunks(sender, entries, options);
  return entries.map((entry) => entry.outcome ?? failure ?? neverAnswered());
}

/**
 * Reads chunk after chunk. When a whole call fails, what has been read before stays good: the error
 * is returned for the items that are left. Errors that concern every call are thrown.
 */
async function readChunks<T>(
  sender: GraphSender,
  entries: readonly Entry<T>[],
  options: CallOptions,
): Promise<BackupError | undefined> {
  try {
    for (const chunk of chunksOf(entries)) await readChunk(sender, chunk, options);
    return undefined;
  } catch (error) {
    if (isBackupError(error, 'graphThrottled', 'graphUnavailable', 'graphBadAnswer')) return error;
    throw error;
  }
}

function newEntry<T>(id: string, plan: CallPlan, accept: Accept<T>, sender: GraphSender): Entry<T> {
  const keep = (answer: GraphAnswer): void => {
    entry.outcome = accept(answer, call);
  };
  const call = new GraphCall(plan, keep, sender.parts.statistics, sender.parts.clock.now());
  const entry: Entry<T> = { item: { id, request: plan.request }, call, outcome: undefined };
  return entry;
}

function planOf(request: GraphRequest, options: CallOptions): CallPlan {
  return {
    request,
    method: 'GET',
    kind: 'read',
    units: resourceUnits(request, false),
    maximumBytes: maximumPageBytes,
    options,
  };
}

/**
 * One version and one service to a batch, 20 items at most. Conditional access allows 1 request per
 * second: its items go one by one.
 */
function* chunksOf<T>(entries: readonly Entry<T>[]): Generator<Entry<T>[]> {
  const groups = Map.groupBy(
    entries,
    ({ item }) => `${item.request.apiVersion} ${item.request.service}`,
  );
  for (const group of groups.values()) {
    const size = group[0]?.item.request.service === 'conditionalAccess' ? 1 : itemsPerBatch;
    for (let start = 0; start < group.length; start += size) yield group.slice(start, start + size);
  }
}

async function readChunk<T>(
  sender: GraphSender,
  chunk: readonly Entry<T>[],
  options: CallOptions,
): Promise<void> {
  let pending = chunk;
  for (let attempt = 1; pending.length > 0; attempt++) {
    const retries = await readOnce(sender, pending, options);
    const worst = longest([...retries.values()]);
    if (worst === undefined) return;
    pending = [...retries.keys()];
    if (attempt >= maximumTries) return giveUp(retries);
    const waitMs = waitBefore(attempt, worst.askedMs, firstWaitMs, sender.parts.random);
    const sliceEnd = await waitWithin(sender, pending, worst, waitMs);
    if (sliceEnd !== undefined) return giveUp(retries, sliceEnd);
  }
}

function giveUp<T>(retries: ReadonlyMap<Entry<T>, Retry>, error?: BackupError): void {
  for (const [entry, verdict] of retries) entry.outcome = error ?? verdict.error;
}

/** Sends the items once; those to send again come back with what was said about them. */
async function readOnce<T>(
  sender: GraphSender,
  pending: readonly Entry<T>[],
  options: CallOptions,
): Promise<Map<Entry<T>, Retry>> {
  const { clock, priority, statistics } = sender.parts;
  const items = pending.map((entry) => entry.item);
  const { answers, outer } = await sender.send(
    batchPlan(pending, options),
    (answer, call) => ({ answers: readBatch(answer, items), outer: call }),
    batchBody(items, priority),
  );
  const retries = new Map<Entry<T>, Retry>();
  for (const entry of pending) {
    entry.call.clientRequestId = outer.clientRequestId;
    entry.call.startedAt = outer.startedAt;
    const answer = answers.get(entry.item.id);
    if (answer?.status === 429) statistics.add({ throttled: 1 });
    const verdict =
      answer === undefined ? judgeMissing() : judgeAnswer(entry.call, answer, clock.now());
    if (verdict.kind === 'retry') retries.set(entry, verdict);
    else if (verdict.kind !== 'done') entry.outcome = backupErrorOf(verdict.error);
  }
  return retries;
}

function batchPlan<T>(pending: readonly Entry<T>[], options: CallOptions): CallPlan {
  const [first] = pending;
  if (first === undefined) throw new BackupError('invalidState', 'an empty batch was sent');
  const { apiVersion, service } = first.item.request;
  return {
    request: { path: '/$batch', apiVersion, service },
    method: 'POST',
    // Only GETs inside, so the whole may be sent again.
    kind: 'read',
    units: pending.reduce((sum, { call }) => sum + call.plan.units, 0),
    maximumBytes: maximumPageBytes,
    options,
  };
}

/** undefined after the wait; the graphThrottled error when the slice ends before. */
async function waitWithin<T>(
  sender: GraphSender,
  pending: readonly Entry<T>[],
  worst: Retry,
  waitMs: number,
): Promise<BackupError | undefined> {
  const { quota } = sender.parts;
  const [first] = pending;
  if (first === undefined) return undefined;
  if (worst.throttled) await quota.pause(first.call, worst.askedMs ?? waitMs);
  try {
    await quota.wait(first.call, waitMs, worst.error);
    return undefined;
  } catch (error) {
    if (error instanceof BackupError) return error;
    throw error;
  }
}

/** The longest wait any item was given; undefined when nothing is to be sent again. */
function longest(retries: readonly Retry[]): Retry | undefined {
  const [first] = retries;
  if (first === undefined) return undefined;
  const asked = retries.flatMap(({ askedMs }) => (askedMs === undefined ? [] : [askedMs]));
  return {
    kind: 'retry',
    error: first.error,
    askedMs: asked.length === 0 ? undefined : Math.max(...asked),
    throttled: retries.some((retry) => retry.throttled),
  };
}

function backupErrorOf(error: unknown): BackupError {
  if (error instanceof BackupError) return error;
  throw error;
}

function neverAnswered(): BackupError {
  return new BackupError('invalidState', 'an item of a batch was neither answered nor refused');
}
