import type { Transaction } from './database.ts';
import { type Fence, movedOn, type TaskFence } from './fence.ts';

export type TaskPhase =
  | 'latest'
  | 'list'
  | 'follow'
  | 'listed'
  | 'sweep'
  | 'confirm'
  | 'children'
  | 'links'
  | 'settle'
  | 'done'
  | 'failing'
  | 'failed'
  | 'skipped';

export interface SessionTask {
  readonly collection: string;
  readonly mode: 'full' | 'incremental' | 'none';
  readonly tracked: boolean;
  readonly phase: TaskPhase;
  readonly generation: number;
  readonly listing: number;
  readonly pass: number;
  readonly relisted: boolean;
  readonly round: number;
  readonly roundStart: number;
  readonly lastRoundStart: number;
  readonly passRound: number;
  readonly token: Buffer | null;
  readonly link: Buffer | null;
  readonly roundPages: number;
  /** How often the round under way began again because its page token had expired. */
  readonly roundExpiries: number;
  readonly failures: number;
  readonly unsettled: number;
  readonly quarantined: number;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly notCaptured: readonly string[];
  /** Digest of what its cursor tracks, and the names it captures, as of the opening of the session. */
  readonly selection: string;
  readonly captured: readonly string[];
  readonly statistics: string;
}

const columns = {
  collection: 'collection',
  mode: 'mode',
  tracked: 'tracked',
  phase: 'phase',
  generation: 'generation',
  listing: 'listing',
  pass: 'pass',
  relisted: 'relisted',
  round: 'round',
  roundStart: 'round_start',
  lastRoundStart: 'last_round_start',
  passRound: 'pass_round',
  token: 'token',
  link: 'link',
  roundPages: 'round_pages',
  roundExpiries: 'round_expiries',
  failures: 'failures',
  unsettled: 'unsettled',
  quarantined: 'quarantined',
  outcome: 'outcome',
  reason: 'reason',
  notCaptured: 'not_captured',
  selection: 'selection',
  captured: 'captured',
  statistics: 'statistics',
} as const satisfies Record<keyof SessionTask, string>;

const selected = Object.entries(columns)
  .map(([name, column]) => `${column} as "${name}"`)
  .join(', ');

export async function tasksOf(tx: Transaction, sessionId: string): Promise<SessionTask[]> {
  return await tx.rows<SessionTask>(
    `select ${selected} from session_task where tenant_no = $1 and session_id = $2
     order by collection`,
    [tx.tenantNo, sessionId],
  );
}

export async function taskOf(
  tx: Transaction,
  sessionId: string,
  collection: string,
): Promise<SessionTask | undefined> {
  return await tx.row<SessionTask>(
    `select ${selected} from session_task where tenant_no = $1 and session_id = $2
       and collection = $3`,
    [tx.tenantNo, sessionId, collection],
  );
}

export type NewTask = Pick<
  SessionTask,
  | 'collection'
  | 'mode'
  | 'tracked'
  | 'phase'
  | 'token'
  | 'outcome'
  | 'reason'
  | 'notCaptured'
  | 'selection'
  | 'captured'
>;

