import { z } from 'zod';
import type { Operation } from '../../shared/model/operation.ts';
import { createOperation } from '../../shared/repository/operations.ts';
import { startOperation } from '../durable/start-operation.ts';
import { ownTypes } from './catalogue-parts.ts';
import { defineRoute } from './route.ts';
import type { Reply, TenantContext } from './route-definition.ts';
import { label, operationBody, showOperation } from './schemas.ts';

const typeName = z.string().refine((name) => ownTypes.includes(name), {
  error: 'is not a type of the catalogue',
});

defineRoute(
  {
    name: 'startBackup',
    method: 'POST',
    path: '/tenants/{tenantId}/backups',
    summary: 'Starts a backup of the tenant',
    body: z.strictObject({
      mode: z.enum(['auto', 'full', 'incremental']).default('auto'),
      types: z.array(typeName).min(1).max(200).optional(),
      label: label.optional(),
      hold: z.boolean().optional(),
    }),
    bodyOptional: true,
    act: 'backup.start',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { tx, tenant, access, body } = context;
    const operation = await createOperation(tx, {
      id: crypto.randomUUID(),
      tenantNo: tenant.tenantNo,
      kind: 'tenantBackup',
      requestedBy: access.caller.objectId,
      trigger: 'api',
      request: {
        mode: body.mode,
        ...(body.types === undefined ? {} : { types: [...new Set(body.types)] }),
        ...(body.label === undefined ? {} : { label: body.label }),
        ...(body.hold === undefined ? {} : { hold: body.hold }),
      },
    });
    return accepted(context, operation, { mode: body.mode });
  },
);

/** 202 for an operation whose row was written: it is started once the transaction is committed. */
export function accepted(
  context: Pick<TenantContext<unknown, unknown, unknown>, 'baseUrl' | 'client' | 'services'>,
  operation: Operation,
  audit: Readonly<Record<string, unknown>> = {},
): Reply {
  const { baseUrl, client, services } = context;
  return {
    status: 202,
    body: showOperation(operation),
    headers: {
      'operation-location': `${baseUrl}/operations/${operation.id}`,
      'retry-after': '2',
    },
    audit: { operationId: operation.id, ...audit },
    afterCommit: async () => {
      await startOperation(operation, client, services.database);
    },
  };
}
