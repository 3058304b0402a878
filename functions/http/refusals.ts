// Attempts that were refused, as audit events. What an auditor needs to know is who tried what they may
// not: a role that is missing, an approval by oneself or none at all, a plan that was swapped behind its
// approval, a tenant that is not theirs. What an attacker could do with it is fill the table:
// - without a valid token (401) nothing is written, since anybody may send that;
// - a stranger (a valid token, no access anywhere) gets the same 404 for every tenant, and an event for
//   none: one written for existing tenants only would tell them apart by the time it takes;
// - everybody else is known by name, and gets `mostPerHour` events per kind of refusal and hour. The last
//   one says that more are left out, so that silence is never mistaken for peace; the limit holds per
//   kind, so that noise of one kind does not hide another.
// An event holds ids, the route and the code. What the caller wrote stands nowhere in it: parameters that
// are no GUID and no number are shown by their names.
import { isBackupError } from '../../shared/errors/backup-error.ts';
import type { ErrorCode } from '../../shared/errors/catalog.ts';
import { addAuditEvent, countRecentEvents } from '../../shared/repository/audit-events.ts';
import { foreignTenantOf } from './authorise.ts';
import type { Access } from './caller.ts';
import type { Exchange, RouteDefinition } from './route-definition.ts';

const recorded: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'roleMissing',
  'selfApproval',
  'approvalMissing',
  'planHashMismatch',
]);
const mostPerHour = 60;
const plainValue = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{1,9})$/i;

interface Tenant {
  readonly tenantNo: number;
  readonly tenantId: string;
}

/**
 * Runs what answers a request; a refusal is recorded in a transaction of its own, because that of the
 * act is rolled back, and then thrown on. It throws otherwise only when it cannot be recorded.
 */
export async function recordingRefusals<Answer>(
  exchange: Exchange,
  definition: RouteDefinition,
  access: Access,
  tenant: Tenant | undefined,
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!isBackupError(error)) throw error;
    const foreign = foreignTenantOf(error);
    if (foreign !== undefined && isBounded(access)) {
      await record(exchange, definition, access, foreign ?? undefined, 'foreignTenant');
    } else if (recorded.has(error.code)) {
      await record(exchange, definition, access, tenant, error.code);
    }
    throw error;
  }
}

/** Has a place, and not all of them: whoever sees all tenants has only mistyped an id. */
function isBounded({ entries }: Access): boolean {
  return entries.length > 0 && entries.every((entry) => entry.tenantNo !== 0);
}

async function record(
  { services, request, requestId }: Exchange,
  definition: RouteDefinition,
  { caller }: Access,
  tenant: Tenant | undefined,
  kind: string,
): Promise<void> {
  const action = `refused.${kind}`;
  await services.database.withRegistry(async (tx) => {
    const before = await countRecentEvents(tx, caller.objectId, action, mostPerHour);
    if (before >= mostPerHour) return;
    await addAuditEvent(tx, {
      tenantNo: tenant?.tenantNo ?? 0,
      ...(tenant === undefined ? {} : { tenantId: tenant.tenantId }),
      principalId: caller.objectId,
      roles: caller.roles,
      action,
      target: targetOf(definition.path, request.params),
      detail: {
        route: definition.name,
        ...(definition.act === undefined ? {} : { act: definition.act }),
        ...(before === mostPerHour - 1 ? { moreInThisHourAreNotRecorded: true } : {}),
      },
      requestId,
    });
  });
}

function targetOf(path: string, params: Readonly<Record<string, string>>): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    return value !== undefined && plainValue.test(value) ? value : whole;
  });
  return `/api${filled}`;
}
