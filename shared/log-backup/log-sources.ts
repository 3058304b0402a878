// The logs as data: where each lies, how it is asked for a window, and which members of a record
// lead to it. Nothing here reads or stores.
import type { GraphRequest } from '../graph/graph-request.ts';
import type { Wanted } from '../json/picked-members.ts';
import type { LogSource } from '../model/log-source.ts';
import type { Interval } from './intervals.ts';
import { besideTime } from './log-time.ts';

export interface LogSourceEntry {
  readonly source: LogSource;
  readonly path: string;
  readonly apiVersion: 'v1.0' | 'beta';
  /** Member that holds the time of a record; filters and sorts by it. */
  readonly timeProperty: 'createdDateTime' | 'activityDateTime';
  /**
   * `included`: `ge` and `le`. `excluded`: only `gt` and `lt` are documented, so the ends are moved
   * by 100 ns (https://learn.microsoft.com/graph/api/provisioningobjectsummary-list).
   */
  readonly bounds: 'included' | 'excluded';
  /** https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta */
  readonly eventType?: 'nonInteractiveUser' | 'servicePrincipal' | 'managedIdentity';
  /** `id`, `time` and the kinds of terms (see index-blocks.ts) with the members that hold them. */
  readonly picked: Wanted;
  readonly permission: string;
  /** Without one Graph refuses; `none`: kept for 7 days without, 30 with a premium licence. */
  readonly licence: 'none' | 'premium';
}

const signInMembers: Wanted = {
  id: 'id',
  createdDateTime: 'time',
  userId: 'actor',
  userPrincipalName: 'actor',
  userDisplayName: 'actor',
  servicePrincipalId: 'actor',
  appId: 'application',
  appDisplayName: 'application',
  resourceId: 'target',
  resourceDisplayName: 'target',
  ipAddress: 'address',
  correlationId: 'correlation',
};

const auditMembers: Wanted = {
  id: 'id',
  activityDateTime: 'time',
  correlationId: 'correlation',
  initiatedBy: {
    user: {
      id: 'actor',
      userPrincipalName: 'actor',
      displayName: 'actor',
      ipAddress: 'address',
    },
    app: { appId: 'application', displayName: 'application', servicePrincipalId: 'actor' },
  },
  targetResources: { id: 'target', displayName: 'target', userPrincipalName: 'target' },
};

const provisioningMembers: Wanted = {
  id: 'id',
  activityDateTime: 'time',
  changeId: 'correlation',
  cycleId: 'correlation',
  jobId: 'application',
  servicePrincipal: { id: 'application', displayName: 'application' },
  initiatedBy: { id: 'actor', displayName: 'actor' },
  sourceIdentity: { id: 'target', displayName: 'target' },
  targetIdentity: { id: 'target', displayName: 'target' },
};

function signIns(source: LogSource, eventType?: LogSourceEntry['eventType']): LogSourceEntry {
  return {
    source,
    path: '/auditLogs/signIns',
    apiVersion: eventType === undefined ? 'v1.0' : 'beta',
    timeProperty: 'createdDateTime',
    bounds: 'included',
    picked: signInMembers,
    permission: 'AuditLog.Read.All',
    licence: 'premium',
    ...(eventType === undefined ? {} : { eventType }),
  };
}

const audit = {
  apiVersion: 'v1.0',
  timeProperty: 'activityDateTime',
  permission: 'AuditLog.Read.All',
  licence: 'none',
} as const;

export const logSourceEntries: Readonly<Record<LogSource, LogSourceEntry>> = {
  directoryAudits: {
    ...audit,
    source: 'directoryAudits',
    path: '/auditLogs/directoryAudits',
    bounds: 'included',
    picked: auditMembers,
  },
  signIns: signIns('signIns'),
  nonInteractiveUserSignIns: signIns('nonInteractiveUserSignIns', 'nonInteractiveUser'),
  servicePrincipalSignIns: signIns('servicePrincipalSignIns', 'servicePrincipal'),
  managedIdentitySignIns: signIns('managedIdentitySignIns', 'managedIdentity'),
  provisioning: {
    ...audit,
    source: 'provisioning',
    path: '/auditLogs/provisioning',
    bounds: 'excluded',
    picked: provisioningMembers,
  },
};

/** Records on a page: the most there is (https://learn.microsoft.com/graph/api/signin-list). */
export const PAGE_RECORDS = 1000;

/** The request for the records of a window, newest first. */
export function windowRequest(
  entry: LogSourceEntry,
  window: Interval,
  records: number = PAGE_RECORDS,
): GraphRequest {
  const { timeProperty, eventType } = entry;
  const bounds =
    entry.bounds === 'included'
      ? [`${timeProperty} ge ${window.from}`, `${timeProperty} le ${window.to}`]
      : [
          `${timeProperty} gt ${besideTime(window.from, -1)}`,
          `${timeProperty} lt ${besideTime(window.to, 1)}`,
        ];
  const kind = eventType === undefined ? [] : [`signInEventTypes/any(t: t eq '${eventType}')`];
  return {
    path: entry.path,
    apiVersion: entry.apiVersion,
    service: 'logs',
    query: {
      $filter: [...kind, ...bounds].join(' and '),
      $top: String(records),
    },
  };
}
