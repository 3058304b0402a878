import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import {
  createInspection,
  type Finding,
  getInspection,
  type Inspection,
  type InspectionKind,
  listFindings,
} from '../../shared/repository/inspections.ts';
import { createOperation, updateOperation } from '../../shared/repository/operations.ts';
import { copyPlaces } from '../copy-parts.ts';
import {
  type InspectedPart,
  inspectedParts,
  type VerificationRequest,
} from '../inspection-requests.ts';
import { logPlaces, requireLogPlaces } from '../log-parts.ts';
import { requireSecondary } from '../log-upkeep-parts.ts';
import type { Services } from '../services.ts';
import { accepted } from './backups.ts';
import { defineRoute } from './route.ts';
import type { Reply, TenantContext } from './route-definition.ts';
import { guid, operationBody, pageQuery, timeText } from './schemas.ts';

const params = z.strictObject({ id: guid });
const repository = z.enum(['primary', 'secondary']);
const counts = z.record(z.string(), z.number());

/** Names, kinds and numbers; no personal data. */
export const findingBody = z
  .object({
    part: z.string(),
    repository: z.string(),
    kind: z.string(),
    name: z.string(),
    number: z.number().optional(),
    frame: z.number().optional(),
    message: z.string(),
  })
  .meta({ id: 'Finding' });

const verificationBody = z
  .object({
    id: z.string(),
    operationId: z.string(),
    level: z.enum(['quick', 'full']),
    of: z.array(z.enum(inspectedParts)),
    repository: repository.optional(),
    state: z.enum(['running', 'done', 'failed']),
    /** What was looked at, by repository. */
    checked: z.array(
      z.object({
        of: z.string(),
        container: z.number().optional(),
        counts: z.record(z.string(), counts),
      }),
    ),
    defectCount: z.number(),
    defects: z.array(findingBody),
    /** More defects; only the first 10,000 are named. */
    nextLink: z.url().optional(),
    createdBy: z.string(),
    createdDateTime: timeText,
    finishedDateTime: timeText.optional(),
  })
  .meta({ id: 'Verification' });

defineRoute(
  {
    name: 'createVerification',
    method: 'POST',
    path: '/tenants/{tenantId}/verifications',
    summary:
      'Verifies logs and tenant copies in their repositories; names defects, repairs nothing',
    body: z.strictObject({
      level: z.enum(['quick', 'full']),
      of: z.array(z.enum(inspectedParts)).min(1).max(inspectedParts.length).optional(),
      repository: repository.optional(),
    }),
    act: 'verification.create',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { body, services } = context;
    const of = partsToVerify(services, body.of);
    if (body.repository === 'secondary') requireSecondary(requireLogPlaces(services));
    const request: VerificationRequest = {
      ...{ level: body.level, of },
      ...(body.repository === undefined ? {} : { repository: body.repository }),
    };
    const audit = { level: body.level };
    return await startInspection(context, { kind: 'verification', request, audit });
  },
);

/** What is asked for, or everything there is. Throws `logsNotConfigured` and `copyMissing`. */
function partsToVerify(
  services: Services,
  asked: readonly InspectedPart[] | undefined,
): readonly InspectedPart[] {
  const isStored = (part: InspectedPart): boolean =>
    part === 'tenantCopy' ? copyPlaces(services).length > 0 : logPlaces(services) !== undefined;
  if (asked === undefined) {
    const stored = inspectedParts.filter(isStored);
    if (stored.length === 0) requireLogPlaces(services);
    return stored;
  }
  const of = inspectedParts.filter((part) => asked.includes(part));
  if (of.includes('tenantCopy') && !isStored('tenantCopy')) {
    throw new BackupError('copyMissing', 'TENANT_COPY_REPOSITORIES is not set');
  }
  if (of.some((part) => part !== 'tenantCopy')) requireLogPlaces(services);
  return of;
}

export interface NewInspection {
  readonly kind: InspectionKind;
  readonly request: object;
  readonly reason?: string;
  readonly audit: Readonly<Record<string, unknown>>;
}

/** Writes operation and inspection; the orchestration starts once they are committed. */
export async function startInspection(
  context: TenantContext<unknown, unknown, unknown>,
  { kind, request, reason, audit }: NewInspection,
): Promise<Reply> {
  const { tx, tenant, access } = context;
  const [id, createdBy] = [crypto.randomUUID(), access.caller.objectId];
  const operation = await createOperation(tx, {
    id: crypto.randomUUID(),
    ...{ tenantNo: tenant.tenantNo, kind, requestedBy: createdBy, trigger: 'api' },
    ...(reason === undefined ? {} : { reason }),
    request: { ...request, inspectionId: id },
  });
  const { id: operationId } = operation;
  await createInspection(tx, {
    id,
    operationId,
    kind,
    createdBy,
    request: JSON.stringify(request),
  });
  const folder = kind === 'verification' ? 'verifications' : 'logRepairs';
  const resourceLocation = `/api/tenants/${tenant.tenantId}/${folder}/${id}`;
  await updateOperation(tx, operationId, { resourceLocation });
  return accepted(context, { ...operation, resourceLocation }, { ...audit, inspectionId: id });
}

defineRoute(
  {
    name: 'getVerification',
    method: 'GET',
    path: '/tenants/{tenantId}/verifications/{id}',
    summary: 'A verification with what it has found so far, defects page by page',
    params,
    query: pageQuery,
    replies: { 200: { description: 'The verification', body: verificationBody } },
  },
  async (context) => {
    const inspection = await getInspection(context.tx, 'verification', context.params.id);
    const { level, of, repository: side } = JSON.parse(inspection.request) as VerificationRequest;
    const { findings: defects, ...more } = await findingsPage(context, inspection.id);
    const checked = JSON.parse(inspection.summary) as {
      readonly of: string;
      readonly container?: number;
      readonly checked: Record<string, Record<string, number>>;
    }[];
    const body: z.input<typeof verificationBody> = {
      ...shownInspection(inspection),
      ...{ level, of: [...of], repository: side },
      checked: checked.map(({ checked: found, ...rest }) => ({ ...rest, counts: found })),
      ...{ defectCount: inspection.findingCount, defects, ...more },
    };
    return { status: 200, body };
  },
);

/** What verifications and repairs show alike. */
export function shownInspection(inspection: Inspection) {
  return {
    id: inspection.id,
    operationId: inspection.operationId,
    state: inspection.state,
    createdBy: inspection.createdBy,
    createdDateTime: inspection.createdAt.toISOString(),
    finishedDateTime: inspection.finishedAt?.toISOString(),
  };
}

const findingPosition = z.object({ no: z.number().int() });

/** One page of findings and the link to the next one. */
export async function findingsPage(
  context: Pick<TenantContext<unknown, unknown, unknown>, 'tx' | 'top' | 'position' | 'page'>,
  id: string,
): Promise<{ readonly findings: Finding[]; readonly nextLink?: string }> {
  const { tx, top, position, page } = context;
  const found = await listFindings(tx, id, position(findingPosition)?.no ?? 0, top + 1);
  const shown = found.slice(0, top);
  const last = found.length > top ? shown.at(-1) : undefined;
  const { body } = page([], last && { no: last.no });
  const { nextLink } = body as { readonly nextLink?: string };
  const findings = shown.map(({ no: _, ...finding }) => finding);
  return nextLink === undefined ? { findings } : { findings, nextLink };
}
