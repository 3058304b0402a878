import { z } from 'zod';
import { logSources } from '../../shared/model/log-source.ts';
import { getInspection } from '../../shared/repository/inspections.ts';
import type { LogRepairRequest } from '../inspection-requests.ts';
import { requireLogPlaces } from '../log-parts.ts';
import { requireSecondary } from '../log-upkeep-parts.ts';
import { defineRoute } from './route.ts';
import { guid, operationBody, pageQuery, reason, timeText } from './schemas.ts';
import { findingBody, findingsPage, shownInspection, startInspection } from './verifications.ts';

const params = z.strictObject({ id: guid });
const repository = z.enum(['primary', 'secondary']);
const source = z.enum(logSources);

const repairBody = z
  .object({
    id: z.string(),
    operationId: z.string(),
    from: repository,
    to: repository,
    sources: z.array(source),
    state: z.enum(['running', 'done', 'failed']),
    repaired: z.array(z.object({ of: z.string(), segments: z.number(), manifests: z.number() })),
    unrepairedCount: z.number(),
    /** What stays as it is, and why. */
    unrepaired: z.array(findingBody),
    nextLink: z.url().optional(),
    createdBy: z.string(),
    createdDateTime: timeText,
    finishedDateTime: timeText.optional(),
  })
  .meta({ id: 'LogRepair' });

defineRoute(
  {
    name: 'createLogRepair',
    method: 'POST',
    path: '/tenants/{tenantId}/logRepairs',
    summary:
      'Repairs one log repository from the other: what is defective there is put in its place anew',
    body: z
      .strictObject({
        from: repository,
        to: repository,
        reason,
        sources: z.array(source).min(1).max(logSources.length).optional(),
      })
      .refine(({ from, to }) => from !== to, { path: ['to'], error: 'is the same as from' }),
    act: 'logRepair.create',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { from, to, reason: why, sources: asked } = context.body;
    requireSecondary(requireLogPlaces(context.services));
    const sources = logSources.filter((each) => asked === undefined || asked.includes(each));
    const request: LogRepairRequest = { from, to, sources };
    const audit = { from, to, reason: why };
    return await startInspection(context, { kind: 'logRepair', request, reason: why, audit });
  },
);

defineRoute(
  {
    name: 'getLogRepair',
    method: 'GET',
    path: '/tenants/{tenantId}/logRepairs/{id}',
    summary: 'A repair with what it has put in order and what it could not, page by page',
    params,
    query: pageQuery,
    replies: { 200: { description: 'The repair', body: repairBody } },
  },
  async (context) => {
    const inspection = await getInspection(context.tx, 'logRepair', context.params.id);
    const { from, to, sources } = JSON.parse(inspection.request) as LogRepairRequest;
    const { findings: unrepaired, ...more } = await findingsPage(context, inspection.id);
    const body: z.input<typeof repairBody> = {
      ...shownInspection(inspection),
      ...{ from, to, sources: [...sources] },
      repaired: JSON.parse(inspection.summary) as z.input<typeof repairBody>['repaired'],
      ...{ unrepairedCount: inspection.findingCount, unrepaired, ...more },
    };
    return { status: 200, body };
  },
);
