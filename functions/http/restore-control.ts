import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import {
  getOperation,
  resumeOperation,
  updateOperation,
} from '../../shared/repository/operations.ts';
import { getRestore } from '../../shared/repository/restores.ts';
import { instanceIdOf } from '../durable/start-operation.ts';
import { defineRoute } from './route.ts';
import { guid, operationBody, showOperation } from './schemas.ts';

const params = z.strictObject({ id: guid });
const replies = { 200: { description: 'The operation as it is now', body: operationBody } };

defineRoute(
  {
    name: 'pauseRestore',
    method: 'POST',
    path: '/tenants/{tenantId}/restores/{id}/pause',
    summary: 'Pauses a restore: what was begun is finished, and no further step begins',
    params,
    act: 'restore.pause',
    replies,
  },
  async ({ tx, client, params: { id } }) => {
    const { operationId } = await getRestore(tx, id);
    const operation = await getOperation(tx, operationId);
    if (!['notStarted', 'running', 'waiting', 'paused'].includes(operation.status)) {
      throw new BackupError('planNotReady', `restore ${id} is ${operation.status}`);
    }
    await updateOperation(tx, operationId, { status: 'paused' });
    return {
      status: 200,
      body: showOperation(await getOperation(tx, operationId)),
      audit: { restoreId: id },
      afterCommit: async () => await client.suspend(instanceIdOf(operation), 'paused'),
    };
  },
);

defineRoute(
  {
    name: 'resumeRestore',
    method: 'POST',
    path: '/tenants/{tenantId}/restores/{id}/resume',
    summary: 'Goes on with a paused restore',
    params,
    act: 'restore.resume',
    replies,
  },
  async ({ tx, client, params: { id } }) => {
    const { operationId } = await getRestore(tx, id);
    const operation = await getOperation(tx, operationId);
    if (!(await resumeOperation(tx, operationId))) {
      throw new BackupError('planNotReady', `restore ${id} is ${operation.status}, not paused`);
    }
    return {
      status: 200,
      body: showOperation(await getOperation(tx, operationId)),
      audit: { restoreId: id },
      afterCommit: async () => await client.resume(instanceIdOf(operation), 'resumed'),
    };
  },
);
