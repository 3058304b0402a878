import { BackupError } from '../../shared/errors/backup-error.ts';

/**
 * Checks If-Match and If-None-Match of a write against the ETag of what is there now (undefined when
 * nothing is). Throws `preconditionRequired` when something is there and neither was sent, `etagMismatch`
 * when they do not hold.
 */
export function checkPrecondition(
  header: (name: string) => string | undefined,
  current: string | undefined,
): void {
  const match = header('if-match');
  const noneMatch = header('if-none-match');
  if (noneMatch !== undefined && (current !== undefined || noneMatch.trim() !== '*')) {
    throw new BackupError('etagMismatch', 'the resource exists');
  }
  if (match !== undefined && !tagsOf(match).some((tag) => matches(tag, current))) {
    throw new BackupError('etagMismatch', 'the resource is not the one that was read');
  }
  if (current !== undefined && match === undefined) {
    throw new BackupError('preconditionRequired', 'the header if-match is missing');
  }
}

function tagsOf(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}

function matches(tag: string, current: string | undefined): boolean {
  return current !== undefined && (tag === '*' || tag === current);
}
