// `$batch`: up to 20 requests, each with its own permission, cost and fault, answered in any
// order. https://learn.microsoft.com/graph/json-batching
import { failureReply, GraphFailure } from './errors.ts';
import { requestsPerBatch } from './page-sizes.ts';
import { type Answered, answer, type PipelineParts, withoutEffect } from './pipeline.ts';
import { createRandom } from './random.ts';
import type {
  Caller,
  FaultDecision,
  JsonObject,
  JsonValue,
  SimulatorReply,
  SimulatorRequest,
} from './types.ts';
import { renderReply, unpacked } from './wire.ts';

type Item = {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyText: string;
  readonly dependsOn: readonly string[];
};

const methods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];

function batchFailure(message: string): GraphFailure {
  return new GraphFailure(400, 'BadRequest', message);
}

export function answerBatch(request: SimulatorRequest, parts: PipelineParts): Answered {
  const outer: { fault?: FaultDecision; caller?: Caller } = {};
  let reply: SimulatorReply;
  try {
    reply = runBatch(request, parts, outer);
  } catch (error) {
    if (!(error instanceof GraphFailure)) {
      throw error;
    }
    reply = failureReply(request, error);
  }
  return {
    reply: {
      ...reply,
      headers: {
        'request-id': request.id,
        'client-request-id': request.headers.get('client-request-id') ?? request.id,
        ...reply.headers,
      },
    },
    fault: outer.fault,
    caller: outer.caller,
    settle: (status, bytes) =>
      parts.record({
        at: request.receivedAt,
        requestId: request.id,
        ...(outer.caller === undefined
          ? {}
          : { tenantId: outer.caller.tenantId, appId: outer.caller.appId }),
        method: request.method,
        url: request.url,
        template: '/$batch',
        status,
        applied: false,
        resourceUnits: 0,
        bytes,
        ...(outer.fault === undefined ? {} : { fault: outer.fault.rule ?? 'fault' }),
      }),
  };
}

function runBatch(
  request: SimulatorRequest,
  parts: PipelineParts,
  outer: { fault?: FaultDecision; caller?: Caller },
): SimulatorReply {
  if (request.method !== 'POST') {
    throw new GraphFailure(
      405,
      'Request_BadRequest',
      'Specified HTTP method is not allowed for the request target.',
    );
  }
  const check = parts.checkCaller(request.headers.get('authorization'), request.receivedAt);
  const caller = check.ok ? check.caller : undefined;
  const match = { template: '/$batch', operation: 'POST /$batch' };
  const fault = parts.decideFault(request, match, caller);
  if (fault !== undefined) {
    outer.fault = fault;
  }
  const early = fault === undefined ? undefined : withoutEffect(fault);
  if (early !== undefined) {
    return early;
  }
  if (!check.ok) {
    throw new GraphFailure(401, check.code, check.message);
  }
  outer.caller = check.caller;
  const responses = runItems(request, parts, check.caller, readItems(request));
  const reply: SimulatorReply = { status: 200, headers: {}, body: { responses } };
  return fault?.reply ?? fault?.rewrite?.(reply) ?? reply;
}

function readItems(request: SimulatorRequest): readonly Item[] {
  const contentType = request.headers.get('content-type') ?? '';
  if (!/^application\/json\b/i.test(contentType)) {
    throw batchFailure('The request body needs the Content-Type application/json.');
  }
  let body: JsonValue;
  try {
    body = JSON.parse(request.bodyText) as JsonValue;
  } catch {
    throw batchFailure('Invalid batch payload format.');
  }
  const requests = (body as JsonObject | null)?.['requests'];
  if (!Array.isArray(requests) || requests.length === 0) {
    throw batchFailure('Invalid batch payload format.');
  }
  if (requests.length > requestsPerBatch) {
    throw batchFailure(
      `Number of batch request steps exceeds the maximum value of ${requestsPerBatch}.`,
    );
  }
  const items = (requests as readonly JsonObject[]).map(readItem);
  checkIds(items);
  return items;
}

function readItem(value: JsonObject): Item {
  const { id, method, url, headers, body, dependsOn } = value;
  if (
    typeof id !== 'string' ||
    id === '' ||
    typeof method !== 'string' ||
    typeof url !== 'string'
  ) {
    throw batchFailure('Each batch request needs the strings id, method and url.');
  }
  if (!methods.includes(method.toUpperCase())) {
    throw batchFailure(`Invalid method '${method}' in batch request '${id}'.`);
  }
  if (/^[a-z]+:\/\//i.test(url) || /^\/?\$batch/i.test(url)) {
    throw batchFailure(`The url of batch request '${id}' must be relative and no batch.`);
  }
  const named = Object.entries((headers ?? {}) as JsonObject);
  return {
    id,
    method: method.toUpperCase(),
    url: url.startsWith('/') ? url : `/${url}`,
    headers: new Map(named.map(([name, text]) => [name.toLowerCase(), String(text)])),
    bodyText: body === undefined ? '' : JSON.stringify(body),
    dependsOn: Array.isArray(dependsOn) ? (dependsOn as readonly JsonValue[]).map(String) : [],
  };
}

