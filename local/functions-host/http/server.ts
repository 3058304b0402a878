// The HTTP side of the host: listens on the loopback address, reads requests whole and sends
// answers whole. Routes, the app's functions and the durable API are handlers that are given to it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HostError } from '../host-error.ts';
import type { Logger } from '../log.ts';
import {
  BodyTooLargeError,
  type HostRequest,
  type HostResponse,
  readRequest,
  sendResponse,
} from './exchange.ts';
import { BadRequestError } from './request-target.ts';

/** Answers one request; the host sets it when the app has been loaded. */
export type RequestHandler = (request: HostRequest) => HostResponse | Promise<HostResponse>;

/** The host's HTTP listener on the loopback address. Before a handler is set it answers 503. */
export class HttpServer {
  readonly #server: Server;
  readonly #logger: Logger;
  readonly #bodyLimit: number;
  #handler: RequestHandler = () => ({ status: 503 });

  /** @param bodyLimit largest request body in bytes */
  constructor(logger: Logger, bodyLimit: number) {
    this.#logger = logger;
    this.#bodyLimit = bodyLimit;
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  /**
   * Starts listening and returns the port.
   * @throws HostError when the port is taken
   */
  listen(port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once('error', (cause) => {
      reject(new HostError(`cannot listen on port ${port}: ${cause.message}`, { cause }));
    });
    this.#server.listen(port, '127.0.0.1', () => {
      resolve((this.#server.address() as AddressInfo).port);
    });
    return promise;
  }

  setHandler(handler: RequestHandler): void {
    this.#handler = handler;
  }

  /** Stops listening and waits for the answers under way. */
  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeIdleConnections();
    return promise;
  }

  /** Cuts what is still connected. */
  closeConnections(): void {
    this.#server.closeAllConnections();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const request = await readRequest(incoming, this.#bodyLimit);
      sendResponse(outgoing, await this.#handler(request));
    } catch (error) {
      // Nobody is there any more to answer to.
      if (outgoing.destroyed) return;
      const refusal = refusalStatus(error);
      if (refusal !== undefined) {
        outgoing.setHeader('connection', 'close');
        sendResponse(outgoing, { status: refusal });
        return;
      }
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#logger.write('error', 'Host.Http', text);
      if (!outgoing.headersSent) sendResponse(outgoing, { status: 500 });
      else outgoing.destroy();
    }
  }
}

/** The status for a request that is itself at fault. */
function refusalStatus(error: unknown): number | undefined {
  if (error instanceof BodyTooLargeError) return 413;
  return error instanceof BadRequestError ? 400 : undefined;
}
