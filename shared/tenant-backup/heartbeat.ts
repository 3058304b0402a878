import type { Fence } from '../repository/fence.ts';
import type { BackupContext } from './backup-context.ts';

/** Says that the session is alive; throws `fenced` when its lease has gone to another. */
export async function heartbeat(context: BackupContext, fence: Fence): Promise<void> {
  const { tables, database, tenant, limits } = context;
  await database.withTenant(tenant.tenantNo, async (tx) => {
    const { sessionId, epoch } = fence;
    const mine = await tables.leases.beatIfOwner(tx, sessionId, epoch, limits.leaseMs);
    if (!mine) throw tables.fence.fenced('the lease has another owner or epoch', fence);
  });
}

/** Heartbeats at a third of the lease until stopped; the first one is made before it answers. */
export async function keepAlive(
  context: BackupContext,
  fence: Fence,
): Promise<{ stop(): Promise<void> }> {
  await heartbeat(context, fence);
  let last: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // A lost lease shows in the next write; an unreachable database too.
    last = last.then(() => heartbeat(context, fence)).catch(() => undefined);
  }, context.limits.leaseMs / 3);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await last;
    },
  };
}
