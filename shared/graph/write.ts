import { BackupError } from '../errors/backup-error.ts';
import { isJsonObject } from '../json/json-value.ts';
import type { GraphAnswer } from './graph-answer.ts';
import type { CallKind, GraphCall } from './graph-call.ts';
import type { GraphWrite, GraphWriteReply } from './graph-request.ts';

/**
 * PUT, DELETE and PATCH with plain values have the same effect when sent twice. POST has not, and a
 * PATCH with `members@odata.bind` has not either: Graph refuses the whole PATCH when one of the
 * members is there already, so a repetition would report a failure of what succeeded.
 * https://learn.microsoft.com/graph/api/group-post-members
 */
export function kindOfWrite(write: GraphWrite): CallKind {
  if (write.method === 'POST') return 'once';
  return write.method === 'PATCH' && hasBinds(write) ? 'once' : 'repeatable';
}

function hasBinds(write: GraphWrite): boolean {
  const { body } = write;
  return isJsonObject(body) && Object.keys(body).some((name) => name.endsWith('@odata.bind'));
}

/** Throws graphBadAnswer when the body is not what JSON answers to writes are. */
export function readWriteReply(answer: GraphAnswer, call: GraphCall): GraphWriteReply {
  const requestId = answer.headers['request-id'];
  const ids = {
    ...(requestId === undefined ? {} : { requestId }),
    clientRequestId: call.clientRequestId,
  };
  // A repeated DELETE that found nothing left: its first try did it.
  if (answer.status === 404) return { status: 204, ...ids };
  const body = answer.body();
  if (body === undefined) return { status: answer.status, ...ids };
  if (!isJsonObject(body.value) || body.defects.length > 0) {
    throw new BackupError('graphBadAnswer', 'the answer to a write is not an object', {
      details: { defect: 'shape', status: answer.status },
    });
  }
  return { status: answer.status, body: body.value, ...ids };
}
