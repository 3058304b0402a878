import { app, type HttpHandler } from '@azure/functions';

const describe: HttpHandler = async (request, context) => {
  context.log('request seen', request.method);
  return {
    jsonBody: {
      function: context.functionName,
      method: request.method,
      url: request.url,
      params: request.params,
      query: Object.fromEntries(request.query),
      header: request.headers.get('x-test'),
      body: request.method === 'GET' ? '' : await request.text(),
    },
  };
};

app.http('default', { handler: describe });
app.http('itemByNumber', { methods: ['GET'], route: 'items/{id:int}', handler: describe });
app.http('itemByName', { methods: ['GET', 'PUT'], route: 'items/{name}', handler: describe });
app.http('latestItem', { methods: ['GET'], route: 'items/latest', handler: describe });
app.http('itemParts', { methods: ['GET'], route: 'items/{id}/parts/{part?}', handler: describe });
app.http('files', { methods: ['GET'], route: 'files/{*path}', handler: describe });
app.http('child', { methods: ['GET'], route: 'children/{parent}~{id}', handler: describe });
app.http('bounded', { methods: ['GET'], route: 'pages/{n:range(1,5)}', handler: describe });
app.http('deleteItem', { methods: ['DELETE'], route: 'items/{id:guid}', handler: describe });

app.http('nothing', { methods: ['POST'], route: 'nothing', handler: () => undefined as never });
app.http('broken', {
  methods: ['GET'],
  route: 'broken',
  handler: () => {
    throw new Error('the secret reason');
  },
});
app.http('rich', {
  methods: ['GET'],
  route: 'rich',
  handler: () => ({
    status: 418,
    headers: { 'x-one': '1', 'content-type': 'application/octet-stream' },
    cookies: [{ name: 'a', value: 'b c', httpOnly: true, sameSite: 'Lax', maxAge: 60 }],
    body: Buffer.from([0, 255, 128]),
  }),
});
