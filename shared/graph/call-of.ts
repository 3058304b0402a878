import type { Context } from '@microsoft/microsoft-graph-client';
import { BackupError } from '../errors/backup-error.ts';
import { GraphCall } from './graph-call.ts';

/** The call that travels with a context of the Graph client. */
export function callOf(context: Context): GraphCall {
  const call = context.middlewareControl?.getMiddlewareOptions(GraphCall);
  if (call instanceof GraphCall) return call;
  throw new BackupError('invalidState', 'a request bypassed the graph client of this product');
}
