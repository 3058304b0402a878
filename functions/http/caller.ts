import type { AccessEntry } from '../../shared/repository/access.ts';

/** App roles of the API registration; the ceiling of what a caller may do (DESIGN 11 *Sign-in*). */
export const roles = [
  'Backup.Reader',
  'Backup.Operator',
  'Restore.Operator',
  'Restore.Approver',
  'Backup.Admin',
  'Security.Auditor',
] as const;
export type Role = (typeof roles)[number];

/** Roles that see attribute values without a grant of their own. */
const seeValues: ReadonlySet<string> = new Set<Role>([
  'Backup.Operator',
  'Restore.Operator',
  'Backup.Admin',
]);

/** Who calls: from a token that was verified, nothing from the request besides. */
export interface Caller {
  readonly objectId: string;
  /** Home tenant of the caller. */
  readonly tenantId: string;
  readonly groups: readonly string[];
  /** Known roles of the token. */
  readonly roles: readonly Role[];
}

/** What a caller may do in one tenant. */
export interface Rights {
  readonly roles: ReadonlySet<Role>;
  /** Whether values of attributes may be shown, not only names. */
  readonly attributeValues: boolean;
}

/** A caller together with where the roles hold. */
export interface Access {
  readonly caller: Caller;
  /** Entries of the caller and the caller's groups; tenantNo 0 holds in all tenants. */
  readonly entries: readonly Pick<AccessEntry, 'tenantNo' | 'roles' | 'attributeValues'>[];
}

/** Roles held in a tenant: those of the token, as far as an entry grants them there. */
export function rightsIn(access: Access, tenantNo: number): Rights {
  const entries = access.entries.filter(
    (entry) => entry.tenantNo === 0 || entry.tenantNo === tenantNo,
  );
  const granted = new Set(entries.flatMap((entry) => entry.roles));
  const held = access.caller.roles.filter((role) => granted.has(role));
  return {
    roles: new Set(held),
    attributeValues:
      held.some((role) => seeValues.has(role)) ||
      (held.length > 0 && entries.some((entry) => entry.attributeValues)),
  };
}

/** Whether the tenant may be known to the caller at all. */
export function isVisible(access: Access, tenantNo: number): boolean {
  return access.entries.some((entry) => entry.tenantNo === 0 || entry.tenantNo === tenantNo);
}

/** Tenants in which one of `wanted` is held; undefined means all, an empty list none. */
export function tenantsWith(access: Access, wanted: readonly Role[]): number[] | undefined {
  const held = access.entries.filter((entry) =>
    wanted.some((role) => access.caller.roles.includes(role) && entry.roles.includes(role)),
  );
  if (held.some((entry) => entry.tenantNo === 0)) return undefined;
  return [...new Set(held.map((entry) => entry.tenantNo))];
}
