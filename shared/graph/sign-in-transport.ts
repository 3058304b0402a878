import type { ClientSecretCredentialOptions } from '@azure/identity';
import type { Dispatcher } from 'undici';
import { exchange } from './http-exchange.ts';

type HttpClient = NonNullable<ClientSecretCredentialOptions['httpClient']>;
type PipelineRequest = Parameters<HttpClient['sendRequest']>[0];
type PipelineResponse = Awaited<ReturnType<HttpClient['sendRequest']>>;
type HttpHeaders = PipelineResponse['headers'];

const maximumBytes = 1024 * 1024;
const timeoutMs = 30_000;

/**
 * Sends the requests of @azure/identity over our connections, so that proxy, trust and limits are
 * the same for sign-in and for Graph.
 */
export class SignInTransport implements HttpClient {
  /** The library keeps only the text of a network error; its code is in here. */
  lastFailure: unknown;
  /** The AADSTS code of the newest refusal: for some the library says only that it failed. */
  lastRefusal: string | undefined;
  private readonly dispatcher: Dispatcher;

  constructor(dispatcher: Dispatcher) {
    this.dispatcher = dispatcher;
  }

  async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
    const url = new URL(request.url);
    try {
      const reply = await exchange(this.dispatcher, {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method === 'POST' ? 'POST' : 'GET',
        headers: request.headers.toJSON(),
        ...(typeof request.body === 'string' ? { body: request.body } : {}),
        maximumBytes,
        timeoutMs,
      });
      const bodyAsText = reply.body.toString('utf8');
      if (reply.status >= 400) this.lastRefusal = /AADSTS\d{4,8}/.exec(bodyAsText)?.[0];
      return {
        request,
        status: reply.status,
        headers: new ReplyHeaders(reply.headers),
        bodyAsText,
      };
    } catch (failure) {
      this.lastFailure = failure;
      throw failure;
    }
  }
}

class ReplyHeaders implements HttpHeaders {
  private readonly values: Map<string, string>;

  constructor(headers: Readonly<Record<string, string>>) {
    this.values = new Map(Object.entries(headers));
    // The body has been decompressed and joined.
    this.values.delete('content-encoding');
    this.values.delete('content-length');
  }

  get(name: string): string | undefined {
    return this.values.get(name.toLowerCase());
  }

  has(name: string): boolean {
    return this.values.has(name.toLowerCase());
  }

  set(name: string, value: string | number | boolean): void {
    this.values.set(name.toLowerCase(), String(value));
  }

  delete(name: string): void {
    this.values.delete(name.toLowerCase());
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.values);
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.values[Symbol.iterator]();
  }
}
