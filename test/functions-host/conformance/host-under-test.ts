// Speaks HTTP with a functions host and knows nothing else about it: the same cases run against
// the local host and, with CONFORMANCE_BASE_URL, against a genuine one.
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_MS = 25_000;
const FINISHED = ['Completed', 'Failed', 'Terminated'];

/** What the durable status answer holds. */
export interface InstanceStatus {
  name: string;
  instanceId: string;
  runtimeStatus: string;
  input: unknown;
  customStatus: unknown;
  output: unknown;
  createdTime: string;
  lastUpdatedTime: string;
  historyEvents?: Record<string, unknown>[];
}

export interface Keys {
  /** The extension's system key; a host on a laptop needs none. */
  system?: string | undefined;
  /** The master key for /admin; a host on a laptop needs none. */
  master?: string | undefined;
}

export class HostUnderTest {
  readonly baseUrl: string;
  readonly #keys: Keys;
  readonly #run = randomUUID().slice(0, 8);

  constructor(baseUrl: string, keys: Keys = {}) {
    this.baseUrl = baseUrl.replace(/\/$/, '');
    this.#keys = keys;
  }

  /** An instance id or counter key that no other run or case uses. */
  id(name: string): string {
    return `c${this.#run}-${name}`;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.baseUrl}${path}`, { redirect: 'manual', ...init });
  }

  async json<T = Record<string, unknown>>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await this.fetch(path, init);
    return (await response.json()) as T;
  }

  /** A GET of exactly this path: `fetch` would resolve dot segments before sending it. */
  asWritten(path: string): Promise<{ status: number; text: string }> {
    const { protocol, hostname, port } = new URL(this.baseUrl);
    const send = protocol === 'https:' ? httpsRequest : httpRequest;
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const request = send({ hostname, port, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.once('error', reject);
    });
    request.once('error', reject);
    request.end();
    return promise;
  }

  admin(path: string, body?: unknown, method = 'POST'): Promise<Response> {
    const headers = new Headers({ 'content-type': 'application/json' });
    if (this.#keys.master) headers.set('x-functions-key', this.#keys.master);
    return this.fetch(`/admin${path}`, { method, headers, body: jsonText(body) ?? null });
  }

  /** A call of the durable extension's own HTTP API. A string body is sent as it is. */
  durable(method: string, path: string, body?: unknown, more: Record<string, string> = {}) {
    const url = new URL(`${this.baseUrl}/runtime/webhooks/durabletask${path}`);
    if (this.#keys.system) url.searchParams.set('code', this.#keys.system);
    const text = jsonText(body);
    const json = { 'content-type': 'application/json' };
    const headers: Record<string, string> = { ...(text === undefined ? {} : json), ...more };
    return fetch(url, { method, headers, body: text ?? null, redirect: 'manual' });
  }

  /** Starts an orchestration under an id of its own and gives that id. */
  async start(orchestration: string, input: unknown = {}, id = this.id(randomUUID())) {
    const body = JSON.stringify(input);
    const response = await this.durable('POST', `/orchestrators/${orchestration}/${id}`, body);
    const text = await response.text();
    if (response.status !== 202) throw new Error(`start answers ${response.status}: ${text}`);
    return id;
  }

  async status(id: string, query = ''): Promise<InstanceStatus> {
    const response = await this.durable('GET', `/instances/${id}${query}`);
    if (response.status === 404) throw new Error(`there is no instance ${id}`);
    return (await response.json()) as InstanceStatus;
  }

  /** Waits until the status is as wanted. */
  async until(id: string, wanted: (status: InstanceStatus) => boolean): Promise<InstanceStatus> {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const status = await this.status(id);
      if (wanted(status)) return status;
      if (Date.now() > end) throw new Error(`${id} stays ${JSON.stringify(status)}`);
      await sleep(60);
    }
  }

  finished(id: string): Promise<InstanceStatus> {
    return this.until(id, ({ runtimeStatus }) => FINISHED.includes(runtimeStatus));
  }

  async run(orchestration: string, input: unknown = {}): Promise<InstanceStatus> {
    return this.finished(await this.start(orchestration, input));
  }

  /** Gives something that must not happen the time to happen, and returns the status then. */
  async stillAfter(id: string, ms: number): Promise<InstanceStatus> {
    await sleep(ms);
    return this.status(id);
  }

  raise(id: string, event: string, payload: unknown): Promise<Response> {
    return this.durable('POST', `/instances/${id}/raiseEvent/${event}`, JSON.stringify(payload));
  }

  act(id: string, verb: string, reason?: string): Promise<Response> {
    const query = reason === undefined ? '' : `?reason=${encodeURIComponent(reason)}`;
    return this.durable('POST', `/instances/${id}/${verb}${query}`);
  }

  async counter(key: string): Promise<number> {
    return (await this.json<{ value: number }>(`/api/counters/${key}`)).value;
  }
}

function jsonText(body: unknown): string | undefined {
  return typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
}
