import { BackupError } from '../../shared/errors/backup-error.ts';
import { errorCatalog } from '../../shared/errors/catalog.ts';
import type { Reply } from './route-definition.ts';

const RETRY_SECONDS = 10;

/** Problems of one request; the first one decides code and target. */
export interface Problem {
  readonly code:
    | 'invalidParameter'
    | 'unknownParameter'
    | 'invalidSelection'
    | 'ambiguousSelection';
  readonly message: string;
  readonly target: string;
}

/** A request with one or several wrong parameters. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
  readonly problems: readonly [Problem, ...Problem[]];

  constructor(problems: readonly [Problem, ...Problem[]]) {
    super('the request is invalid');
    this.problems = problems;
  }
}

/** The answer to any error in the shape of Azure APIs. */
export function errorReply(error: unknown): Reply {
  if (error instanceof InvalidRequest) return invalidReply(error.problems);
  const known =
    error instanceof BackupError
      ? error
      : new BackupError('internalError', 'the request failed for an unexpected reason');
  const row = errorCatalog[known.code];
  const { target, retryAfterMs, token, ...details } = known.details;
  return {
    status: row.status,
    headers: {
      'x-ms-error-code': known.code,
      ...retryHeader(row, retryAfterMs),
      ...challenge(known.code, token),
    },
    body: {
      error: {
        code: known.code,
        message: known.message,
        ...(target === undefined ? {} : { target: String(target) }),
        innererror: { hint: row.hint, ...details },
      },
    },
  };
}

/** RFC 6750: the error is named only when a token was sent. */
function challenge(code: string, token: unknown): Record<string, string> {
  if (code !== 'invalidToken') return {};
  const error = token === 'missing' ? '' : ', error="invalid_token"';
  return { 'www-authenticate': `Bearer realm="entra-backup"${error}` };
}

function retryHeader(
  row: { readonly status: number; readonly retry: string },
  retryAfterMs: unknown,
): Record<string, string> {
  if (row.retry === 'never' || row.status < 409) return {};
  const seconds = typeof retryAfterMs === 'number' ? Math.ceil(retryAfterMs / 1000) : RETRY_SECONDS;
  return { 'retry-after': String(seconds) };
}

function invalidReply(problems: readonly [Problem, ...Problem[]]): Reply {
  const [first] = problems;
  return {
    status: errorCatalog[first.code].status,
    headers: { 'x-ms-error-code': first.code },
    body: {
      error: {
        code: first.code,
        message: `${first.target} ${first.message}`,
        target: first.target,
        ...(problems.length === 1 ? {} : { details: problems }),
        innererror: { hint: errorCatalog[first.code].hint },
      },
    },
  };
}
