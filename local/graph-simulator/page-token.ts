// Opaque tokens of next and delta links. They are signed with a key of this process: a changed
// token, or one of an earlier process, is not understood, exactly as the service treats them.
import { createHash, createHmac, randomBytes } from 'node:crypto';

const key = randomBytes(32);

function sign(text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, 22);
}

export function sealToken(content: object): string {
  const text = Buffer.from(JSON.stringify(content)).toString('base64url');
  return `${text}.${sign(text)}`;
}

/** The content, undefined when the token is not one of ours. */
export function openToken(token: string): object | undefined {
  const [text, signature, rest] = token.split('.');
  if (text === undefined || signature !== sign(text) || rest !== undefined) {
    return undefined;
  }
  const content: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
  return typeof content === 'object' && content !== null ? content : undefined;
}

/** Fingerprint of path and options: a token only works with the query it was made for. */
export function queryFingerprint(path: string, query: ReadonlyMap<string, string>): string {
  const parts = [...query]
    .filter(([name]) => name !== '$skiptoken')
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  return createHash('sha256')
    .update(JSON.stringify([path, parts]))
    .digest('base64url')
    .slice(0, 16);
}
