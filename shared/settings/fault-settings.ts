// Settings of fault tests and of the local stack, apart from the table of DESIGN 12: without them
// nothing changes, and no deployment sets them.

export interface FaultSettings {
  /** `FAILPOINT=name:kill|freeze|hang[:nth]`: acts once, at the nth time the name is reached. */
  readonly failpoint?: {
    readonly name: string;
    readonly action: 'kill' | 'freeze' | 'hang';
    readonly nth: number;
  };
  /** `LEASE_SECONDS`: length of the lease of a backup session instead of 10 minutes. */
  readonly leaseMs?: number;
  /** `RESTORE_WAIT_SECONDS`: the longest wait of a restore for what Graph shows late. */
  readonly restoreWaitMs?: number;
}

/** Values that do not have the form are ignored: these are not settings of an installation. */
export function readFaultSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): FaultSettings {
  const [, name, action, nth] =
    /^([\w.]+):(kill|freeze|hang)(?::(\d+))?$/.exec(environment['FAILPOINT'] ?? '') ?? [];
  const seconds = Number(environment['LEASE_SECONDS'] ?? Number.NaN);
  const waitSeconds = Number(environment['RESTORE_WAIT_SECONDS'] ?? Number.NaN);
  const isAction = action === 'kill' || action === 'freeze' || action === 'hang';
  return {
    ...(name !== undefined && isAction
      ? { failpoint: { name, action, nth: Number(nth ?? 1) } }
      : {}),
    ...(seconds > 0 ? { leaseMs: seconds * 1_000 } : {}),
    ...(waitSeconds > 0 ? { restoreWaitMs: waitSeconds * 1_000 } : {}),
  };
}
