import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableClient } from 'durable-functions';
import type { FunctionsHost, FunctionsHostOptions } from '../../../local/functions-host/host.ts';
import { startInlineHost } from './inline-host.ts';

export type Df = typeof import('durable-functions');
export type Functions = typeof import('@azure/functions');

/** A host over functions registered here, with the SDK's client as a function gets it. */
export interface ClientHost {
  host: FunctionsHost;
  client: DurableClient;
}

export async function startClientHost(
  register: (df: Df, functions: Functions) => void,
  options: Partial<FunctionsHostOptions> = {},
): Promise<ClientHost> {
  let client: DurableClient | undefined;
  const host = await startInlineHost(async () => {
    const df = await import('durable-functions');
    const functions = await import('@azure/functions');
    register(df, functions);
    functions.app.http('client', {
      extraInputs: [df.input.durableClient()],
      handler: (_, context) => {
        client = df.getClient(context);
        return { status: 204 };
      },
    });
  }, options);
  await fetch(`${host.url}/api/client`);
  if (!client) throw new Error('no client');
  return { host, client };
}

/** Waits until an instance is over. */
export async function finished(client: DurableClient, id: string) {
  const end = Date.now() + 15_000;
  for (;;) {
    const status = await client.getStatus(id);
    if (['Completed', 'Failed', 'Terminated'].includes(status.runtimeStatus)) return status;
    if (Date.now() > end) throw new Error(`${id} stays ${status.runtimeStatus}`);
    await sleep(10);
  }
}
