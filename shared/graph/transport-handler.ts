import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import type { Dispatcher } from 'undici';
import { BackupError } from '../errors/backup-error.ts';
import { callOf } from './call-of.ts';
import { answerOf } from './graph-answer.ts';
import type { GraphCall } from './graph-call.ts';
import { exchange, type HttpReply } from './http-exchange.ts';

export interface TransportParts {
  readonly dispatcher: Dispatcher;
  /** `https://graph.microsoft.com`, without a slash at the end. */
  readonly origin: string;
  /** Each try, in milliseconds. */
  readonly tryTimeoutMs: number;
}

/**
 * Last of the chain, in place of the Graph client's fetch: pooled connections, byte limits, a
 * deadline, no redirects. The answer stays with the call; the Response for the Graph client only
 * carries the status.
 */
export class TransportHandler implements Middleware {
  private readonly parts: TransportParts;

  constructor(parts: TransportParts) {
    this.parts = parts;
  }

  async execute(context: Context): Promise<void> {
    const call = callOf(context);
    const reply = await this.send(context, call);
    call.statistics.add({ bytes: reply.bytesReceived });
    call.answer = answerOf(reply);
    context.response = new Response(null, { status: Math.max(200, Math.min(reply.status, 599)) });
  }

  private send(context: Context, call: GraphCall): Promise<HttpReply> {
    const { origin } = this.parts;
    const url: unknown = context.request;
    // The last line of defence: the header with the token is in `context.options` by now.
    if (typeof url !== 'string' || !url.startsWith(`${origin}/`)) {
      throw new BackupError('graphLinkRefused', 'a request would have left for another host');
    }
    const { signal } = call.plan.options;
    const body = context.options?.body;
    return exchange(this.parts.dispatcher, {
      origin,
      path: url.slice(origin.length),
      method: call.plan.method,
      headers: {
        ...(context.options?.headers as Record<string, string> | undefined),
        'client-request-id': call.clientRequestId,
      },
      ...(typeof body === 'string' ? { body } : {}),
      maximumBytes: call.plan.maximumBytes,
      timeoutMs: call.plan.options.tryTimeoutMs ?? this.parts.tryTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}
