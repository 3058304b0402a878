import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import type { JsonDefect } from '../json/parse-json.ts';
import { badPage } from './bad-page.ts';
import type { AnswerBody, GraphAnswer } from './graph-answer.ts';
import type { GraphPage, GraphRequest } from './graph-request.ts';
import { checkLink } from './link-guard.ts';
import { isTooLarge, maximumObjectBytes, sortItems } from './page-items.ts';

/** Largest page, in bytes of JSON text. */
export const maximumPageBytes = 32 * 1024 * 1024;

export interface PageContext {
  readonly request: GraphRequest;
  readonly origin: string;
  /** The link this page was read with. */
  readonly link?: string | undefined;
  readonly startedAt: Date;
}

/**
 * The page of a list or of a delta round. Anything that is not exactly one - no `value`, `value` no
 * list, both links, a round without a link, a link to itself - is a graphBadAnswer, never an empty
 * page. Links that lead elsewhere are graphLinkRefused.
 */
export function readPage(answer: GraphAnswer, context: PageContext): GraphPage {
  const body = requiredObject(answer);
  const envelope = body.object;
  const value = envelope['value'];
  if (!Array.isArray(value)) throw badPage('the answer has no list of values', 'value');
  const links = readLinks(envelope, context);
  const needsId = context.request.itemsWithoutId !== true;
  const count = readCount(envelope['@odata.count']);
  return {
    ...sortItems(value, body.defects, body.size, needsId),
    ...links,
    startedAt: context.startedAt,
    ...(count === undefined ? {} : { count }),
  };
}

/** A single object; throws graphBadAnswer for anything else, and when it must not be stored. */
export function readObject(answer: GraphAnswer): JsonObject {
  const body = requiredObject(answer);
  const [defect] = body.defects;
  if (defect !== undefined) throw badPage('the object has a defect', defect.kind);
  // An item of a batch shares its limit with the others.
  if (body.size > maximumObjectBytes && isTooLarge(body.object)) {
    throw badPage('the object is too large', 'tooLarge');
  }
  return body.object;
}

function requiredObject(answer: GraphAnswer): {
  object: JsonObject;
  defects: readonly JsonDefect[];
  size: number;
} {
  const body: AnswerBody | undefined = answer.body();
  if (body === undefined) throw badPage('the answer is empty', 'empty');
  if (!isJsonObject(body.value)) throw badPage('the answer is not an object', 'shape');
  return { object: body.value, defects: body.defects, size: body.size };
}

/** The links of a page, checked; throws graphBadAnswer and graphLinkRefused. */
export function readLinks(
  envelope: JsonObject,
  context: PageContext,
): { nextLink?: string; deltaLink?: string } {
  const nextLink = readLink(envelope['@odata.nextLink'], context);
  const deltaLink = readLink(envelope['@odata.deltaLink'], context);
  if (nextLink !== undefined && deltaLink !== undefined) {
    throw badPage('the page has a next link and a delta link', 'links');
  }
  const isRound = /\/delta(\(\))?$/i.test(context.request.path);
  if (isRound && nextLink === undefined && deltaLink === undefined) {
    throw badPage('the page of a delta round has no link', 'links');
  }
  if (nextLink !== undefined && nextLink === context.link) {
    throw badPage('the page leads to itself', 'linkLoop');
  }
  return {
    ...(nextLink === undefined ? {} : { nextLink }),
    ...(deltaLink === undefined ? {} : { deltaLink }),
  };
}

function readLink(value: JsonValue | undefined, context: PageContext): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badPage('a link of the page is not a text', 'links');
  checkLink(value, context.request, context.origin);
  return value;
}

function readCount(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
