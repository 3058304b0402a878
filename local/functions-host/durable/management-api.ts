import { setTimeout as sleep } from 'node:timers/promises';
import { type HostRequest, type HostResponse, jsonResponse, NOT_FOUND } from '../http/exchange.ts';
import { listInstances } from '../store/instance-list.ts';
import { type InstanceQuery, type InstanceRecord, isFinal } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { ClientLinks } from './client-links.ts';
import type { DurableEngine, OperationResult } from './engine.ts';
import { ArgumentError, EngineError } from './engine-errors.ts';
import { readFilter } from './list-filter.ts';
import { historyView, statusView } from './status-view.ts';

const STATUS_OF: Record<OperationResult, number> = { accepted: 202, notFound: 404, finished: 410 };

/** The request's JSON was not JSON. */
class InvalidJsonError extends EngineError {
  override name = 'InvalidJsonError';
  readonly exceptionType = 'Newtonsoft.Json.JsonReaderException';
}

/**
 * The HTTP management API of the Durable Functions extension, and its loopback routes that the
 * SDK's client calls (https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api).
 */
export class ManagementApi {
  readonly #engine: DurableEngine;
  readonly #store: Store;
  readonly #hubName: string;

  constructor(engine: DurableEngine, store: Store, hubName: string) {
    this.#engine = engine;
    this.#store = store;
    this.#hubName = hubName;
  }

  /** @param route the path below the API's base, such as `instances`, `abc` */
  async handle(request: HostRequest, route: string[]): Promise<HostResponse> {
    try {
      return await this.#dispatch(request, route);
    } catch (error) {
      if (error instanceof EngineError) return errorResponse(error);
      throw error;
    }
  }

  #dispatch(request: HostRequest, segments: string[]): HostResponse | Promise<HostResponse> {
    const [collection, first, verb, ...rest] = segments;
    const { method } = request;
    if (collection === 'orchestrators' && first && method === 'POST' && rest.length === 0) {
      return this.#start(request, first, verb);
    }
    if (collection !== 'instances') return NOT_FOUND;
    if (!first) return this.#collection(request);
    if (verb) return method === 'POST' ? this.#operate(request, first, verb, rest) : NOT_FOUND;
    if (method === 'GET') return this.#status(request, first);
    return method === 'DELETE' ? this.#purged(this.#engine.purge(first)) : NOT_FOUND;
  }

  async #start(request: HostRequest, name: string, id: string | undefined): Promise<HostResponse> {
    const query = request.url.searchParams;
    const input = request.body.length === 0 ? null : readJsonBody(request);
    const version = query.get('version') ?? undefined;
    const wait = readWait(query);
    const instanceId = this.#engine.startInstance({ name, instanceId: id, input, version });
    if (wait) {
      const finished = await this.#waitFor(instanceId, wait);
      if (finished?.status === 'Completed') {
        return jsonResponse(200, statusView(finished)['output']);
      }
      if (finished) return jsonResponse(200, statusView(finished));
    }
    return this.#startedResponse(request, instanceId);
  }

  async #waitFor(instanceId: string, wait: Wait): Promise<InstanceRecord | undefined> {
    const until = Date.now() + wait.timeoutMs;
    for (;;) {
      const instance = this.#engine.find(instanceId);
      if (instance && isFinal(instance.status)) return instance;
      const left = until - Date.now();
      if (!(left > 0)) return undefined;
      await sleep(Math.min(left, wait.intervalMs));
    }
  }

  #startedResponse(request: HostRequest, instanceId: string): HostResponse {
    const links = new ClientLinks(request.url.origin, this.#hubName).startLinks(instanceId);
    return jsonResponse(202, links, [
      ['location', links['statusQueryGetUri'] ?? ''],
      ['retry-after', '10'],
    ]);
  }

  #status(request: HostRequest, instanceId: string): HostResponse {
    const instance = this.#engine.find(instanceId);
    if (!instance) return NOT_FOUND;
    const query = request.url.searchParams;
    const view = statusView(instance);
    if (isTrue(query, 'showHistory')) {
      const history = this.#store.readHistory(instanceId);
      view['historyEvents'] = historyView(history, isTrue(query, 'showHistoryOutput'));
    }
    if (!isFinal(instance.status)) {
      return jsonResponse(202, view, [
        ['location', request.url.href],
        ['retry-after', '5'],
      ]);
    }
    const asError = isTrue(query, 'returnInternalServerErrorOnFailure');
    return jsonResponse(asError && instance.status === 'Failed' ? 500 : 200, view);
  }

  #operate(request: HostRequest, id: string, verb: string, rest: string[]): HostResponse {
    const query = request.url.searchParams;
    const reason = query.get('reason');
    const engine = this.#engine;
    const [eventName, ...more] = rest;
    if (verb.toLowerCase() === 'raiseevent') {
      return eventName && more.length === 0 ? this.#raise(request, id, eventName) : NOT_FOUND;
    }
    if (rest.length > 0) return NOT_FOUND;
    switch (verb.toLowerCase()) {
      case 'terminate':
        return { status: STATUS_OF[engine.terminate(id, reason)] };
      case 'suspend':
        return { status: STATUS_OF[engine.suspend(id, reason)] };
      case 'resume':
        return { status: STATUS_OF[engine.resume(id, reason)] };
      case 'rewind':
        return this.#rewind(id);
      case 'restart': {
        const withNewId = query.get('restartWithNewInstanceId')?.toLowerCase() !== 'false';
        return this.#startedResponse(request, engine.restart(id, withNewId));
      }
      default:
        return NOT_FOUND;
    }
  }

  #raise(request: HostRequest, instanceId: string, name: string): HostResponse {
    const instance = this.#engine.find(instanceId);
    if (!instance) return NOT_FOUND;
    if (isFinal(instance.status)) return { status: 410 };
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      const Message = 'Only application/json request content is supported';
      return jsonResponse(400, { Message });
    }
    const input = readJsonBody(request);
    return { status: STATUS_OF[this.#engine.raiseEvent(instanceId, name, input)] };
  }

  #rewind(instanceId: string): HostResponse {
    const instance = this.#engine.find(instanceId);
    if (!instance) return NOT_FOUND;
    if (instance.status === 'Failed') {
      return jsonResponse(
        501,
        'The rewind operation is not supported by the underlying storage provider.',
      );
    }
    if (isFinal(instance.status)) return { status: 410 };
    const text = 'The rewind operation is only supported on failed orchestration instances.';
    return errorBody(500, GENERAL, text, 'System.InvalidOperationException');
  }

  #collection(request: HostRequest): HostResponse {
    const filter = readFilter(request);
    if (!filter) return errorBody(400, 'invalid filter', 'A filter of the list is not valid.', '');
    if (request.method === 'GET') return this.#list(filter, request.url.searchParams);
    if (request.method !== 'DELETE') return NOT_FOUND;
    return this.#purged(this.#engine.purgeFinished(filter));
  }

  #list(filter: InstanceQuery, query: URLSearchParams): HostResponse {
    const page = listInstances(this.#store, filter);
    const showInput = query.get('showInput')?.toLowerCase() !== 'false';
    const views = page.instances.map((instance) => statusView(instance, showInput));
    if (page.next === undefined) return jsonResponse(200, views);
    const token = Buffer.from(String(page.next)).toString('base64');
    return jsonResponse(200, views, [['x-ms-continuation-token', token]]);
  }

  #purged(count: number): HostResponse {
    return count === 0 ? NOT_FOUND : jsonResponse(200, { instancesDeleted: count });
  }
}

