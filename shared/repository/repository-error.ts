import { BackupError } from '../errors/backup-error.ts';

const conflicts = new Set(['40001', '40P01']);
const UNIQUE_VIOLATION = '23505';
const outages = new Set([
  '08000',
  '08003',
  '08006',
  '25006',
  '25P03',
  '25P04',
  '53100',
  '53200',
  '53300',
  '55P03',
  '57014',
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
]);
const lost =
  /connection terminated|timeout exceeded when trying to connect|client has encountered|client was closed/i;

/**
 * Another transaction has inserted the same link (`openLinks` takes no `on conflict`): repeated, it is
 * found. A unique violation of any other table is a mistake of ours.
 */
function isTwinLink(error: Error): boolean {
  return 'constraint' in error && error.constraint === 'link_pkey';
}

/**
 * Turns what `pg` throws into a catalogue error where the caller can act on it: conflicts are
 * repeated, outages are waited for. Anything else is a mistake of ours and stays as it is.
 * SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function toRepositoryError(error: unknown): unknown {
  if (error instanceof BackupError || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (conflicts.has(code) || (code === UNIQUE_VIOLATION && isTwinLink(error))) {
    return new BackupError('repositoryConflict', `transaction conflict ${code}`, { cause: error });
  }
  if (outages.has(code) || lost.test(error.message)) {
    const what = code === '' ? 'connection lost' : code;
    return new BackupError('repositoryUnavailable', `postgresql is not available: ${what}`, {
      cause: error,
      details: { component: 'repository', requirement: 'R-P-3' },
    });
  }
  return error;
}
