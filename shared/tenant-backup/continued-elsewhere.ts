import { type BackupContext, read } from './backup-context.ts';

/**
 * Whether the backup of an operation is in the hands of another worker, or has been published by it:
 * then that worker records how the operation ends, and a worker that was fenced says nothing.
 */
export async function isContinuedElsewhere(
  context: BackupContext,
  operationId: string,
): Promise<boolean> {
  const { sessions, leases } = context.tables;
  return await read(context, async (tx) => {
    const session = await sessions.sessionOfOperation(tx, operationId);
    if (session === undefined || session.state === 'abandoned') return false;
    if (session.state === 'committed') return true;
    const lease = await leases.lockLease(tx);
    return lease?.owner === session.id;
  });
}
