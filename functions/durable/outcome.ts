import { BackupError } from '../../shared/errors/backup-error.ts';
import { errorCatalog } from '../../shared/errors/catalog.ts';

/** Expected trouble of an activity, told to the orchestration as data. */
export interface Refusal {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  /** never: the job ends; later, now: the same step may succeed after a pause. */
  readonly retry: 'never' | 'later' | 'now';
}

export type Outcome<Value extends object> = ({ readonly ok: true } & Value) | Refusal;

/** Runs the work of an activity; a catalogue error becomes a refusal, anything else is a bug. */
export async function outcomeOf<Value extends object>(
  work: () => Promise<Value>,
): Promise<Outcome<Value>> {
  try {
    return { ok: true, ...(await work()) };
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    const { code, message } = error;
    return { ok: false, code, message, retry: retryOf(error) };
  }
}

function retryOf(error: BackupError): Refusal['retry'] {
  if (error.details['final'] === true) return 'never';
  // another worker has taken over: the next slice finds out where things stand
  return error.code === 'fenced' ? 'now' : errorCatalog[error.code].retry;
}
