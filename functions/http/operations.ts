import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Operation } from '../../shared/model/operation.ts';
import { failComparison } from '../../shared/repository/comparisons.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import {
  findOperation,
  listOperations,
  requestCancel,
} from '../../shared/repository/operations.ts';
import { failPlan } from '../../shared/repository/restore-plans.ts';
import { failRestore } from '../../shared/repository/restores.ts';
import { findTenant } from '../../shared/repository/tenants.ts';
import { instanceIdOf } from '../durable/start-operation.ts';
import { noSuchTenant, requireRole } from './authorise.ts';
import { type Access, isVisible, type Role, rightsIn, tenantsWith } from './caller.ts';
import { defineRegistryRoute } from './route.ts';
import { rolesFor } from './route-access.ts';
import { guid, operationBody, pageOf, paging, showOperation } from './schemas.ts';

const kinds = operationBody.shape.kind;
const statuses = operationBody.shape.status;
const position = z.object({ createdAt: z.iso.datetime(), id: z.uuid() });

/** Who may cancel what. */
const cancelRoles: Readonly<Record<Operation['kind'], readonly Role[]>> = {
  tenantBackup: ['Backup.Operator', 'Backup.Admin'],
  comparison: ['Backup.Operator', 'Restore.Operator', 'Backup.Admin'],
  restorePlan: ['Restore.Operator', 'Backup.Admin'],
  restore: ['Restore.Operator', 'Backup.Admin'],
  logBackup: ['Backup.Operator', 'Backup.Admin'],
  logExport: ['Security.Auditor', 'Backup.Admin'],
  logRestore: ['Backup.Admin'],
  logRepair: ['Backup.Admin'],
  verification: ['Backup.Operator', 'Backup.Admin'],
};

defineRegistryRoute(
  {
    name: 'listOperations',
    method: 'GET',
    path: '/operations',
    summary: 'Operations, newest first',
    query: z.strictObject({
      tenantId: guid.optional(),
      kind: kinds.optional(),
      status: statuses.optional(),
      ...paging,
    }),
    replies: { 200: { description: 'A page', body: pageOf(operationBody) } },
  },
  async ({ tx, access, query, top, position: at, page }) => {
    const mine = tenantsWith(access, rolesFor('listOperations') ?? []);
    const tenantNos = query.tenantId === undefined ? mine : await oneOf(query.tenantId, mine);
    const after = at(position);
    const found = await listOperations(tx, {
      ...(tenantNos === undefined ? {} : { tenantNos }),
      ...(query.kind === undefined ? {} : { kind: query.kind }),
      ...(query.status === undefined ? {} : { status: query.status }),
      ...(after === undefined
        ? {}
        : { before: { createdAt: new Date(after.createdAt), id: after.id } }),
      top: top + 1,
    });
    const shown = found.slice(0, top);
    const last = found.length > top ? shown.at(-1) : undefined;
    const next = last && { createdAt: last.createdAt.toISOString(), id: last.id };
    return page(shown.map(showOperation), next);

    /** A foreign tenant and an unknown one are the same: there is no such tenant. */
    async function oneOf(tenantId: string, allowed: number[] | undefined): Promise<number[]> {
      const tenant = await findTenant(tx, tenantId);
      const isMine = tenant && (allowed === undefined || allowed.includes(tenant.tenantNo));
      if (!isMine) throw noSuchTenant(tenant);
      return [tenant.tenantNo];
    }
  },
);

const params = z.strictObject({ operationId: guid });

defineRegistryRoute(
  {
    name: 'getOperation',
    method: 'GET',
    path: '/operations/{operationId}',
    summary: 'One operation with its progress',
    params,
    replies: { 200: { description: 'The operation', body: operationBody } },
  },
  async ({ tx, access, params: { operationId } }) => {
    const operation = await findOperation(tx, operationId);
    return shown(visible(access, operation, rolesFor('getOperation') ?? []));
  },
);

defineRegistryRoute(
  {
    name: 'cancelOperation',
    method: 'POST',
    path: '/operations/{operationId}/cancel',
    summary: 'Asks an operation to stop; one that has ended is left as it is',
    params,
    act: 'operation.cancel',
    replies: { 202: { description: 'The operation as it is now', body: operationBody } },
  },
  async ({ tx, access, params: { operationId }, baseUrl, services, client }) => {
    const found = await findOperation(tx, operationId);
    const operation = visible(access, found, rolesFor('getOperation') ?? []);
    requireRole(rightsIn(access, operation.tenantNo).roles, cancelRoles[operation.kind]);
    const now = await requestCancel(tx, operationId);
    const { status, body, headers } = shown(now);
    return {
      status: status === 200 ? 202 : status,
      body,
      headers: { ...headers, 'operation-location': `${baseUrl}/operations/${operationId}` },
      audit: { kind: operation.kind },
      about: { tenantNo: operation.tenantNo, tenantId: operation.tenantId },
      afterCommit: async () => {
        if (operation.status === 'paused') await client.resume(instanceIdOf(now), 'canceled');
        if (operation.status === 'notStarted' && now.status === 'canceled') {
          await services.database.withTenant(now.tenantNo, (own) => endMade(own, now.id));
        }
      },
    };
  },
);

/** Without an orchestration nobody else marks what the operation was to make. */
async function endMade(tx: Transaction, operationId: string): Promise<void> {
  await failComparison(tx, operationId);
  await failPlan(tx, operationId);
  await failRestore(tx, operationId, 'canceled');
}

/** The operation if the caller may know its tenant; else the same 404 as for an unknown id. */
function visible(
  access: Access,
  operation: Operation | undefined,
  needed: readonly Role[],
): Operation {
  if (operation === undefined || !isVisible(access, operation.tenantNo)) {
    throw new BackupError('notFound', 'no such operation');
  }
  requireRole(rightsIn(access, operation.tenantNo).roles, needed);
  return operation;
}

const ended: ReadonlySet<string> = new Set(['succeeded', 'failed', 'canceled']);

function shown(operation: Operation): {
  status: number;
  body: unknown;
  headers: Record<string, string>;
} {
  const headers: Record<string, string> = ended.has(operation.status) ? {} : { 'retry-after': '2' };
  return { status: 200, body: showOperation(operation), headers };
}
