/** The logs of a tenant that are backed up: names of paths, chains and parameters. */
export const logSources = [
  'directoryAudits',
  'signIns',
  'nonInteractiveUserSignIns',
  'servicePrincipalSignIns',
  'managedIdentitySignIns',
  'provisioning',
] as const;

/** `signIns`: the interactive ones. */
export type LogSource = (typeof logSources)[number];
