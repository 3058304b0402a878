// Starts the orchestration of an operation whose row exists. May be called any number of times and by
// several processes for the same row: an instance is started once.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation, OperationKind } from '../../shared/model/operation.ts';
import type { Database } from '../../shared/repository/database.ts';
import { markStarted } from '../../shared/repository/operation-starts.ts';
import type { OrchestrationClient } from './orchestration-client.ts';
import { findInstance, isUnfinished } from './orchestration-instances.ts';

const LOOKS = 12;
const PAUSE_MS = 250;

/** Input of every orchestration of an operation. */
export interface OperationInput {
  readonly tenantNo: number;
  readonly tenantId: string;
  readonly operationId: string;
}

interface Start {
  readonly orchestration: string;
  readonly instanceId: (operation: Operation) => string;
}

const starts: Readonly<Record<OperationKind, Start>> = {
  tenantBackup: {
    orchestration: 'backupTenant',
    instanceId: (operation) => `backup:${operation.tenantId}`,
  },
  comparison: {
    orchestration: 'compareStates',
    instanceId: (operation) => `compare:${operation.id}`,
  },
  restorePlan: { orchestration: 'planRestore', instanceId: (operation) => `plan:${operation.id}` },
  restore: { orchestration: 'applyRestore', instanceId: (operation) => `restore:${operation.id}` },
  logBackup: {
    orchestration: 'collectLogs',
    instanceId: (operation) => `logs:${operation.tenantId}`,
  },
  logExport: {
    orchestration: 'exportLogs',
    instanceId: (operation) => `logExport:${operation.id}`,
  },
  logRestore: {
    orchestration: 'restoreLogs',
    instanceId: (operation) => `logRestore:${operation.id}`,
  },
  logRepair: {
    orchestration: 'repairLogs',
    instanceId: (operation) => `logRepair:${operation.tenantId}`,
  },
  verification: {
    orchestration: 'verifyRepositories',
    instanceId: (operation) => `verify:${operation.id}`,
  },
};

export function instanceIdOf(operation: Operation): string {
  return starts[operation.kind].instanceId(operation);
}

/**
 * started: an instance of this operation runs; occupied: its instance id is taken by another
 * operation, so that the row waits for the next minute; ended: the row was canceled meanwhile.
 */
export type StartAnswer = 'started' | 'occupied' | 'ended';

export async function startOperation(
  operation: Operation,
  client: OrchestrationClient,
  database: Database,
): Promise<StartAnswer> {
  const { orchestration, instanceId } = starts[operation.kind];
  const id = instanceId(operation);
  const owner = await settledOwner(client, id, operation.id);
  if (owner !== undefined && owner !== operation.id) return 'occupied';
  if (owner === undefined) {
    const input: OperationInput = {
      tenantNo: operation.tenantNo,
      tenantId: operation.tenantId,
      operationId: operation.id,
    };
    await startOnce(client, orchestration, { instanceId: id, input });
  }
  const marked = await database.withTenant(operation.tenantNo, (tx) =>
    markStarted(tx, operation.id, id),
  );
  return marked ? 'started' : 'ended';
}

/** A request and the timer may start the same row at the same moment: the engine lets one of them. */
async function startOnce(
  client: OrchestrationClient,
  orchestration: string,
  options: { readonly instanceId: string; readonly input: OperationInput },
): Promise<void> {
  try {
    await client.startNew(orchestration, options);
  } catch (error) {
    const owner = await runningOperation(client, options.instanceId);
    if (owner !== options.input.operationId) throw error;
  }
}

/**
 * As runningOperation. An instance lives for some moments after its operation has ended: the next
 * operation waits for that, and not for the minute timer.
 */
async function settledOwner(
  client: OrchestrationClient,
  instanceId: string,
  own: string,
): Promise<string | undefined> {
  for (let look = 1; ; look += 1) {
    const owner = await runningOperation(client, instanceId);
    if (owner === undefined || owner === own || look === LOOKS) return owner;
    await sleep(PAUSE_MS);
  }
}

/** The operation an unfinished instance works for; undefined when there is no such instance. */
async function runningOperation(
  client: OrchestrationClient,
  instanceId: string,
): Promise<string | undefined> {
  const instance = await findInstance(client, instanceId);
  if (!isUnfinished(instance)) return undefined;
  const input: unknown = instance.input;
  const isInput = typeof input === 'object' && input !== null && 'operationId' in input;
  return isInput ? String(input.operationId) : 'unknown';
}
