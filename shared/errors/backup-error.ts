import { type ErrorCode, errorCatalog } from './catalog.ts';

/** What an error may carry: ids, counts, names of settings; never secrets or personal data. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * The only error class of the product. `code` is a row of the catalogue; `message` is lower-case,
 * specific and names the thing; the hint of the catalogue tells what to do.
 */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: ErrorDetails } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get hint(): string {
    return errorCatalog[this.code].hint;
  }
}

/** True when `error` is a BackupError, with one of `codes` when any are given. */
export function isBackupError(error: unknown, ...codes: ErrorCode[]): error is BackupError {
  return error instanceof BackupError && (codes.length === 0 || codes.includes(error.code));
}
