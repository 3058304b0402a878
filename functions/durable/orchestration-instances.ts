import * as df from 'durable-functions';
import type { OrchestrationClient } from './orchestration-client.ts';

export type Instance = Awaited<ReturnType<OrchestrationClient['getStatus']>>;

const unfinished: ReadonlySet<string> = new Set([
  'Pending',
  'Running',
  'Suspended',
  'ContinuedAsNew',
]);

export function isUnfinished(instance: Instance | undefined): instance is Instance {
  return instance !== undefined && unfinished.has(instance.runtimeStatus);
}

/** The instance with its input; the SDK throws an Error without a code for one it does not know. */
export async function findInstance(
  client: OrchestrationClient,
  instanceId: string,
): Promise<Instance | undefined> {
  try {
    return await client.getStatus(instanceId, { showInput: true });
  } catch (error) {
    if (error instanceof Error && /replied with HTTP 404/.test(error.message)) return undefined;
    throw error;
  }
}

/**
 * Terminates an instance and then its children, whose ids begin with its own. A parent goes first: a
 * terminated child would fail the parent that waits for it.
 */
export async function endInstances(
  client: OrchestrationClient,
  instanceId: string,
  instance: Instance | undefined,
): Promise<void> {
  const reason = 'no heartbeat';
  if (isUnfinished(instance)) await client.terminate(instanceId, reason);
  const { Running, Pending, Suspended } = df.OrchestrationRuntimeStatus;
  const open = await client.getStatusBy({ runtimeStatus: [Running, Pending, Suspended] });
  for (const child of open.filter((each) => each.instanceId.startsWith(`${instanceId}:`))) {
    await client.terminate(child.instanceId, reason);
  }
}
