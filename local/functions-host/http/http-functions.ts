import type { Invoker } from '../worker/invocation.ts';
import type { RegisteredFunction, RpcHttpData, RpcTypedData } from '../worker/rpc.ts';
import { serializeCookie } from './cookie.ts';
import { type HostRequest, type HostResponse, NOT_FOUND } from './exchange.ts';
import { RouteTemplate } from './route-template.ts';

interface HttpRoute {
  fn: RegisteredFunction;
  template: RouteTemplate;
  methods: Set<string>;
}

function toRoute(fn: RegisteredFunction, prefix: string): HttpRoute {
  const { route, methods } = fn.trigger;
  const own = typeof route === 'string' && route !== '' ? route : fn.name;
  const list = Array.isArray(methods) ? methods.map((m) => String(m).toUpperCase()) : [];
  const template = new RouteTemplate(prefix === '' ? own : `${prefix}/${own}`);
  return { fn, template, methods: new Set(list) };
}

function nullable(entries: Iterable<[string, string]>): Record<string, { value: string }> {
  return Object.fromEntries([...entries].map(([name, value]) => [name, { value }]));
}

/** Repeated parameters arrive as one, joined by commas, as the real host hands them over. */
function queryOf(url: URL): Map<string, string> {
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    const earlier = query.get(name);
    query.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return query;
}

function toRpcRequest(request: HostRequest, params: Record<string, string>): RpcTypedData {
  const http: RpcHttpData = {
    method: request.method,
    url: request.url.href,
    nullableHeaders: nullable(Object.entries(request.headers)),
    nullableQuery: nullable(queryOf(request.url)),
    nullableParams: nullable(Object.entries(params)),
  };
  if (request.body.length > 0) http.body = { bytes: request.body };
  return { http };
}

function bodyOf(data: RpcTypedData | undefined): Buffer | string | undefined {
  if (data?.bytes) return Buffer.from(data.bytes);
  return data?.string ?? data?.json;
}

function toResponse(value: RpcTypedData | null | undefined): HostResponse {
  const http = value?.http;
  if (!http) return { status: 204 };
  const headers = Object.entries(http.headers ?? {});
  for (const cookie of http.cookies ?? []) headers.push(['set-cookie', serializeCookie(cookie)]);
  const response: HostResponse = { status: Number(http.statusCode ?? 200), headers };
  const body = bodyOf(http.body);
  if (body !== undefined) response.body = body;
  return response;
}

/** Routes requests to the app's HTTP functions. */
export class HttpFunctions {
  readonly #routes: HttpRoute[];
  readonly #invoker: Invoker;
  readonly #extraInput: (type: string) => RpcTypedData | null;

  /** @param extraInput value of the other input bindings, by type */
  constructor(
    functions: RegisteredFunction[],
    options: {
      prefix: string;
      invoker: Invoker;
      extraInput: (type: string) => RpcTypedData | null;
    },
  ) {
    const http = functions.filter((fn) => fn.trigger.type.toLowerCase() === 'httptrigger');
    const routes = http.map((fn) => toRoute(fn, options.prefix));
    this.#routes = routes.sort((a, b) => (a.template.precedence < b.template.precedence ? -1 : 1));
    this.#invoker = options.invoker;
    this.#extraInput = options.extraInput;
  }

  /** A known route with a method nobody serves is as unknown as any other: 404, no body. */
  async handle(request: HostRequest): Promise<HostResponse> {
    for (const route of this.#routes) {
      if (!route.methods.has(request.method)) continue;
      const params = route.template.match(request.segments);
      if (params) return this.#invoke(route.fn, request, params);
    }
    return NOT_FOUND;
  }

  async #invoke(
    fn: RegisteredFunction,
    request: HostRequest,
    params: Record<string, string>,
  ): Promise<HostResponse> {
    const outcome = await this.#invoker.invoke(fn, {
      trigger: toRpcRequest(request, params),
      extraInput: this.#extraInput,
      traceParent: request.headers['traceparent'],
    });
    // The real host tells a caller nothing about an error of the app.
    return outcome.ok ? toResponse(outcome.response.returnValue) : { status: 500 };
  }
}
