import { BackupError } from '../errors/backup-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import type { JsonDefect } from '../json/parse-json.ts';
import { writeJson } from '../json/write-json.ts';
import type { AnswerBody, GraphAnswer } from './graph-answer.ts';
import { type GraphRequest, relativeUrl } from './graph-request.ts';

export interface BatchItem {
  /** Unique within its batch. */
  readonly id: string;
  readonly request: GraphRequest;
}

/** Body of `POST /$batch`; headers that an item needs stand with the item. */
export function batchBody(items: readonly BatchItem[], priority: string): string {
  const requests = items.map(({ id, request }) => ({
    id,
    method: 'GET',
    url: relativeUrl(request),
    headers: { accept: 'application/json', 'x-ms-throttle-priority': priority, ...request.headers },
  }));
  return writeJson({ requests });
}

/**
 * The answers of a batch by item id, in whatever order they came; an item without one is absent.
 * Throws graphBadAnswer for what is no batch, for answers nobody asked for and for two of one item.
 */
export function readBatch(
  answer: GraphAnswer,
  items: readonly BatchItem[],
): Map<string, GraphAnswer> {
  const body = answer.body();
  const responses = isJsonObject(body?.value) ? body.value['responses'] : undefined;
  if (body === undefined || !Array.isArray(responses)) throw badBatch('has no responses');
  const asked = new Set(items.map((item) => item.id));
  const answers = new Map<string, GraphAnswer>();
  responses.forEach((response, index) => {
    const { id, answer: one } = readResponse(response, defectsOf(body, index), body.size);
    if (!asked.has(id) || answers.has(id)) throw badBatch('answers an item nobody asked for');
    answers.set(id, one);
  });
  return answers;
}

function readResponse(
  response: JsonValue,
  defects: readonly JsonDefect[],
  size: number,
): { readonly id: string; readonly answer: GraphAnswer } {
  if (!isJsonObject(response)) throw badBatch('has an answer that is not an object');
  const { id, status, body } = response;
  if (typeof id !== 'string' || typeof status !== 'number') {
    throw badBatch('has an answer without id or status');
  }
  const headers = lowerCaseHeaders(response['headers']);
  return { id, answer: { status, headers, body: () => itemBody(body, defects, size) } };
}

function itemBody(
  value: JsonValue | undefined,
  defects: readonly JsonDefect[],
  size: number,
): AnswerBody | undefined {
  if (value === undefined || value === null) return undefined;
  // Content that is not JSON comes as text: an error page of a gateway.
  if (typeof value === 'string') throw badBatch('has an item that is not json');
  return { value, defects, size };
}

/** Defects inside the body of one answer, with paths that start at that body. */
function defectsOf(body: AnswerBody, index: number): JsonDefect[] {
  return body.defects
    .filter(({ path }) => path[0] === 'responses' && path[1] === index)
    .map(({ kind, path }) => {
      if (path[2] !== 'body') throw badBatch('has a defect outside the bodies');
      return { kind, path: path.slice(3) };
    });
}

function lowerCaseHeaders(value: JsonValue | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  if (!isJsonObject(value)) return headers;
  for (const [name, text] of Object.entries(value as JsonObject)) {
    if (typeof text === 'string' || typeof text === 'number') {
      headers[name.toLowerCase()] = String(text);
    }
  }
  return headers;
}

function badBatch(what: string): BackupError {
  return new BackupError('graphBadAnswer', `the answer of the batch ${what}`, {
    details: { defect: 'batch' },
  });
}