/** How long a start waits for the end of its instance, and how often it looks. */
interface Wait {
  timeoutMs: number;
  intervalMs: number;
}

/** @throws ArgumentError for what is no time above 0 */
function readWait(query: URLSearchParams): Wait | undefined {
  if (!query.has('timeout')) return undefined;
  const seconds = (name: string, fallback: string) => {
    const value = Number(query.get(name) || fallback);
    if (value > 0 && Number.isFinite(value)) return value * 1000;
    throw ArgumentError.badWait(name);
  };
  return { timeoutMs: seconds('timeout', '10'), intervalMs: seconds('pollingInterval', '1') };
}

function isTrue(query: URLSearchParams, name: string): boolean {
  return query.get(name)?.toLowerCase() === 'true';
}

/** The body as JSON text, checked. */
function readJsonBody(request: HostRequest): string {
  const text = request.body.toString('utf8');
  if (text.trim() === '') {
    throw new InvalidJsonError(
      "Error reading JToken from JsonReader. Path '', line 0, position 0.",
    );
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (cause) {
    throw new InvalidJsonError(cause instanceof Error ? cause.message : 'invalid JSON');
  }
}

const GENERAL = 'Something went wrong while processing your request';

function errorResponse(error: EngineError): HostResponse {
  if (error instanceof ArgumentError) {
    return errorBody(400, error.summary, error.message, error.exceptionType);
  }
  const invalid = error instanceof InvalidJsonError;
  const summary = invalid ? 'Invalid JSON content' : GENERAL;
  return errorBody(invalid ? 400 : 500, summary, error.message, error.exceptionType);
}

function errorBody(status: number, summary: string, text: string, type: string): HostResponse {
  return jsonResponse(status, {
    Message: summary,
    ExceptionMessage: text,
    ExceptionType: type,
    StackTrace: '   at FunctionsHost.Durable.ManagementApi.Handle(HostRequest request)',
  });
}
