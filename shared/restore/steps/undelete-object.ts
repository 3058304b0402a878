import { isBackupError } from '../../errors/backup-error.ts';
import { fillRequest } from '../fill-request.ts';
import { readLive } from './live-object.ts';
import type { ApplyContext, StepHandler, StepTask } from './step-context.ts';

/** Takes an object back from the recycle bin under its own id. */
export const undeleteObject: StepHandler = {
  prepare: async (context, task) => {
    const { type, currentId, step, row } = task;
    // the bin is asked first: a replica may still show the object as it was before its deletion
    if (!(await isInBin(context, task))) {
      const live = await readLive(context, type, currentId, ['id']);
      if (live === undefined) {
        return { kind: 'end', outcome: 'conflict', result: { cause: 'notInRecycleBin' } };
      }
      if (row.state === 'started') return { kind: 'written', id: currentId };
      return { kind: 'end', outcome: 'skipped', result: { cause: 'alreadyLive' } };
    }
    const request = fillRequest(step, context);
    const inverse = { method: 'DELETE', path: `${type.collection}/${currentId}` };
    return { kind: 'write', request, inverse };
  },
  confirm: async (context, task) => {
    const live = await readLive(context, task.type, task.currentId, ['id']);
    if (live === undefined) return { kind: 'later', result: { cause: 'notVisible' } };
    return { kind: 'done', result: { id: task.currentId } };
  },
};

async function isInBin(context: ApplyContext, { type, currentId }: StepTask): Promise<boolean> {
  try {
    await context.graph.object({
      path: `/directory/deletedItems/${currentId}`,
      apiVersion: type.apiVersion,
      service: type.service,
    });
    return true;
  } catch (error) {
    if (isBackupError(error, 'graphNotFound')) return false;
    throw error;
  }
}
