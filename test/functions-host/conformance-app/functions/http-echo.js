// Answers what the host delivered, so that a test sees it from the outside.
import { app } from '@azure/functions';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

async function describe(request, context) {
  const bytes = Buffer.from(await request.arrayBuffer());
  return {
    headers: { 'x-seen-method': request.method },
    jsonBody: {
      method: request.method,
      url: request.url,
      query: Object.fromEntries(request.query),
      params: request.params,
      headers: Object.fromEntries(request.headers),
      length: bytes.length,
      base64: bytes.length <= 100_000 ? bytes.toString('base64') : undefined,
      functionName: context.functionName,
      invocationId: context.invocationId,
    },
  };
}

function route(name, options) {
  app.http(name, { methods: ['GET'], authLevel: 'anonymous', handler: describe, ...options });
}

route('httpEcho', { route: 'echo', methods: METHODS });
route('noRouteGiven', {});
app.http('noMethodsGiven', { authLevel: 'anonymous', handler: describe });
route('oneParameter', { route: 'things/{id}' });
route('literalBesideParameter', { route: 'things/special' });
route('wholeNumber', { route: 'numbers/{n:int}' });
route('guidParameter', { route: 'guids/{g:guid}' });
route('lettersOnly', { route: 'letters/{word:alpha}' });
route('ranged', { route: 'ranges/{n:int:min(5):max(9)}' });
route('optionalPart', { route: 'pages/{book}/{page?}' });
route('catchAll', { route: 'files/{*path}' });
route('mixed', { route: 'tenants/{tenant}/points/{point:int}/links' });
route('readProducts', { route: 'products', methods: ['GET'] });
route('createProduct', { route: 'products', methods: ['POST'] });
route('disabledHttp', {});

app.http('bodyLength', {
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: async (request) => {
    const bytes = Buffer.from(await request.arrayBuffer());
    return { body: bytes, headers: { 'content-type': 'application/octet-stream' } };
  },
});
app.http('setting', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: (request) => ({ jsonBody: { value: process.env[request.query.get('name')] ?? null } }),
});
