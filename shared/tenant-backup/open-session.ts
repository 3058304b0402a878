import { createHash } from 'node:crypto';
import { typeRevision } from '../catalog/index.ts';
import type { ObjectType } from '../catalog/object-type.ts';
import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from '../repository/database.ts';
import type { DeltaCursor } from '../repository/delta-cursors.ts';
import type { Fence } from '../repository/fence.ts';
import type { Lease } from '../repository/leases.ts';
import type { NewTask } from '../repository/session-tasks.ts';
import type { Session } from '../repository/sessions.ts';
import type { BackupContext } from './backup-context.ts';
import { missingFor } from './missing-permissions.ts';
import { trackedPaths } from './streams.ts';

const DAY_MS = 86_400_000;
/** Delta links of directory objects live 7 days: https://learn.microsoft.com/graph/delta-query-overview */
const MAX_CURSOR_AGE_MS = 6 * DAY_MS;
const RECONCILE_MS = 7 * DAY_MS;

export interface BackupRequest {
  readonly operationId: string;
  readonly mode: 'auto' | 'full' | 'incremental';
  /** Names of collections; all when absent. */
  readonly types?: readonly string[];
  readonly label?: string;
  readonly hold?: boolean;
  /** Application permissions of the token; undefined when they are not known. */
  readonly held?: ReadonlySet<string>;
}

export type Opened =
  | { readonly state: 'open'; readonly fence: Fence }
  | { readonly state: 'ended'; readonly fence: Fence; readonly committed: boolean }
  /** An earlier session must be undone first; then open again. */
  | { readonly state: 'abandon'; readonly fence: Fence }
  | { readonly state: 'busy'; readonly operationId: string | null };

/**
 * Opens the session of an operation, goes on with it after a restart, or says what has to happen
 * first (DESIGN 6.1). N = head + 1 is fixed here.
 */
export async function openSession(context: BackupContext, request: BackupRequest): Promise<Opened> {
  refuseUnknownTypes(context, request);
  const opened = await context.database.withTenant(context.tenant.tenantNo, (tx) =>
    openInTransaction(context, tx, request),
  );
  if (opened.state === 'open') await context.failpoint('adopt.afterEpoch');
  return opened;
}

/** The session of an operation has one id for ever, so that a repeated start finds it. */
export function sessionIdOf(operationId: string): string {
  const hex = createHash('sha256').update(`session of ${operationId}`).digest('hex');
  const [a, b, c, d] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16), hex.slice(17, 20)];
  return `${a}-${b}-8${c}-a${d}-${hex.slice(20, 32)}`;
}

function refuseUnknownTypes(context: BackupContext, request: BackupRequest): void {
  const names = new Set(context.catalogue.map((type) => type.name));
  const unknown = request.types?.find((name) => !names.has(name));
  if (unknown !== undefined) {
    throw new BackupError('invalidParameter', `types names ${unknown}, which is no object type`);
  }
}

async function openInTransaction(
  context: BackupContext,
  tx: Transaction,
  request: BackupRequest,
): Promise<Opened> {
  const { leases, sessions } = context.tables;
  const lease = await leases.lockLease(tx);
  const mine = await sessions.sessionOfOperation(tx, request.operationId);
  if (mine !== undefined) return await goOn(context, tx, mine, lease);
  const id = sessionIdOf(request.operationId);
  const running = await sessions.runningSession(tx);
  const held = lease !== undefined && !lease.expired && lease.owner !== id;
  if (held) return { state: 'busy', operationId: running?.operationId ?? null };
  const epoch =
    lease?.owner === id && !lease.expired
      ? lease.epoch
      : await leases.takeLease(tx, id, context.limits.leaseMs);
  if (running !== undefined) {
    await sessions.adoptSession(tx, running.id, epoch);
    await sessions.moveSession(tx, running.id, 'open', 'abandoning', 'taken over');
    return { state: 'abandon', fence: { sessionId: running.id, epoch, point: running.point } };
  }
  const point = (await sessions.headWithoutResidue(tx)) + 1;
  const { operationId, mode } = request;
  const label = request.label ?? null;
  const hold = request.hold ?? false;
  await sessions.insertSession(tx, { id, operationId, epoch, point, mode, label, hold });
  await insertTasks(context, tx, id, request);
  return { state: 'open', fence: { sessionId: id, epoch, point } };
}

