// Exports of logs: started as an operation, described, and downloaded in ranges.
import { z } from 'zod';
import { BackupError, isBackupError } from '../../shared/errors/backup-error.ts';
import type { PartState } from '../../shared/export/stored-export.ts';
import { logSources } from '../../shared/model/log-source.ts';
import type { Operation } from '../../shared/model/operation.ts';
import {
  createOperation,
  findOperation,
  updateOperation,
} from '../../shared/repository/operations.ts';
import { expiryOf, exportInput, type LogExportInput, openLogExport } from '../log-exports.ts';
import { requireLogPlace } from '../log-parts.ts';
import type { Services } from '../services.ts';
import { accepted } from './backups.ts';
import { byteRange } from './byte-range.ts';
import { errorReply } from './error-reply.ts';
import {
  checkRange,
  filtersOf,
  logFilters,
  logRange,
  repositoryName,
  sourcesOf,
} from './log-request.ts';
import { defineRoute } from './route.ts';
import { BytesBody, type Prepare } from './route-definition.ts';
import { guid, operationBody, timeText } from './schemas.ts';

const body = z
  .strictObject({
    ...logRange,
    filters: logFilters.optional(),
    versions: z.enum(['newest', 'all']).default('newest'),
    format: z.enum(['ndjson', 'csv']).default('ndjson'),
    repository: repositoryName,
  })
  .superRefine(checkRange);

defineRoute(
  {
    name: 'createLogExport',
    method: 'POST',
    path: '/tenants/{tenantId}/logExports',
    summary: 'Exports records of logs; the export is kept for 7 days',
    body,
    act: 'logExport.create',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { tx, tenant, access, body: asked, services } = context;
    requireLogPlace(services, asked.repository);
    const { from, to, versions, format, repository } = asked;
    const [sources, filters] = [sourcesOf(asked), filtersOf(asked.filters)];
    const id = crypto.randomUUID();
    const plan = { from, to, versions, format, repository, sources, filters };
    const input = exportInput(services, id, plan);
    const operation = await createOperation(tx, {
      ...{ id, tenantNo: tenant.tenantNo, kind: 'logExport', trigger: 'api' },
      requestedBy: access.caller.objectId,
      request: { ...input },
    });
    const resourceLocation = `/api/tenants/${tenant.tenantId}/logExports/${id}`;
    await updateOperation(tx, id, { resourceLocation });
    const { filterNames } = input;
    return accepted(
      context,
      { ...operation, resourceLocation },
      {
        ...{ sources, from, to, format, repository, filters: filterNames },
      },
    );
  },
);

const exportBody = z
  .object({
    id: z.string(),
    operationId: z.string(),
    status: operationBody.shape.status,
    sources: z.array(z.enum(logSources)),
    from: timeText,
    to: timeText,
    filters: z.array(z.string()).meta({ description: 'Names of the filters that were given' }),
    format: z.enum(['ndjson', 'csv']),
    repository: z.enum(['primary', 'secondary']),
    records: z.number(),
    bytes: z.number(),
    complete: z.boolean().meta({ description: 'All that was asked for is in it' }),
    warnings: z.array(z.string()),
    createdDateTime: timeText,
    expiresDateTime: timeText.optional(),
    contentLocation: z.string().optional(),
  })
  .meta({ id: 'LogExport' });

const params = z.strictObject({ id: guid });

interface Found {
  readonly operation: Operation;
  readonly input: LogExportInput;
  readonly last: PartState | undefined;
}

/** The export with its newest part. Throws `notFound` and `exportExpired`. */
const prepareExport: Prepare<Found> = async ({ services, tenant, params: given }) => {
  const { id } = given as z.output<typeof params>;
  const operation = await services.database.withTenant(tenant.tenantNo, (tx) =>
    findOperation(tx, id),
  );
  if (operation?.kind !== 'logExport' || operation.tenantNo !== tenant.tenantNo) {
    throw new BackupError('notFound', `no export ${id}`);
  }
  const expiry = expiryOf(operation);
  if (expiry !== undefined && expiry <= services.clock.now()) {
    throw new BackupError('exportExpired', `export ${id} has expired`);
  }
  const { exported, input } = openLogExport(services, operation);
  return { operation, input, last: await exported.last() };
};

