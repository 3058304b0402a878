import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';
import { type Fence, fenced } from './fence.ts';

export type SessionState = 'open' | 'committed' | 'abandoning' | 'abandoned';
export type SessionPhase = 'collections' | 'unknown' | 'prepared';

export interface Session {
  readonly id: string;
  readonly operationId: string;
  readonly epoch: number;
  readonly point: number;
  readonly state: SessionState;
  readonly phase: SessionPhase;
  readonly mode: 'auto' | 'full' | 'incremental';
  readonly label: string | null;
  readonly hold: boolean;
  readonly linkRounds: number;
  readonly unknownAfter: number;
  readonly summary: string | null;
  readonly startedAt: Date;
  readonly endReason: string | null;
}

const columns = `id, operation_id as "operationId", epoch, point, state, phase, mode, label, hold,
  link_rounds as "linkRounds", unknown_after as "unknownAfter", summary,
  started_at as "startedAt", end_reason as "endReason"`;

export async function sessionOfOperation(
  tx: Transaction,
  operationId: string,
): Promise<Session | undefined> {
  return await tx.row<Session>(
    `select ${columns} from session where tenant_no = $1 and operation_id = $2`,
    [tx.tenantNo, operationId],
  );
}

export async function sessionById(tx: Transaction, id: string): Promise<Session | undefined> {
  return await tx.row<Session>(`select ${columns} from session where tenant_no = $1 and id = $2`, [
    tx.tenantNo,
    id,
  ]);
}

/** The session that is open or being abandoned; there is at most one of a tenant. */
export async function runningSession(tx: Transaction): Promise<Session | undefined> {
  return await tx.row<Session>(
    `select ${columns} from session where tenant_no = $1 and state in ('open', 'abandoning')`,
    [tx.tenantNo],
  );
}

export interface NewSession {
  readonly id: string;
  readonly operationId: string;
  readonly epoch: number;
  readonly point: number;
  readonly mode: Session['mode'];
  readonly label: string | null;
  readonly hold: boolean;
}

export async function insertSession(tx: Transaction, session: NewSession): Promise<void> {
  await tx.change(
    `insert into session (tenant_no, id, operation_id, epoch, point, mode, label, hold)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      tx.tenantNo,
      session.id,
      session.operationId,
      session.epoch,
      session.point,
      session.mode,
      session.label,
      session.hold,
    ],
  );
}

/** Gives a session that goes on under a newer epoch that epoch. */
export async function adoptSession(tx: Transaction, id: string, epoch: number): Promise<void> {
  await tx.change('update session set epoch = $3 where tenant_no = $1 and id = $2', [
    tx.tenantNo,
    id,
    epoch,
  ]);
}

/** Head of the tenant, with nothing written above it: else an earlier session left rows behind. */
export async function headWithoutResidue(tx: Transaction): Promise<number> {
  const head = await headPoint(tx);
  const residue = await tx.row<{ rows: number }>(
    `select (select count(*) from (select 1 from object_version where tenant_no = $1
         and (from_point > $2 or to_point > $2 and to_point < 2147483647) limit 1) v)
       + (select count(*) from (select 1 from link where tenant_no = $1
         and (from_point > $2 or to_point > $2 and to_point < 2147483647) limit 1) l) as rows`,
    [tx.tenantNo, head],
  );
  if (residue?.rows !== 0) {
    throw new BackupError('invalidState', `rows of an ended session are left above point ${head}`);
  }
  return head;
}

export async function headPoint(tx: Transaction): Promise<number> {
  const tenant = await tx.row<{ head: number }>(
    'select head_point as head from tenant where tenant_no = $1',
    [tx.tenantNo],
  );
  if (tenant === undefined) throw new BackupError('notFound', `no tenant ${String(tx.tenantNo)}`);
  return tenant.head;
}

/** Conditional change of state; false when the session was not in `from`. */
export async function moveSession(
  tx: Transaction,
  id: string,
  from: SessionState,
  to: SessionState,
  reason?: string,
): Promise<boolean> {
  const changed = await tx.change(
    `update session set state = $4, end_reason = coalesce($5, end_reason),
       ended_at = case when $4 in ('committed', 'abandoned') then clock_timestamp() end
     where tenant_no = $1 and id = $2 and state = $3`,
    [tx.tenantNo, id, from, to, reason ?? null],
  );
  return changed === 1;
}

/** Conditional change of phase, with what belongs to it; throws `fenced` when it has moved on. */
export async function advanceSession(
  tx: Transaction,
  fence: Fence,
  from: SessionPhase,
  to: SessionPhase,
  values: { summary?: string; unknownAfter?: number; linkRounds?: number } = {},
): Promise<void> {
  const changed = await tx.change(
    `update session set phase = $4, summary = coalesce($5, summary),
       unknown_after = coalesce($6, unknown_after), link_rounds = coalesce($7, link_rounds)
     where tenant_no = $1 and id = $2 and phase = $3 and state = 'open'`,
    [
      tx.tenantNo,
      fence.sessionId,
      from,
      to,
      values.summary ?? null,
      values.unknownAfter ?? null,
      values.linkRounds ?? null,
    ],
  );
  if (changed !== 1) throw fenced(`the session is not in phase ${from}`, fence);
}

/** The next tick: later than every tick taken before, on any connection. */
export async function nextTick(tx: Transaction): Promise<number> {
  const row = await tx.row<{ tick: number }>(`select nextval('session_tick') as tick`);
  return row?.tick ?? 0;
}

/** The session with its row locked, so that steps of the whole session follow one another. */
export async function lockSession(tx: Transaction, fence: Fence): Promise<Session> {
  const session = await tx.row<Session>(
    `select ${columns} from session where tenant_no = $1 and id = $2 for update`,
    [tx.tenantNo, fence.sessionId],
  );
  if (session === undefined) throw fenced('the session is not there', fence);
  return session;
}

export async function setLinkRounds(tx: Transaction, fence: Fence, rounds: number): Promise<void> {
  await tx.change('update session set link_rounds = $3 where tenant_no = $1 and id = $2', [
    tx.tenantNo,
    fence.sessionId,
    rounds,
  ]);
}

/** Unknown ends up to this key have been asked. */
export async function setUnknownAfter(tx: Transaction, fence: Fence, key: number): Promise<void> {
  await tx.change('update session set unknown_after = $3 where tenant_no = $1 and id = $2', [
    tx.tenantNo,
    fence.sessionId,
    key,
  ]);
}
