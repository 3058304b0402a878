import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Tenant } from '../../shared/model/tenant.ts';
import { entriesOf, isAccessEmpty } from '../../shared/repository/access.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { type Access, type Caller, type Rights, type Role, roles, tenantsWith } from './caller.ts';
import { rolesFor } from './route-access.ts';
import type { Reply, RouteDefinition } from './route-definition.ts';

/**
 * Where the roles of a caller hold. While nobody has been given access, the initial administrators of
 * the settings hold what their token says in all tenants.
 */
export async function accessOf(
  tx: Transaction,
  caller: Caller,
  initialAdministrators: readonly string[],
): Promise<Access> {
  const entries = await entriesOf(tx, [caller.objectId, ...caller.groups]);
  const isInitial = initialAdministrators.includes(caller.objectId);
  if (entries.length > 0 || !isInitial || !(await isAccessEmpty(tx))) return { caller, entries };
  return { caller, entries: [{ tenantNo: 0, roles, attributeValues: false }] };
}

/** Roles of the route; it is public when there are none, and then never gets here. */
export function neededRoles(definition: RouteDefinition): readonly Role[] {
  return rolesFor(definition.name) ?? [];
}

/** Throws `roleMissing` unless one of the roles is held. */
export function requireRole(held: ReadonlySet<Role>, needed: readonly Role[]): void {
  if (needed.some((role) => held.has(role))) return;
  throw roleMissing(needed);
}

/** For routes of no single tenant: one of the roles has to be held somewhere, or everywhere. */
export function requireRoleSomewhere(definition: RouteDefinition, access: Access): void {
  const needed = neededRoles(definition);
  const tenants = tenantsWith(access, needed);
  if (tenants === undefined) return;
  if (tenants.length === 0) throw roleMissing(needed);
  if (definition.allTenants) throw roleMissing(needed, ' in all tenants');
}

function roleMissing(needed: readonly Role[], where = ''): BackupError {
  return new BackupError('roleMissing', `needs the role ${needed.join(' or ')}${where}`);
}

type KnownTenant = Pick<Tenant, 'tenantNo' | 'tenantId'>;
const foreign = new WeakMap<BackupError, KnownTenant | null>();

/**
 * The one answer for a tenant that is unknown and for one that is not the caller's. Which of both it is
 * stays beside the error, for the audit event alone.
 */
export function noSuchTenant(tenant: KnownTenant | undefined): BackupError {
  const error = new BackupError('notFound', 'no such tenant');
  foreign.set(error, tenant ?? null);
  return error;
}

/** The tenant of an error of noSuchTenant, null for an unknown one; undefined for other errors. */
export function foreignTenantOf(error: BackupError): KnownTenant | null | undefined {
  return foreign.get(error);
}

/** Marks the answer of a read as one that shows values of so many items, when it does. */
export function shownValues(
  rights: Rights,
  items: number,
  ids: Readonly<Record<string, string | number>>,
): Pick<Reply, 'valuesShown'> {
  return rights.attributeValues && items > 0 ? { valuesShown: { ...ids, items } } : {};
}
