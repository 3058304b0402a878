import { BackupError, type ErrorDetails } from '../errors/backup-error.ts';
import type { ErrorCode } from '../errors/catalog.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import type { GraphAnswer } from './graph-answer.ts';

/** The parts of a Graph error body (https://learn.microsoft.com/graph/errors). */
interface GraphErrorBody {
  readonly code: string;
  readonly message: string;
  /** Innermost code of `innerError`, or of the first detail. */
  readonly innerCode: string | undefined;
  readonly target: string | undefined;
}

const cursorCodes = names(`syncStateNotFound resyncRequired resyncChangesApplyDifferences
  resyncChangesUploadDifferences syncStateInvalid`);
const pageTokenCodes = names(`Directory_ExpiredPageToken DirectoryPageTokenNotFoundException
  Directory_InvalidPageToken`);
const licenceCodes = names(`Authentication_RequestFromNonPremiumTenantOrB2CTenant
  Authentication_RequestFromUnsupportedUserRole AadPremiumLicenseRequired`);

/**
 * The BackupError of a refusal (status 4xx or 5xx). graphBadAnswer when the body is not a Graph
 * error: a gateway's 404 page says nothing about the object. The message of Graph is read but not
 * kept, because it may name people; details hold status, innerCode, target, reason, permission,
 * requestId and clientRequestId.
 */
export function graphErrorOf(
  answer: GraphAnswer,
  context: { readonly path: string; readonly clientRequestId: string },
): BackupError {
  const body = readErrorBody(answer);
  const details = detailsOf(answer, body, context.clientRequestId);
  if (body === undefined) {
    return new BackupError(
      'graphBadAnswer',
      `graph answered ${answer.status} without a graph error`,
      { details: { ...details, defect: 'errorBody' } },
    );
  }
  const code = codeOf(answer.status, body, context.path);
  return new BackupError(code, `graph answered ${answer.status} ${body.code}`, { details });
}

function codeOf(status: number, body: GraphErrorBody, path: string): ErrorCode {
  return codeOfToken(status, body, path) ?? codeOfStatus(status, body);
}

/** Delta and page tokens that Graph no longer accepts. */
function codeOfToken(status: number, body: GraphErrorBody, path: string): ErrorCode | undefined {
  const codes = lowerCodes(body);
  if (codes.some((code) => cursorCodes.has(code))) return 'graphCursorExpired';
  if (codes.some((code) => pageTokenCodes.has(code))) return 'graphPageTokenExpired';
  if (status === 410) return isDelta(path) ? 'graphCursorExpired' : 'graphPageTokenExpired';
  return /skip ?token/i.test(body.message) ? 'graphPageTokenExpired' : undefined;
}

function codeOfStatus(status: number, body: GraphErrorBody): ErrorCode {
  if (status === 403) {
    return isLicence(lowerCodes(body), body.message) ? 'graphNotLicensed' : 'graphForbidden';
  }
  const known = codeByStatus[status];
  if (known !== undefined) return known;
  if (status >= 500) return 'graphUnavailable';
  return reasonOf(body) === undefined ? 'graphBadRequest' : 'graphConflict';
}

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'graphUnauthorized',
  404: 'graphNotFound',
  409: 'graphConflict',
  412: 'graphConflict',
  423: 'graphConflict',
  429: 'graphThrottled',
};

function lowerCodes(body: GraphErrorBody): string[] {
  return [body.code, body.innerCode ?? ''].map((code) => code.toLowerCase());
}

function isDelta(path: string): boolean {
  return /\/delta(\(\))?$/i.test(path);
}

function isLicence(codes: readonly string[], message: string): boolean {
  return codes.some((code) => licenceCodes.has(code)) || /premium licen[sc]e/i.test(message);
}

/** Refusals of writes that Graph tells apart only in its English message. */
function reasonOf(body: GraphErrorBody): string | undefined {
  const text = body.message;
  if (/added object references already exist/i.test(text)) return 'linkExists';
  if (body.innerCode === 'ObjectConflict' || /already exists/i.test(text)) return 'valueTaken';
  if (/quota/i.test(body.code)) return 'quotaExceeded';
  return undefined;
}

function detailsOf(
  answer: GraphAnswer,
  body: GraphErrorBody | undefined,
  clientRequestId: string,
): ErrorDetails {
  const details: Record<string, string | number | undefined> = {
    status: answer.status,
    innerCode: body === undefined ? undefined : (body.innerCode ?? body.code),
    target: body?.target,
    reason: body === undefined ? undefined : reasonOf(body),
    permission: body === undefined ? undefined : permissionIn(body.message),
    requestId: headerId(answer.headers['request-id']),
    clientRequestId,
  };
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
}

/** Newer messages name what is missing: `... One of: 'Policy.Read.All'`. */
function permissionIn(message: string): string | undefined {
  return /\b[A-Z][A-Za-z]+(?:-[A-Za-z]+)?\.(?:Read|ReadWrite)(?:\.[A-Za-z]+)*\b/.exec(message)?.[0];
}

function readErrorBody(answer: GraphAnswer): GraphErrorBody | undefined {
  const value = bodyValue(answer);
  const error = isJsonObject(value) ? value['error'] : undefined;
  if (!isJsonObject(error)) return undefined;
  const code = error['code'];
  if (typeof code !== 'string' || code === '') return undefined;
  // What a gateway says on behalf of a service that did not answer properly.
  if (answer.status === 404 && code === 'UnknownError') return undefined;
  const detail = firstDetail(error);
  return {
    code: identifier(code) ?? 'unreadableCode',
    message: typeof error['message'] === 'string' ? error['message'] : '',
    innerCode: innermostCode(error) ?? identifier(detail?.['code']),
    target: identifier(error['target']) ?? identifier(detail?.['target']),
  };
}

function bodyValue(answer: GraphAnswer): JsonValue | undefined {
  try {
    return answer.body()?.value;
  } catch (error) {
    if (error instanceof BackupError) return undefined;
    throw error;
  }
}

function innermostCode(error: JsonObject): string | undefined {
  let code: string | undefined;
  let inner: JsonValue | undefined = error['innerError'] ?? error['innererror'];
  while (isJsonObject(inner)) {
    code = identifier(inner['code']) ?? code;
    inner = inner['innerError'] ?? inner['innererror'];
  }
  return code;
}

function firstDetail(error: JsonObject): JsonObject | undefined {
  const details = error['details'];
  const first = Array.isArray(details) ? details[0] : undefined;
  return isJsonObject(first) ? first : undefined;
}

/** Codes and property names only: nothing that could be a value of somebody's object. */
function identifier(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9_.]{1,100}$/.test(value) ? value : undefined;
}

function headerId(value: string | undefined): string | undefined {
  return value !== undefined && /^[0-9A-Za-z-]{1,64}$/.test(value) ? value : undefined;
}

function names(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().trim().split(/\s+/));
}
