// One http request to Graph: version prefix, batch or single request, then the wire.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerBatch } from './batch.ts';
import { failureReply, GraphFailure } from './errors.ts';
import { type Answered, answer, type PipelineParts } from './pipeline.ts';
import type { SimulatorRequest } from './types.ts';
import { bodyLength, renderReply, send } from './wire.ts';

type Incoming = Omit<SimulatorRequest, 'version' | 'path'>;

export type GraphCall = {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly incoming: Incoming;
  readonly parts: PipelineParts;
};

export async function answerGraph(call: GraphCall): Promise<void> {
  const answered = answerIncoming(call.incoming, call.parts);
  const rendered = renderReply(answered.reply);
  answered.settle(answered.reply.status, bodyLength(rendered));
  await send(call.message, call.response, answered.reply, rendered, answered.fault?.wire);
}

function answerIncoming(incoming: Incoming, parts: PipelineParts): Answered {
  const parsed = parsePath(incoming.url);
  if (parsed === undefined) {
    return invalid(incoming, parts);
  }
  const request: SimulatorRequest = { ...incoming, ...parsed };
  return /^\/\$batch$/i.test(parsed.path) ? answerBatch(request, parts) : answer(request, parts);
}

type ParsedPath = { readonly version: 'v1.0' | 'beta'; readonly path: string };

/** Undefined when there is no version or the path cannot be decoded. */
export function parsePath(url: string): ParsedPath | undefined {
  const path = url.split('?')[0] ?? '';
  const match = /^\/(v1\.0|beta)(\/.*)?$/i.exec(path);
  const version = match?.[1]?.toLowerCase();
  if (version !== 'v1.0' && version !== 'beta') {
    return undefined;
  }
  try {
    return { version, path: decodeURIComponent(match?.[2] ?? '/').replace(/(.)\/+$/, '$1') };
  } catch {
    return undefined;
  }
}

function invalid(incoming: Incoming, parts: PipelineParts): Answered {
  const failure = new GraphFailure(400, 'BadRequest', 'Invalid version or request URI.');
  const reply = failureReply(incoming, failure);
  return {
    reply: { ...reply, headers: { 'request-id': incoming.id, ...reply.headers } },
    fault: undefined,
    caller: undefined,
    settle: (status, bytes) =>
      parts.record({
        at: incoming.receivedAt,
        requestId: incoming.id,
        method: incoming.method,
        url: incoming.url,
        status,
        applied: false,
        resourceUnits: 0,
        bytes,
      }),
  };
}