/** The own session after a restart: at once when nobody else holds the lease. */
async function goOn(
  context: BackupContext,
  tx: Transaction,
  session: Session,
  lease: Lease | undefined,
): Promise<Opened> {
  const { leases, sessions } = context.tables;
  const { id: sessionId, point } = session;
  if (session.state === 'committed' || session.state === 'abandoned') {
    const fence = { sessionId, epoch: session.epoch, point };
    return { state: 'ended', fence, committed: session.state === 'committed' };
  }
  if (lease !== undefined && lease.owner !== sessionId) {
    throw new BackupError('fenced', 'another session has taken the lease over', {
      details: { sessionId },
    });
  }
  const epoch = lease?.epoch ?? session.epoch;
  if (epoch !== session.epoch) await sessions.adoptSession(tx, sessionId, epoch);
  await leases.beat(tx, sessionId, context.limits.leaseMs);
  const fence = { sessionId, epoch, point };
  return session.state === 'open' ? { state: 'open', fence } : { state: 'abandon', fence };
}

async function insertTasks(
  context: BackupContext,
  tx: Transaction,
  sessionId: string,
  request: BackupRequest,
): Promise<void> {
  const { deltaCursors, sessionTasks } = context.tables;
  const cursors = await deltaCursors.cursorsOf(tx);
  for (const type of context.catalogue) {
    const notCaptured = missingFor(type, request.held);
    const task = newTask(context, type, request, cursors, notCaptured);
    await sessionTasks.insertTask(tx, sessionId, task);
  }
}

function newTask(
  context: BackupContext,
  type: ObjectType,
  request: BackupRequest,
  cursors: readonly DeltaCursor[],
  notCaptured: readonly string[],
): NewTask {
  const base = {
    collection: type.name,
    tracked: type.changeTracking === 'delta',
    notCaptured,
    selection: selectionOf(type, notCaptured),
    captured: [...type.select, ...[...type.children, ...type.facets].map((part) => part.name)],
  };
  const skipped = { ...base, mode: 'none', phase: 'skipped', token: null } as const;
  if (request.types !== undefined && !request.types.includes(type.name)) {
    return { ...skipped, outcome: 'carried-not-due', reason: 'not among the types asked for' };
  }
  if (!type.clouds.includes(context.tenant.cloud)) {
    return { ...skipped, outcome: 'not-in-cloud', reason: `not served in ${context.tenant.cloud}` };
  }
  const cursor = cursors.find((candidate) => candidate.collection === type.name);
  const why = whyFull(type, request, cursor, notCaptured);
  if (why === undefined && cursor !== undefined) {
    const read = { mode: 'incremental', phase: 'list', token: cursor.token } as const;
    return { ...base, ...read, outcome: null, reason: null };
  }
  const phase = base.tracked ? 'latest' : 'list';
  return { ...base, mode: 'full', phase, token: null, outcome: null, reason: why ?? null };
}

/** Why a collection is read in full; undefined when its cursor is good. */
function whyFull(
  type: ObjectType,
  request: BackupRequest,
  cursor: DeltaCursor | undefined,
  notCaptured: readonly string[],
): string | undefined {
  if (type.changeTracking !== 'delta') return 'no change tracking';
  if (request.mode === 'full') return 'asked for';
  if (cursor === undefined) return 'no cursor';
  if (cursor.selection !== selectionOf(type, notCaptured)) return 'another selection';
  if (cursor.ageMs > MAX_CURSOR_AGE_MS) return 'the cursor is too old';
  if (cursor.fullAgeMs > RECONCILE_MS) return 'reconcile';
  return undefined;
}

/** Digest of what a cursor tracks: another one makes it useless. */
export function selectionOf(type: ObjectType, notCaptured: readonly string[]): string {
  const names = type.select.filter((name) => !notCaptured.includes(name));
  const text = [typeRevision(type), ...names, ...trackedPaths(type)].join(',');
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
