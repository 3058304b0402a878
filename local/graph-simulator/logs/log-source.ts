// Audit and sign-in logs of a simulated tenant, written from the documentation and from public
// reports of how the service behaves. This folder knows nothing of users and groups of the tenant:
// a log tells what happened, not what is there. Nothing of the product is imported.

/** The lists of `/auditLogs`. */
export const logCollections = ['directoryAudits', 'signIns', 'provisioning'] as const;
export type LogCollection = (typeof logCollections)[number];

/** What a stream of records is made of: sign-ins come in four kinds. */
export const logSources = [
  'directoryAudits',
  'interactiveSignIns',
  'nonInteractiveSignIns',
  'servicePrincipalSignIns',
  'managedIdentitySignIns',
  'provisioning',
] as const;
export type LogSource = (typeof logSources)[number];

/**
 * Values of `signInEventTypes`; without a filter on it only interactive sign-ins are answered.
 * https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta
 */
export const eventTypes: Readonly<Partial<Record<LogSource, string>>> = {
  interactiveSignIns: 'interactiveUser',
  nonInteractiveSignIns: 'nonInteractiveUser',
  servicePrincipalSignIns: 'servicePrincipal',
  managedIdentitySignIns: 'managedIdentity',
};

export function collectionOf(source: LogSource): LogCollection {
  return source === 'directoryAudits' || source === 'provisioning' ? source : 'signIns';
}

/** The property that holds the time of a record. */
export function timeProperty(collection: LogCollection): string {
  return collection === 'signIns' ? 'createdDateTime' : 'activityDateTime';
}

/**
 * What the text of one and the same record depends on besides its content: the API version, whether
 * the caller may see conditional access policies, and the licence (risk is hidden below P2).
 */
export type LogVariant = {
  readonly beta: boolean;
  readonly policies: boolean;
  readonly risk: boolean;
};

export function variantKey({ beta, policies, risk }: LogVariant): string {
  return `${beta ? 'beta' : 'v1.0'}${policies ? ' policies' : ''}${risk ? ' risk' : ''}`;
}
