// POST /logRestores: whole segments of logs, verified and decrypted, to a container of the settings.
import { z } from 'zod';
import { parseLogName } from '../../shared/log-repository/log-names.ts';
import { createOperation } from '../../shared/repository/operations.ts';
import { requireLogPlace } from '../log-parts.ts';
import { type LogRestoreInput, restoreTarget } from '../log-restores.ts';
import { accepted } from './backups.ts';
import { checkRange, logRange, repositoryName } from './log-request.ts';
import { defineRoute } from './route.ts';
import { operationBody } from './schemas.ts';

const isSegment = (name: string): boolean => parseLogName(name)?.kind === 'segment';
const shared = {
  container: z
    .string()
    .trim()
    .min(1, 'is empty')
    .max(1024)
    .meta({ description: 'One of LOG_RESTORE_CONTAINERS: its address, or account/container' }),
  repository: repositoryName,
};

const body = z
  .strictObject({
    segments: z
      .array(z.string().max(512).refine(isSegment, { error: 'is not the name of a segment' }))
      .min(1)
      .max(1000)
      .optional(),
    source: logRange.source,
    from: logRange.from.optional(),
    to: logRange.to.optional(),
    ...shared,
  })
  .superRefine(({ segments, source, from, to }, context) => {
    const isRange = source !== undefined || from !== undefined || to !== undefined;
    if (isRange === (segments !== undefined)) {
      const message = 'is needed, or else source, from and to, and not both';
      context.addIssue({ code: 'custom', path: ['segments'], message, input: segments });
    } else if (isRange) {
      checkRange(
        { ...(source === undefined ? {} : { source }), from: from ?? '', to: to ?? '' },
        context,
      );
    }
  });

defineRoute(
  {
    name: 'createLogRestore',
    method: 'POST',
    path: '/tenants/{tenantId}/logRestores',
    summary: 'Restores whole segments of logs as NDJSON to a container that the settings list',
    body,
    act: 'logRestore.create',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { tx, tenant, access, body: asked, services } = context;
    const { segments, source, from, to, container, repository } = asked;
    requireLogPlace(services, repository);
    restoreTarget(services, container);
    const isRange = source !== undefined && from !== undefined && to !== undefined;
    const request = isRange ? { source, from, to } : { segments: segments ?? [] };
    const input: LogRestoreInput = { request, container, repository };
    const operation = await createOperation(tx, {
      id: crypto.randomUUID(),
      ...{ tenantNo: tenant.tenantNo, kind: 'logRestore', trigger: 'api' },
      requestedBy: access.caller.objectId,
      request: { ...input },
    });
    return accepted(context, operation, {
      ...(isRange ? request : { segments: segments?.length ?? 0 }),
      ...{ container, repository },
    });
  },
);
