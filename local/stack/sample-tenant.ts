import { readFile } from 'node:fs/promises';
import { ControlClient } from '../graph-simulator/control/client.ts';
import { readerPermissions, restorerPermissions } from '../graph-simulator/permissions.ts';
import { objectIdOf } from '../graph-simulator/sign-in/user-token.ts';

/** The simulated tenant of the local stack and who works with it. */
export const sampleTenant = {
  tenantId: 'c0117050-0000-4000-8000-000000000001',
  displayName: 'Contoso (simulated)',
  audience: 'api://entra-backup',
  backupClientId: 'c0117050-0000-4000-8000-0000000000a1',
  restoreClientId: 'c0117050-0000-4000-8000-0000000000a2',
} as const;

/** People of the tour; the name decides the object id of a token. */
export const people = {
  admin: { name: 'admin@contoso.example', roles: ['Backup.Admin', 'Backup.Operator'] },
  operator: {
    name: 'operator@contoso.example',
    roles: ['Backup.Operator', 'Restore.Operator', 'Backup.Reader'],
  },
  approver: { name: 'approver@contoso.example', roles: ['Restore.Approver', 'Backup.Reader'] },
} as const;

export type Person = keyof typeof people;

export const objectIdOfPerson = (person: Person): string => objectIdOf(people[person].name);

export interface AppSecrets {
  readonly backup: string;
  readonly restore: string;
}

/** Registers the two apps of the product in a simulated tenant, with their secrets. */
export async function registerApps(
  control: ControlClient,
  secrets: AppSecrets,
  tenantId: string = sampleTenant.tenantId,
): Promise<void> {
  const { backupClientId, restoreClientId } = sampleTenant;
  await control.changeRegistration(tenantId, {
    kind: 'register',
    registration: {
      appId: backupClientId,
      displayName: 'entra-backup reader',
      secrets: [{ value: secrets.backup }],
      permissions: readerPermissions,
    },
  });
  await control.changeRegistration(tenantId, {
    kind: 'register',
    registration: {
      appId: restoreClientId,
      displayName: 'entra-backup restorer',
      secrets: [{ value: secrets.restore }],
      permissions: restorerPermissions,
    },
  });
}

export async function controlClient(simulator: {
  readonly origin: string;
  readonly controlToken: string;
  readonly caFile: string;
}): Promise<ControlClient> {
  return new ControlClient({
    origin: simulator.origin,
    token: simulator.controlToken,
    ca: await readFile(simulator.caFile, 'utf8'),
  });
}