defineRoute(
  {
    name: 'getLogExport',
    method: 'GET',
    path: '/tenants/{tenantId}/logExports/{id}',
    summary: 'One export of logs',
    params,
    replies: { 200: { description: 'The export', body: exportBody } },
  },
  async (_context, found: Found) => ({ status: 200, body: showExport(found) }),
  prepareExport,
);

function showExport({ operation, input, last }: Found): z.input<typeof exportBody> {
  const { id, status, tenantId, createdAt, warnings } = operation;
  const isReady = status === 'succeeded';
  const { sources, from, to, format, repository, filterNames } = input;
  return {
    ...{ id, operationId: id, status, from, to, format, repository },
    ...{ sources: [...sources], filters: [...filterNames], warnings: [...warnings] },
    records: last?.records ?? 0,
    bytes: last === undefined ? 0 : last.offset + last.bytes,
    complete: isReady && last?.isWhole === true,
    createdDateTime: createdAt.toISOString(),
    expiresDateTime: expiryOf(operation)?.toISOString(),
    ...(isReady ? { contentLocation: `/api/tenants/${tenantId}/logExports/${id}/content` } : {}),
  };
}

const contentTypes = { ndjson: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' };

interface Content {
  readonly found: Found;
  readonly size: number;
  readonly etag: string;
  readonly from: number;
  readonly bytes: Buffer;
  readonly isPart: boolean;
  /** Set when the range cannot be answered. */
  readonly refusal?: BackupError;
}

const prepareContent: Prepare<Content> = async (input) => {
  const found = await prepareExport(input);
  const { operation, last } = found;
  if (operation.status !== 'succeeded' || last === undefined) {
    throw new BackupError('exportNotReady', `export ${operation.id} is ${operation.status}`);
  }
  const size = last.offset + last.bytes;
  const etag = `"${operation.id}-${size}"`;
  const bytes = Buffer.alloc(0);
  const condition = input.header('if-range');
  const header = condition === undefined || condition === etag ? input.header('range') : undefined;
  try {
    const range = byteRange(header, size);
    return { found, size, etag, ...range, bytes: await contentOf(input.services, found, range) };
  } catch (error) {
    if (!isBackupError(error, 'rangeInvalid')) throw error;
    return { found, size, etag, bytes, from: 0, isPart: false, refusal: error };
  }
};

async function contentOf(
  services: Services,
  { operation, last }: Found,
  { from, bytes }: { readonly from: number; readonly bytes: number },
): Promise<Buffer> {
  if (last === undefined || bytes === 0) return Buffer.alloc(0);
  return await openLogExport(services, operation).exported.read(last, from, bytes);
}

defineRoute(
  {
    name: 'getLogExportContent',
    method: 'GET',
    path: '/tenants/{tenantId}/logExports/{id}/content',
    summary: 'Bytes of an export, at most 8 MiB an answer: ask for ranges',
    params,
    replies: {
      200: { description: 'All of it, when it is not larger' },
      206: { description: 'The range, or its first 8 MiB' },
      416: { description: 'The range is needed, wrong or outside' },
    },
  },
  async (_context, content: Content) => {
    const { found, size, etag, from, bytes, isPart, refusal } = content;
    const unsatisfied = { 'content-range': `bytes */${size}` };
    if (refusal !== undefined) {
      const reply = errorReply(refusal);
      return { ...reply, headers: { ...reply.headers, ...unsatisfied } };
    }
    const { id } = found.operation;
    const { format } = found.input;
    return {
      status: isPart ? 206 : 200,
      body: new BytesBody(bytes),
      headers: {
        'content-type': contentTypes[format],
        'content-disposition': `attachment; filename="logs-${id}.${format}"`,
        'accept-ranges': 'bytes',
        etag,
        ...(isPart ? { 'content-range': `bytes ${from}-${from + bytes.length - 1}/${size}` } : {}),
      },
      valuesShown: { exportId: id, from, items: bytes.length },
    };
  },
  prepareContent,
);
