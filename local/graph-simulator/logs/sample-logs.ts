// The logs of the sample tenant: a week back and a quarter ahead, so that they go on while the
// local stack runs, with late and changed records as real ones have.
import type { LogChange } from './log-changes.ts';
import type { LogSource } from './log-source.ts';

const day = 24 * 60 * 60 * 1000;
const perHour: Readonly<Record<LogSource, number>> = {
  directoryAudits: 20,
  interactiveSignIns: 40,
  nonInteractiveSignIns: 60,
  servicePrincipalSignIns: 20,
  managedIdentitySignIns: 10,
  provisioning: 5,
};

/** `now` in milliseconds since 1970. */
export function sampleLogs(now: number): readonly LogChange[] {
  const start = Math.floor(now / day) * day;
  return Object.entries(perHour).map(([source, rate]) => ({
    kind: 'stream',
    stream: {
      source: source as LogSource,
      from: start - 7 * day,
      to: start + 90 * day,
      perHour: rate,
      lateShare: 0.02,
      latestHours: 24,
      changedShare: 0.02,
    },
  }));
}
