// One http request to sign-in: the fault plan, the service, then the wire.
import type { GraphCall } from './graph-endpoint.ts';
import type { SignIn } from './sign-in/sign-in.ts';
import type { SimulatorReply } from './types.ts';
import { renderReply, send } from './wire.ts';

const headers = { 'content-type': 'application/json; charset=utf-8' };

/** False when the request is not for sign-in; then nothing was answered. */
export async function answerSignIn(call: GraphCall, signIn: SignIn): Promise<boolean> {
  const { message, response, incoming, parts } = call;
  const path = incoming.url.split('?')[0] ?? '/';
  const answered = await signIn.handle({ ...incoming, path });
  if (answered === undefined) {
    return false;
  }
  const fault = parts.decideFault({ ...incoming, version: 'v1.0', path }, undefined, undefined);
  const reply: SimulatorReply = fault?.reply ?? {
    status: answered.status,
    headers: answered.headers,
    body: answered.body as Record<string, never>,
  };
  const sent = fault?.rewrite?.(reply) ?? reply;
  const rendered = renderReply(sent);
  const contentType = sent.text?.contentType ?? headers['content-type'];
  await send(message, response, sent, { ...rendered, contentType }, fault?.wire);
  return true;
}
