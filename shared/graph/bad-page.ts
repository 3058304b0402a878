import { BackupError } from '../errors/backup-error.ts';

/** What a page is not: `defect` is a word for it, never text of the answer. */
export function badPage(message: string, defect: string): BackupError {
  return new BackupError('graphBadAnswer', message, { details: { defect } });
}
