// Settings of fault tests and of the local stack, apart from the table of DESIGN 12: without them
// nothing changes, and no deployment sets them.
import { readFileSync } from 'node:fs';

export interface PlannedFailpoint {
  readonly name: string;
  readonly action: 'kill' | 'freeze' | 'hang';
  readonly nth: number;
}

export interface FaultSettings {
  /** `FAILPOINT=name:kill|freeze|hang[:nth]`: acts once, at the nth time the name is reached. */
  readonly failpoint?: string;
  /** `FAILPOINT_FILE`: a file with such a text that may change while the process runs. */
  readonly failpointFile?: string;
  /** `LEASE_SECONDS`: length of the lease of a backup session instead of 10 minutes. */
  readonly leaseMs?: number;
  /** `RESTORE_WAIT_SECONDS`: the longest wait of a restore for what Graph shows late. */
  readonly restoreWaitMs?: number;
  /** `LOG_REQUESTS_PER_SECOND`: more than the quota of Graph for logs, for a simulator without one. */
  readonly logRequestsPerSecond?: number;
}

/** Values that do not have the form are ignored: these are not settings of an installation. */
export function readFaultSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): FaultSettings {
  const { FAILPOINT, FAILPOINT_FILE } = environment;
  const leaseSeconds = Number(environment['LEASE_SECONDS'] ?? Number.NaN);
  const waitSeconds = Number(environment['RESTORE_WAIT_SECONDS'] ?? Number.NaN);
  const logRequests = Number(environment['LOG_REQUESTS_PER_SECOND'] ?? Number.NaN);
  return {
    ...(FAILPOINT === undefined ? {} : { failpoint: FAILPOINT }),
    ...(FAILPOINT_FILE === undefined ? {} : { failpointFile: FAILPOINT_FILE }),
    ...(leaseSeconds > 0 ? { leaseMs: leaseSeconds * 1_000 } : {}),
    ...(waitSeconds > 0 ? { restoreWaitMs: waitSeconds * 1_000 } : {}),
    ...(logRequests > 0 ? { logRequestsPerSecond: logRequests } : {}),
  };
}

/** The failpoint planned at this moment, with the text that says so. */
export function readPlannedFailpoint(settings: FaultSettings): {
  readonly text: string;
  readonly plan?: PlannedFailpoint;
} {
  const { failpoint = '', failpointFile } = settings;
  const text = failpointFile === undefined ? failpoint : readFileSync(failpointFile, 'utf8');
  const [, name, action, nth] = /^([\w.]+):(kill|freeze|hang)(?::(\d+))?$/.exec(text) ?? [];
  const isAction = action === 'kill' || action === 'freeze' || action === 'hang';
  if (name === undefined || !isAction) return { text };
  return { text, plan: { name, action, nth: Number(nth ?? 1) } };
}
