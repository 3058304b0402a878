// The failpoint of this process, from its fault settings: fault tests stop the process there. Without
// those settings nothing happens.
import { readFaultSettings, readPlannedFailpoint } from '../shared/settings/fault-settings.ts';
import { type FailpointActions, plannedFailpoint } from '../shared/tenant-backup/failpoint.ts';

export const faults = readFaultSettings();

const actions: FailpointActions = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  freeze: () => process.kill(process.pid, 'SIGSTOP'),
};

type Reached = (name: string) => Promise<void>;
const nothing: Reached = async () => undefined;
let current: { readonly text: string; readonly reached: Reached } | undefined;

/** Called at named instants of backups and restores; acts once, at the one that is planned. */
export async function reachedFailpoint(name: string): Promise<void> {
  const { text, plan } = readPlannedFailpoint(faults);
  if (current?.text !== text) {
    current = { text, reached: plan === undefined ? nothing : plannedFailpoint(plan, actions) };
  }
  await current.reached(name);
}
