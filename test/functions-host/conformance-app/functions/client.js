// What an app does with the durable client, offered by HTTP.
import { app } from '@azure/functions';
import * as df from 'durable-functions';

async function inputOf(request) {
  const text = await request.text();
  return text === '' ? undefined : JSON.parse(text);
}

function client(name, route, methods, act) {
  app.http(name, {
    route,
    methods,
    authLevel: 'anonymous',
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
      try {
        return await act(df.getClient(context), request, request.params);
      } catch (error) {
        return { status: 599, jsonBody: { threw: error.message } };
      }
    },
  });
}

client('start', 'start/{name}/{id?}', ['POST'], async (durable, request, { name, id }) => {
  const input = await inputOf(request);
  const instance = await durable.startNew(name, { instanceId: id || undefined, input });
  return durable.createCheckStatusResponse(request, instance);
});
client('startAndWait', 'startAndWait/{name}/{id}', ['POST'], async (durable, request, params) => {
  const input = await inputOf(request);
  await durable.startNew(params.name, { instanceId: params.id, input });
  return durable.waitForCompletionOrCreateCheckStatusResponse(request, params.id, {
    timeoutInMilliseconds: Number(request.query.get('ms') ?? 10_000),
    retryIntervalInMilliseconds: 50,
  });
});
client('payload', 'payload/{id}', ['GET'], async (durable, _, { id }) => ({
  jsonBody: durable.createHttpManagementPayload(id),
}));
client('statusByClient', 'status/{id}', ['GET'], async (durable, _, { id }) => ({
  jsonBody: await durable.getStatus(id, { showHistory: true, showInput: true }),
}));
client('raiseByClient', 'raise/{id}/{event}', ['POST'], async (durable, request, params) => {
  await durable.raiseEvent(params.id, params.event, await inputOf(request));
  return { status: 204 };
});
client('act', 'act/{verb}/{id}', ['POST'], async (durable, request, { verb, id }) => {
  await durable[verb](id, request.query.get('reason') ?? 'by client');
  return { status: 204 };
});
client('purgeByClient', 'purge/{id}', ['POST'], async (durable, _, { id }) => ({
  jsonBody: await durable.purgeInstanceHistory(id),
}));
client('listByClient', 'list', ['GET'], async (durable, request) => ({
  jsonBody: (
    await durable.getStatusBy({ runtimeStatus: request.query.get('states')?.split(',') })
  ).map(({ instanceId, runtimeStatus }) => ({ instanceId, runtimeStatus })),
}));
client('startTwice', 'startTwice/{name}/{id}', ['POST'], async (durable, _, { name, id }) => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, () => durable.startNew(name, { instanceId: id, input: {} })),
  );
  return { jsonBody: outcomes.map(({ status }) => status) };
});
