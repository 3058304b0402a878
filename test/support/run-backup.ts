// Runs a backup in this process: the same steps in the same order as the orchestration.
import { randomBytes, randomUUID } from 'node:crypto';
import { objectTypes } from '../../shared/catalog/index.ts';
import { createLinkCipher } from '../../shared/encryption/link-cipher.ts';
import { systemClock } from '../../shared/model/clock.ts';
import { defaultGuards, type Tenant } from '../../shared/model/tenant.ts';
import { backupTables } from '../../shared/repository/backup-tables.ts';
import type { Fence } from '../../shared/repository/fence.ts';
import {
  abandonSession,
  cleanSessions,
  markAbandoning,
} from '../../shared/tenant-backup/abandon-session.ts';
import { type BackupContext, defaultLimits } from '../../shared/tenant-backup/backup-context.ts';
import { type Committed, commitSession } from '../../shared/tenant-backup/commit-session.ts';
import { noFailpoint } from '../../shared/tenant-backup/failpoint.ts';
import { type BackupRequest, openSession } from '../../shared/tenant-backup/open-session.ts';
import { preparePoint } from '../../shared/tenant-backup/prepare-point.ts';
import { settleLinks } from '../../shared/tenant-backup/settle.ts';
import { runSlice } from '../../shared/tenant-backup/slice.ts';
import { nextStage, type Stage } from '../../shared/tenant-backup/stage.ts';
import { askUnknownEnds } from '../../shared/tenant-backup/unknown-ends.ts';
import type { TestDatabase } from './database.ts';

export const testCipher = createLinkCipher(randomBytes(32));

export function testTenant(tenantNo: number, tenantId: string = randomUUID()): Tenant {
  return {
    tenantNo,
    tenantId,
    displayName: 'contoso.example',
    cloud: 'global',
    state: 'active',
    configuration: { apps: {}, schedules: [], guards: defaultGuards, notifications: {} },
    revision: 1,
    headPoint: 0,
  };
}

export function testContext(
  db: TestDatabase,
  tenant: Tenant,
  graph: BackupContext['graph'],
  overrides: Partial<BackupContext> = {},
): BackupContext {
  return {
    tenant,
    database: db.database,
    tables: backupTables,
    graph,
    cipher: testCipher,
    clock: systemClock,
    failpoint: noFailpoint,
    limits: { ...defaultLimits, leaseMs: 2_000 },
    catalogue: objectTypes,
    ...overrides,
  };
}

export type ContextFactory = () => BackupContext;

/** A slice of a minute by the clock of the product. */
const deadlineOf = ({ clock }: BackupContext): Date => new Date(clock.now().getTime() + 60_000);
/** Real time is cut short; a clock of the test decides itself. */
async function waitBriefly({ clock }: BackupContext, milliseconds: number): Promise<void> {
  await clock.sleep(clock === systemClock ? Math.min(milliseconds, 50) : milliseconds);
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Opens the session of an operation; sessions in the way are undone first. */
export async function open(make: ContextFactory, request: BackupRequest): Promise<Fence> {
  for (let tries = 0; tries < 100; tries += 1) {
    const opened = await openSession(make(), request);
    if (opened.state === 'open') return opened.fence;
    if (opened.state === 'ended') throw new Error(`session has ended: ${opened.committed}`);
    if (opened.state === 'abandon') await undo(make(), opened.fence);
    else await pause(100);
  }
  throw new Error('the session does not open');
}

export async function stageOf(make: ContextFactory, fence: Fence): Promise<Stage> {
  const context = make();
  const tasks = await context.database.withTenant(context.tenant.tenantNo, (tx) =>
    context.tables.sessionTasks.tasksOf(tx, fence.sessionId),
  );
  return nextStage(tasks);
}

/** One stage of the session; false when only the end is left. */
export async function runStage(make: ContextFactory, fence: Fence): Promise<boolean> {
  const stage = await stageOf(make, fence);
  if (stage.kind === 'finish') return false;
  if (stage.kind === 'settle') {
    await settleLinks(make(), fence);
    return true;
  }
  const outcomes = await Promise.allSettled(
    stage.collections.map(async (collection) => {
      for (;;) {
        const context = make();
        const end = deadlineOf(context);
        const result = await runSlice(context, fence, collection, stage.name, end);
        if (result.state === 'done') return;
        if (result.retryAfterMs !== undefined) await waitBriefly(context, result.retryAfterMs);
      }
    }),
  );
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return true;
}

export async function finish(make: ContextFactory, fence: Fence): Promise<Committed> {
  for (let context = make(); ; context = make()) {
    if (await askUnknownEnds(context, fence, deadlineOf(context))) break;
  }
  await preparePoint(make(), fence);
  return await commitSession(make(), fence);
}

/** A whole backup; answers what was published. */
export async function runBackup(
  make: ContextFactory,
  request: Partial<BackupRequest> = {},
): Promise<Committed> {
  const fence = await open(make, { operationId: randomUUID(), mode: 'auto', ...request });
  while (await runStage(make, fence));
  const committed = await finish(make, fence);
  const context = make();
  await cleanSessions(context, deadlineOf(context));
  return committed;
}

/** Gives a session up and undoes what it wrote. */
export async function abandon(make: ContextFactory, fence: Fence, reason = 'test'): Promise<void> {
  await markAbandoning(make(), fence, reason);
  await undo(make(), fence);
}

async function undo(context: BackupContext, fence: Fence): Promise<void> {
  while (!(await abandonSession(context, fence, deadlineOf(context))));
}
