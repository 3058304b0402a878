import { type IdentityMap, mentionedIds, rewriteIds } from '../compare/rewrite-ids.ts';
import { BackupError } from '../errors/backup-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';
import type { PlanStep, StepRequest } from './plan-step.ts';

/**
 * A plan cannot know the ids of objects it creates, passwords, or the address of Graph. Its requests
 * hold the old ids, no password, and `{graph}` at the start of reference URLs; this fills them in
 * right before the write. The filled request is never stored.
 */
export interface FillValues {
  /** Old id -> id now, for every object that was created again. */
  readonly identity: IdentityMap;
  /** Address of Graph without a slash at the end. */
  readonly graphUrl: string;
  /** Value of the step's secret, when it has one. */
  readonly secret?: string;
}

const placeholder = '{graph}/';

/** URL of a directory object as `@odata.id` and `@odata.bind` want it. */
export function referenceUrl(id: string): string {
  return `${placeholder}v1.0/directoryObjects/${id}`;
}

/** The ids of `created` that the request mentions: they must exist again before the write. */
export function neededIds(request: StepRequest, created: ReadonlySet<string>): string[] {
  const mentioned = mentionedIds([request.path, request.body ?? null]);
  return [...mentioned].filter((id) => created.has(id)).sort();
}

/** The request with current ids, the address of Graph and the secret in place. */
export function fillRequest(step: PlanStep, values: FillValues): StepRequest {
  const { request } = step;
  const path = rewriteIds(request.path, values.identity);
  if (typeof path !== 'string') throw new BackupError('invalidState', 'a path became no text');
  if (request.body === undefined) return { ...request, path };
  let body = rewriteIds(request.body, values.identity);
  if (step.kind === 'addLinks' || step.kind === 'setLink') body = fillUrls(body, values.graphUrl);
  if (step.secret !== undefined) body = withSecret(body, values.secret);
  return { ...request, path, body };
}

/** Only for bodies that hold nothing but our own reference URLs. */
function fillUrls(value: JsonValue, graphUrl: string): JsonValue {
  if (typeof value === 'string') {
    return value.startsWith(placeholder) ? `${graphUrl}/${value.slice(placeholder.length)}` : value;
  }
  if (Array.isArray(value)) return value.map((item) => fillUrls(item, graphUrl));
  if (!isJsonObject(value)) return value;
  const copy = emptyObject();
  for (const [name, member] of Object.entries(value)) copy[name] = fillUrls(member, graphUrl);
  return copy;
}

/** Passwords stand at one known place of a creation, whatever the object's own texts say. */
function withSecret(body: JsonValue, secret: string | undefined): JsonValue {
  if (secret === undefined || !isJsonObject(body)) {
    throw new BackupError('invalidState', 'the secret of a step is missing');
  }
  const profile: JsonObject = emptyObject();
  const planned = body['passwordProfile'];
  if (isJsonObject(planned)) Object.assign(profile, planned);
  profile['password'] = secret;
  return Object.assign(emptyObject(), body, { passwordProfile: profile });
}
