// The failpoint of this process, from its fault settings: fault tests stop the process there. Without
// those settings nothing happens.
import { readFaultSettings } from '../shared/settings/fault-settings.ts';
import { plannedFailpoint } from '../shared/tenant-backup/failpoint.ts';

export const faults = readFaultSettings();

/** Called at named instants of backups and restores; acts once, at the one that was planned. */
export const reachedFailpoint: (name: string) => Promise<void> =
  faults.failpoint === undefined
    ? async () => undefined
    : plannedFailpoint(faults.failpoint, {
        kill: () => process.kill(process.pid, 'SIGKILL'),
        freeze: () => process.kill(process.pid, 'SIGSTOP'),
      });
