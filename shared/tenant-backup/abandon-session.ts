import type { Fence } from '../repository/fence.ts';
import { type BackupContext, read } from './backup-context.ts';

const CLEANUP_CHUNK = 20_000;

/**
 * Marks an open session as being abandoned; false when it is committed already, which cannot be
 * undone. From then on every page of it is refused.
 */
export async function markAbandoning(
  context: BackupContext,
  fence: Fence,
  reason: string,
): Promise<boolean> {
  const { tables, tenant } = context;
  await context.failpoint('cancel.duringCommit');
  const state = await context.database.withTenant(tenant.tenantNo, async (tx) => {
    await tables.fence.holdLease(tx, fence);
    await tables.sessions.moveSession(tx, fence.sessionId, 'open', 'abandoning', reason);
    return (await tables.sessions.sessionById(tx, fence.sessionId))?.state;
  });
  await context.failpoint('abandon.afterMark');
  return state !== 'committed';
}

/** Undoes what the session wrote, chunk by chunk; true when it is abandoned. */
export async function abandonSession(
  context: BackupContext,
  fence: Fence,
  deadline: Date,
): Promise<boolean> {
  const { tables, tenant, limits } = context;
  const everything = { types: null, relationships: null };
  for (;;) {
    const left = await context.database.withTenant(tenant.tenantNo, async (tx) => {
      await tables.fence.holdSession(tx, fence, 'abandoning');
      await tables.leases.beatForOwner(tx, limits.leaseMs);
      const { revertVersions, revertLinks } = tables.sessionRevert;
      const versions = await revertVersions(tx, fence.point, everything, limits.revertChunk);
      if (versions > 0) return versions;
      return await revertLinks(tx, fence.point, everything, limits.revertChunk);
    });
    if (left === 0) break;
    await context.failpoint('abandon.betweenChunks');
    if (context.clock.now() >= deadline) return false;
  }
  await context.failpoint('abandon.beforeAbandoned');
  await context.database.withTenant(tenant.tenantNo, async (tx) => {
    await tables.fence.holdLease(tx, fence);
    await tables.sessions.moveSession(tx, fence.sessionId, 'abandoning', 'abandoned');
    await tables.leases.releaseLease(tx, fence.sessionId);
  });
  await context.failpoint('open.afterAbandoned');
  return true;
}

/** Lets another operation begin at once after this one was abandoned. */
export async function releaseLease(context: BackupContext, fence: Fence): Promise<void> {
  await read(context, (tx) => context.tables.leases.releaseLease(tx, fence.sessionId));
}

/** Deletes working rows of ended sessions; true when none is left. */
export async function cleanSessions(context: BackupContext, deadline: Date): Promise<boolean> {
  const { sessionRows } = context.tables;
  const ids = await read(context, (tx) => sessionRows.sessionsWithWorkingRows(tx));
  for (const id of ids) {
    for (;;) {
      const deleted = await read(context, (tx) =>
        sessionRows.deleteWorkingRows(tx, id, CLEANUP_CHUNK),
      );
      if (deleted === 0) break;
      if (context.clock.now() >= deadline) return false;
    }
  }
  return true;
}
