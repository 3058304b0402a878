import { z } from 'zod';
import { createOperation } from '../../shared/repository/operations.ts';
import { requireLogPlaces } from '../log-parts.ts';
import { accepted } from './backups.ts';
import { defineRoute } from './route.ts';
import { operationBody, sourceList } from './schemas.ts';

defineRoute(
  {
    name: 'startLogBackup',
    method: 'POST',
    path: '/tenants/{tenantId}/logBackups',
    summary: 'Starts a backup of audit and sign-in logs; needs no backup of the tenant',
    body: z.strictObject({
      sources: sourceList.optional().meta({ description: 'All logs when left out' }),
    }),
    bodyOptional: true,
    act: 'logBackup.start',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { tx, tenant, access, body, services } = context;
    requireLogPlaces(services);
    const request = body.sources === undefined ? {} : { sources: body.sources };
    const operation = await createOperation(tx, {
      id: crypto.randomUUID(),
      tenantNo: tenant.tenantNo,
      kind: 'logBackup',
      requestedBy: access.caller.objectId,
      trigger: 'api',
      request,
    });
    return accepted(context, operation, request);
  },
);
