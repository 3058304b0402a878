import type { DurableClient } from 'durable-functions';

/** Holds the SDK's client as the app's own function got it. */
export interface ClientHolder {
  client: DurableClient | undefined;
}

/** The orchestrators that `http.json` was recorded with, and a function that hands out the client. */
export async function registerManagementApp(holder: ClientHolder): Promise<void> {
  const { app } = await import('@azure/functions');
  const df = await import('durable-functions');
  df.app.activity('echo', { handler: (value: unknown) => value });
  df.app.activity('boom', {
    handler: () => {
      throw new Error('kaboom');
    },
  });
  df.app.orchestration('hist', function* (c) {
    yield c.df.createTimer(new Date(c.df.currentUtcDateTime.getTime() + 30));
    const a: unknown = yield c.df.callActivity('echo', 'A');
    try {
      yield c.df.callActivity('boom');
    } catch {
      // the failure belongs into the recorded history
    }
    const s: unknown = yield c.df.callSubOrchestrator('quick', 7, `${c.df.instanceId}:q`);
    try {
      yield c.df.callSubOrchestrator('dies', 1, `${c.df.instanceId}:d`);
    } catch {
      // likewise
    }
    const e: unknown = yield c.df.waitForExternalEvent('ev');
    return { a, s, e };
  });
  df.app.orchestration('quick', function* (c) {
    yield* [];
    return { x: c.df.getInput() };
  });
  df.app.orchestration('dies', function* () {
    yield* [];
    throw new Error('dead');
  });
  df.app.orchestration('wait', function* (c) {
    c.df.setCustomStatus({ at: 1 });
    return (yield c.df.waitForExternalEvent('go')) as unknown;
  });
  app.http('client', {
    route: 'client',
    extraInputs: [df.input.durableClient()],
    handler: (_, context) => {
      holder.client = df.getClient(context);
      return { status: 204 };
    },
  });
}
