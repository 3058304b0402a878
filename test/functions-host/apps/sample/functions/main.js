import { app } from '@azure/functions';
import * as df from 'durable-functions';

df.app.activity('echo', { handler: (v) => v });
df.app.orchestration('seq', function* (c) {
  let s = 0;
  for (let i = 1; i <= c.df.getInput(); i++) s += yield c.df.callActivity('echo', i);
  return s;
});
df.app.orchestration('fan', function* (c) {
  const r = yield c.df.Task.all(
    Array.from({ length: c.df.getInput() }, (_, i) => c.df.callActivity('echo', i)),
  );
  return r.reduce((a, b) => a + b, 0);
});
app.http('hello', {
  methods: ['GET'],
  route: 'hello/{name:alpha}',
  handler: async (req, context) => {
    context.log('hello', req.params.name);
    return { jsonBody: { name: req.params.name, q: req.query.get('q'), url: req.url } };
  },
});
app.http('start', {
  methods: ['POST'],
  route: 'start/{name}',
  extraInputs: [df.input.durableClient()],
  handler: async (req, context) => {
    const client = df.getClient(context);
    const id = await client.startNew(req.params.name, { input: await req.json() });
    return client.waitForCompletionOrCreateCheckStatusResponse(req, id, {
      timeoutInMilliseconds: 20000,
      retryIntervalInMilliseconds: 20,
    });
  },
});
