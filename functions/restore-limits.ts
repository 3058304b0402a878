import {
  type ApplyContext,
  defaultRestoreLimits,
  type RestoreLimits,
} from '../shared/restore/steps/step-context.ts';

let limits: RestoreLimits = defaultRestoreLimits;
let reached: ApplyContext['failpoint'] = async () => undefined;

export function restoreLimits(): RestoreLimits {
  return limits;
}

/** Named instants of a restore at which tests stop the process. */
export async function failpoint(name: string): Promise<void> {
  await reached(name);
}

/** Other waits and failpoints for the rest of the process; for tests that drive activities. */
export function useRestoreLimits(
  changed: Partial<RestoreLimits>,
  onFailpoint: ApplyContext['failpoint'] = async () => undefined,
): void {
  limits = { ...defaultRestoreLimits, ...changed };
  reached = onFailpoint;
}
