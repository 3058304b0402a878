import type { LogSource } from './log-source.ts';

/** A protected tenant and what an administrator has configured for it (DESIGN 11 *Tenant*). */
export interface TenantApp {
  readonly clientId: string;
  /** `federated`, `certificate:<url or PEM file>` or `secret:<setting>` (DESIGN 12). */
  readonly credential: string;
}

export interface Schedule {
  readonly name: string;
  readonly kind: 'tenantBackup' | 'logBackup';
  /** Five or six fields. */
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  /** A fixed part of this span is added, chosen by tenant, so that tenants do not start at once. */
  readonly spreadSeconds: number;
  /** Of a log backup; all when left out. */
  readonly sources?: readonly LogSource[];
}

/** Thresholds of the change guard (DESIGN 6.8). */
export interface Guards {
  /** Share of objects or links that may end or be disabled in one session, 0..1; default 0.2. */
  readonly maxShare: number;
  /** Below this count nothing is suspicious; default 10. */
  readonly minCount: number;
  /** New privileged assignments or weakened policies in one session; default 5. */
  readonly maxPrivileged: number;
  /** Times in which large changes are expected. */
  readonly expectedChanges: readonly { readonly from: string; readonly to: string }[];
  /** Collections whose missing permission has been accepted: they do not make a point partial. */
  readonly acceptedForbidden: readonly string[];
}

export interface TenantConfiguration {
  readonly apps: { readonly backup?: TenantApp; readonly restore?: TenantApp };
  readonly schedules: readonly Schedule[];
  readonly guards: Guards;
  readonly notifications: Readonly<Record<string, unknown>>;
}

export interface Tenant {
  readonly tenantNo: number;
  /** Lower-case GUID. */
  readonly tenantId: string;
  readonly displayName: string;
  readonly cloud: 'global' | 'usgov' | 'usgovdod' | 'china';
  readonly state: 'active' | 'paused';
  readonly configuration: TenantConfiguration;
  readonly revision: number;
  /** Number of the newest published point; 0 when there is none. */
  readonly headPoint: number;
}

export const defaultGuards: Guards = {
  maxShare: 0.2,
  minCount: 10,
  maxPrivileged: 5,
  expectedChanges: [],
  acceptedForbidden: [],
};