export async function insertTask(tx: Transaction, sessionId: string, task: NewTask): Promise<void> {
  await tx.change(
    `insert into session_task (tenant_no, session_id, collection, mode, tracked, phase, token,
       outcome, reason, not_captured, selection, captured)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      tx.tenantNo,
      sessionId,
      task.collection,
      task.mode,
      task.tracked,
      task.phase,
      task.token,
      task.outcome,
      task.reason,
      [...task.notCaptured],
      task.selection,
      [...task.captured],
    ],
  );
}

export type TaskChange = Partial<Omit<SessionTask, 'collection' | 'mode'>> & {
  readonly mode?: SessionTask['mode'];
};

/**
 * Changes the task if it still has the generation and phase of the fence, else `fenced`. The row
 * lock of the update waits for the share locks of pages that are being written.
 */
export async function changeTask(
  tx: Transaction,
  fence: TaskFence,
  change: TaskChange,
): Promise<void> {
  const names = Object.keys(change) as (keyof typeof columns)[];
  const sets = names.map((name, index) => `${columns[name]} = $${index + 6}`);
  const changed = await tx.change(
    `update session_task set ${sets.join(', ')} where tenant_no = $1 and session_id = $2
       and collection = $3 and generation = $4 and phase = $5`,
    [
      tx.tenantNo,
      fence.sessionId,
      fence.collection,
      fence.generation,
      fence.phase,
      ...names.map((name) => (change as Record<string, unknown>)[name]),
    ],
  );
  if (changed !== 1) throw movedOn(`${fence.collection} has moved on`, fence);
}

/** Moves the named collections from one phase to another; answers how many moved. */
export async function moveTasks(
  tx: Transaction,
  fence: Fence,
  collections: readonly string[],
  from: readonly TaskPhase[],
  to: TaskPhase,
): Promise<number> {
  return await tx.change(
    `update session_task set phase = $5, link = null, round_pages = 0 where tenant_no = $1
       and session_id = $2 and collection = any ($3) and phase = any ($4)`,
    [tx.tenantNo, fence.sessionId, [...collections], [...from], to],
  );
}

/**
 * Starts a collection again from its token: full, under a new generation and listing, with the
 * window counted from now. Its working rows are removed by the caller.
 */
export async function restartTask(
  tx: Transaction,
  fence: Fence,
  collection: string,
  phase: 'latest' | 'list',
  tracked: boolean,
): Promise<boolean> {
  const changed = await tx.change(
    `update session_task set mode = 'full', phase = $4, tracked = $5, generation = generation + 1,
       listing = listing + 1, pass = 0, relisted = false, round = 0, round_start = 0,
       last_round_start = 0, pass_round = 0, token = null, link = null, round_pages = 0,
       round_expiries = 0,
       unsettled = 0, failures = 0
     where tenant_no = $1 and session_id = $2 and collection = $3
       and phase not in ('failing', 'failed', 'skipped')`,
    [tx.tenantNo, fence.sessionId, collection, phase, tracked],
  );
  return changed === 1;
}

/** Counts items that were put aside; allowed beside pages that hold the row for share. */
export async function addQuarantined(
  tx: Transaction,
  fence: TaskFence,
  more: number,
): Promise<void> {
  await tx.change(
    `update session_task set quarantined = quarantined + $4 where tenant_no = $1
       and session_id = $2 and collection = $3`,
    [tx.tenantNo, fence.sessionId, fence.collection, more],
  );
}

/** Counts links that could not be settled in this session. */
export async function addUnsettled(tx: Transaction, fence: TaskFence, more: number): Promise<void> {
  await tx.change(
    `update session_task set unsettled = unsettled + $4 where tenant_no = $1
       and session_id = $2 and collection = $3`,
    [tx.tenantNo, fence.sessionId, fence.collection, more],
  );
}

/** Failures in a row of the generation of the fence, whatever phase it has come to. */
export async function setFailures(
  tx: Transaction,
  fence: TaskFence,
  failures: number,
): Promise<void> {
  await tx.change(
    `update session_task set failures = $5 where tenant_no = $1 and session_id = $2
       and collection = $3 and generation = $4`,
    [tx.tenantNo, fence.sessionId, fence.collection, fence.generation, failures],
  );
}

export async function lockStatistics(
  tx: Transaction,
  fence: Fence,
  collection: string,
): Promise<string | undefined> {
  const row = await tx.row<{ statistics: string }>(
    `select statistics from session_task where tenant_no = $1 and session_id = $2
       and collection = $3 for update`,
    [tx.tenantNo, fence.sessionId, collection],
  );
  return row?.statistics;
}

export async function saveStatistics(
  tx: Transaction,
  fence: Fence,
  collection: string,
  statistics: string,
): Promise<void> {
  await tx.change(
    `update session_task set statistics = $4 where tenant_no = $1 and session_id = $2
       and collection = $3`,
    [tx.tenantNo, fence.sessionId, collection, statistics],
  );
}