/** Ids are compared without case; dependencies are all-parallel, serial, or all on one request. */
function checkIds(items: readonly Item[]): void {
  const ids = items.map((item) => item.id.toLowerCase());
  if (new Set(ids).size < ids.length) {
    throw batchFailure('The ids of batch requests must be unique.');
  }
  items.forEach((item, index) => {
    for (const dependency of item.dependsOn) {
      const at = ids.indexOf(dependency.toLowerCase());
      if (at < 0 || at === index) {
        throw batchFailure(`Batch request '${item.id}' depends on an unknown request.`);
      }
    }
  });
  const dependent = items.filter((item) => item.dependsOn.length > 0);
  const targets = new Set(dependent.flatMap((item) => item.dependsOn));
  const isSerial = dependent.length === items.length - 1 && targets.size === dependent.length;
  const isAllOnOne = dependent.length === items.length - 1 && targets.size === 1;
  if (dependent.some((item) => item.dependsOn.length > 1)) {
    throw batchFailure('A batch request can depend on one other request only.');
  }
  if (dependent.length > 0 && !isSerial && !isAllOnOne) {
    throw batchFailure('The dependencies of the batch are neither serial nor all on one request.');
  }
}

function runItems(
  request: SimulatorRequest,
  parts: PipelineParts,
  caller: Caller,
  items: readonly Item[],
): readonly JsonObject[] {
  const statuses = new Map<string, number>();
  const responses: JsonObject[] = [];
  let waiting = [...items];
  while (waiting.length > 0) {
    const ready = waiting.filter((item) =>
      item.dependsOn.every((id) => statuses.has(id.toLowerCase())),
    );
    if (ready.length === 0) {
      throw batchFailure('The dependencies of the batch form a circle.');
    }
    for (const item of ready) {
      const response = runItem(request, parts, caller, item, statuses);
      statuses.set(item.id.toLowerCase(), Number(response['status']));
      responses.push(response);
    }
    waiting = waiting.filter((item) => !ready.includes(item));
  }
  const seed = parts.findTenant(caller.tenantId)?.random.between(0, 1_000_000) ?? 1;
  return createRandom(seed).shuffle(responses);
}

function runItem(
  outer: SimulatorRequest,
  parts: PipelineParts,
  caller: Caller,
  item: Item,
  statuses: ReadonlyMap<string, number>,
): JsonObject {
  const request = itemRequest(outer, item);
  const failed = item.dependsOn.some((id) => (statuses.get(id.toLowerCase()) ?? 0) >= 400);
  if (failed) {
    const failure = new GraphFailure(
      424,
      'FailedDependency',
      'A request this one depends on failed.',
    );
    return itemResponse(item, failureReply(request, failure));
  }
  const answered = answer(request, parts, caller);
  const reply = unpacked(answered.reply);
  answered.settle(reply.status, renderReply(reply).bytes.length);
  const toBeta = parts.findTenant(caller.tenantId)?.settings.batchLinksLeadToBeta === true;
  return itemResponse(item, toBeta ? withBetaLink(reply) : reply);
}

function withBetaLink(reply: SimulatorReply): SimulatorReply {
  const { body } = reply;
  const link = isPlainObject(body) ? body['@odata.nextLink'] : undefined;
  return typeof link === 'string' && isPlainObject(body)
    ? { ...reply, body: { ...body, '@odata.nextLink': link.replace('/v1.0/', '/beta/') } }
    : reply;
}

function isPlainObject(body: SimulatorReply['body']): body is JsonObject {
  return (
    typeof body === 'object' && body !== null && !Array.isArray(body) && !Buffer.isBuffer(body)
  );
}

function itemRequest(outer: SimulatorRequest, item: Item): SimulatorRequest {
  const [path = '/', ...rest] = item.url.split('?');
  const query = rest.join('?');
  const priority = outer.headers.get('x-ms-throttle-priority');
  const headers = new Map(item.headers);
  if (priority !== undefined && !headers.has('x-ms-throttle-priority')) {
    headers.set('x-ms-throttle-priority', priority);
  }
  return {
    id: `${outer.id}-${item.id}`,
    method: item.method,
    version: outer.version,
    path: decodeURIComponent(path).replace(/(.)\/+$/, '$1'),
    url: `/${outer.version}${item.url}`,
    origin: outer.origin,
    query: new Map(query === '' ? [] : new URLSearchParams(query)),
    headers,
    bodyText: item.bodyText,
    receivedAt: outer.receivedAt,
    batch: { itemId: item.id, outerId: outer.id },
  };
}

function itemResponse(item: Item, reply: SimulatorReply): JsonObject {
  const body: JsonValue | undefined = Buffer.isBuffer(reply.body)
    ? (JSON.parse(reply.body.toString('utf8')) as JsonValue)
    : (reply.body ?? reply.text?.content);
  return {
    id: item.id,
    status: reply.status,
    headers: {
      ...reply.headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  };
}
