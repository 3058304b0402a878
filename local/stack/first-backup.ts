import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, OperationView } from './api-client.ts';
import { objectIdOfPerson, type Person, people, sampleTenant } from './sample-tenant.ts';

interface PointView {
  readonly number: number;
  readonly state: string;
  readonly suspicious: boolean;
  readonly counts: Readonly<Record<string, { readonly live: number }>>;
}

const tenantPath = `/api/tenants/${sampleTenant.tenantId}`;
const POLL_MS = 400;
const LIMIT_MS = 15 * 60_000;
const over = new Set(['succeeded', 'failed', 'canceled']);

const nightly = {
  name: 'nightly',
  kind: 'tenantBackup',
  cron: '0 2 * * *',
  timeZone: 'Etc/UTC',
  spreadSeconds: 0,
};
const logs = { ...nightly, name: 'logs', kind: 'logBackup', cron: '*/15 * * * *' };

/**
 * Registers the sample tenant and gives the people of the tour their access; both may be there.
 * `withLogs`: there are log repositories, so that logs are backed up as well.
 */
export async function registerSampleTenant(api: ApiClient, withLogs = false): Promise<void> {
  const there = await api.send('admin', 'GET', tenantPath);
  await there.body?.cancel();
  if (there.status === 404) {
    await api.call('admin', 'PUT', tenantPath, {
      displayName: sampleTenant.displayName,
      cloud: 'global',
      state: 'active',
      schedules: withLogs ? [nightly, logs] : [nightly],
    });
  }
  for (const person of ['admin', 'operator', 'approver'] as const) await giveAccess(api, person);
}

async function giveAccess(api: ApiClient, person: Person): Promise<void> {
  const path = `/api/access/${objectIdOfPerson(person)}`;
  const there = await api.send('admin', 'GET', path);
  await there.body?.cancel();
  if (there.ok) return;
  const roles = person === 'admin' ? [...people.admin.roles] : people[person].roles;
  await api.call('admin', 'PUT', path, {
    kind: 'user',
    assignments: [{ allTenants: true, roles }],
  });
}

/** Starts a backup of the logs unless one runs already; nothing waits for its end. */
export async function startLogBackup(api: ApiClient): Promise<void> {
  const response = await api.send('admin', 'POST', `${tenantPath}/logBackups`, {});
  const text = await response.text();
  if (response.ok || response.status === 409) return;
  throw new Error(`starting a log backup: ${response.status} ${text}`);
}

/** The newest restore point of the sample tenant, undefined when there is none. */
export async function newestPoint(api: ApiClient): Promise<PointView | undefined> {
  const response = await api.send('admin', 'GET', `${tenantPath}/restorePoints/latest`);
  const text = await response.text();
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`the newest restore point: ${response.status} ${text}`);
  return JSON.parse(text) as PointView;
}

/** Takes a backup and calls `onProgress` while it runs; throws when it does not succeed. */
export async function backupOnce(
  api: ApiClient,
  onProgress: (operation: OperationView) => void,
  signal: AbortSignal,
): Promise<OperationView> {
  const started = await startOrFind(api);
  const deadline = Date.now() + LIMIT_MS;
  while (Date.now() < deadline) {
    const operation = await api.call<OperationView>('admin', 'GET', `/api/operations/${started}`);
    onProgress(operation);
    if (over.has(operation.status)) return finished(operation);
    await sleep(POLL_MS, undefined, { signal });
  }
  throw new Error(`the backup did not end within ${LIMIT_MS / 60_000} minutes`);
}

function finished(operation: OperationView): OperationView {
  if (operation.status === 'succeeded') return operation;
  const { code = operation.status, message = '' } = operation.error ?? {};
  throw new Error(`the backup ended as ${operation.status}: ${code} ${message}`);
}

/** A backup that was cut off at the last stop goes on by itself: then that one is followed. */
async function startOrFind(api: ApiClient): Promise<string> {
  const response = await api.send('admin', 'POST', `${tenantPath}/backups`, { mode: 'auto' });
  const text = await response.text();
  if (response.status === 202) return (JSON.parse(text) as { id: string }).id;
  if (response.status !== 409) throw new Error(`starting a backup: ${response.status} ${text}`);
  const query = `tenantId=${sampleTenant.tenantId}&kind=tenantBackup`;
  const known = await api.call<{ value: OperationView[] }>(
    'admin',
    'GET',
    `/api/operations?${query}`,
  );
  const first = known.value.find((operation) => !over.has(operation.status));
  if (first === undefined) throw new Error(`starting a backup: ${response.status} ${text}`);
  return first.id;
}

/** `user 1,200/2,000 · group 0` for one line of the terminal. */
export function progressLine(operation: OperationView): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  const parts = Object.entries(operation.progress).map(
    ([name, { done, total }]) =>
      `${name} ${number(done)}${total === undefined ? '' : `/${number(total)}`}`,
  );
  const waiting = operation.waitingFor ? [`waiting for ${operation.waitingFor.cause}`] : [];
  return [`${operation.phase || operation.status}`, ...parts, ...waiting].join(' · ');
}

/** `restore point 1 is complete: 2,000 users, 400 groups, 5 administrative units ...` */
export function pointLine(point: PointView): string {
  const parts = Object.entries(point.counts)
    .filter(([type, { live }]) => live > 0 && !type.startsWith('facet:'))
    .map(([type, { live }]) => ({ live, text: `${live.toLocaleString('en-US')} ${plural(type)}` }))
    .sort((a, b) => b.live - a.live);
  const flag = point.suspicious ? ', suspicious' : '';
  const counts = parts.map(({ text }) => text).join(', ');
  return `restore point ${point.number} is ${point.state}${flag}: ${counts}`;
}

/** `administrativeUnit` -> `administrative units` */
function plural(type: string): string {
  const words = type.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.endsWith('y') ? `${words.slice(0, -1)}ies` : `${words}s`;
}
