import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { writeJson } from '../../shared/json/write-json.ts';
import {
  type Comparison,
  createComparison,
  findComparison,
  listComparisons,
} from '../../shared/repository/comparisons.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { listDifferences } from '../../shared/repository/differences.ts';
import { createOperation, updateOperation } from '../../shared/repository/operations.ts';
import { resolvePoint } from '../../shared/repository/restore-points.ts';
import { resolveSelection } from '../../shared/repository/selections.ts';
import { selectableSpaces } from '../restore-parts.ts';
import { shownValues } from './authorise.ts';
import { accepted } from './backups.ts';
import { defineRoute } from './route.ts';
import { TextBody } from './route-definition.ts';
import { guid, listOf, operationBody, pageOf, pageQuery, paging, timeText } from './schemas.ts';
import { selectionBody, selectionOf } from './selection.ts';
import { differenceBody, showDifferences } from './show-difference.ts';

const point = z.union([z.number().int().min(1), z.string().min(1).max(64)]);
const params = z.strictObject({ id: guid });
const typeSummary = z.object({
  added: z.number(),
  removed: z.number(),
  modified: z.number(),
  links: z.number(),
});
const summary = z.record(z.string(), typeSummary);

export const comparisonBody = z
  .object({
    id: z.string(),
    operationId: z.string(),
    from: z.number().optional(),
    to: z.number().optional(),
    toLive: z.boolean().meta({ description: 'to is a point taken for this comparison' }),
    selection: z.unknown(),
    state: z.enum(['pending', 'listed', 'ready', 'failed']),
    summary: summary.optional(),
    createdBy: z.string(),
    createdDateTime: timeText,
  })
  .meta({ id: 'Comparison' });

defineRoute(
  {
    name: 'createComparison',
    method: 'POST',
    path: '/tenants/{tenantId}/comparisons',
    summary: 'Compares a point with another one, or with the live state (to: "live")',
    body: z.strictObject({
      from: point,
      to: point,
      selection: selectionBody.optional(),
    }),
    act: 'comparison.create',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { tx, tenant, access, body } = context;
    const from = await resolvePoint(tx, tenant, String(body.from));
    const isLive = body.to === 'live';
    if (isLive && tenant.state === 'paused') {
      throw new BackupError('tenantPaused', 'a live point would be taken of a paused tenant');
    }
    const to = isLive ? undefined : await resolvePoint(tx, tenant, String(body.to));
    const selection = selectionOf(body.selection ?? { all: true });
    await resolveSelection(tx, selection, selectableSpaces);
    const id = crypto.randomUUID();
    const operation = await createOperation(tx, {
      id: crypto.randomUUID(),
      tenantNo: tenant.tenantNo,
      kind: 'comparison',
      requestedBy: access.caller.objectId,
      trigger: 'api',
      request: { comparisonId: id },
    });
    await createComparison(tx, {
      id,
      operationId: operation.id,
      purpose: 'comparison',
      fromPoint: from.number,
      ...(to === undefined ? { live: 'to' } : { toPoint: to.number }),
      selection: JSON.stringify(selection),
      createdBy: access.caller.objectId,
    });
    const resourceLocation = `/api/tenants/${tenant.tenantId}/comparisons/${id}`;
    await updateOperation(tx, operation.id, { resourceLocation });
    return accepted(context, { ...operation, resourceLocation }, { comparisonId: id });
  },
);

const listPosition = z.object({ at: z.iso.datetime(), id: z.uuid() });

defineRoute(
  {
    name: 'listComparisons',
    method: 'GET',
    path: '/tenants/{tenantId}/comparisons',
    summary: 'Comparisons, newest first',
    query: pageQuery,
    replies: { 200: { description: 'A page', body: pageOf(comparisonBody) } },
  },
  async ({ tx, top, position, page }) => {
    const after = position(listPosition);
    const before =
      after === undefined ? undefined : { createdAt: new Date(after.at), id: after.id };
    const found = await listComparisons(tx, top + 1, before);
    const last = found.length > top ? found[top - 1] : undefined;
    return page(
      found.slice(0, top).map(showComparison),
      last && { at: last.createdAt.toISOString(), id: last.id },
    );
  },
);

defineRoute(
  {
    name: 'getComparison',
    method: 'GET',
    path: '/tenants/{tenantId}/comparisons/{id}',
    summary: 'One comparison',
    params,
    replies: { 200: { description: 'The comparison', body: comparisonBody } },
  },
  async ({ tx, params: { id } }) => ({
    status: 200,
    body: showComparison(await shownComparison(tx, id)),
  }),
);

defineRoute(
  {
    name: 'getComparisonSummary',
    method: 'GET',
    path: '/tenants/{tenantId}/comparisons/{id}/summary',
    summary: 'Counts of differences by type',
    params,
    replies: { 200: { description: 'The counts', body: z.object({ types: summary }) } },
  },
  async ({ tx, params: { id } }) => {
    const comparison = await readyComparison(tx, id);
    return { status: 200, body: { types: comparison.summary } };
  },
);

defineRoute(
  {
    name: 'listDifferences',
    method: 'GET',
    path: '/tenants/{tenantId}/comparisons/{id}/differences',
    summary: 'Differences by type and id of the object',
    params,
    query: z.strictObject({
      ...paging,
      type: listOf(z.string().min(1).max(100)).optional(),
      change: listOf(z.enum(['added', 'removed', 'modified'])).optional(),
    }),
    replies: { 200: { description: 'A page', body: pageOf(differenceBody) } },
  },
  async ({ tx, rights, params: { id }, query, top, position, page }) => {
    const comparison = await readyComparison(tx, id);
    const after = position(z.object({ no: z.number().int() }))?.no ?? 0;
    const found = await listDifferences(tx, id, after, top + 1, {
      ...(query.type === undefined ? {} : { types: query.type }),
      ...(query.change === undefined ? {} : { changes: query.change }),
    });
    const shown = found.slice(0, top);
    const last = found.length > top ? shown.at(-1) : undefined;
    const value = await showDifferences(tx, comparison, shown, rights.attributeValues);
    const reply = page([], last && { no: last.no });
    const body = reply.body as { nextLink?: string };
    const next = body.nextLink === undefined ? {} : { nextLink: body.nextLink };
    return {
      ...reply,
      body: new TextBody(writeJson({ value, ...next })),
      ...shownValues(rights, value.length, { comparisonId: id }),
    };
  },
);

/** A comparison that was asked for; those inside plans are not shown. */
async function shownComparison(tx: Transaction, id: string): Promise<Comparison> {
  const comparison = await findComparison(tx, id);
  if (comparison?.purpose === 'comparison') return comparison;
  throw new BackupError('notFound', `no comparison ${id}`);
}

async function readyComparison(tx: Transaction, id: string): Promise<Comparison> {
  const comparison = await shownComparison(tx, id);
  if (comparison.state === 'ready') return comparison;
  throw new BackupError('planNotReady', `comparison ${id} is ${comparison.state}`);
}

function showComparison(comparison: Comparison): z.input<typeof comparisonBody> {
  return {
    id: comparison.id,
    operationId: comparison.operationId,
    from: comparison.fromPoint,
    to: comparison.toPoint,
    toLive: comparison.live === 'to',
    selection: JSON.parse(comparison.selection) as unknown,
    state: comparison.state,
    summary: comparison.state === 'ready' ? { ...comparison.summary } : undefined,
    createdBy: comparison.createdBy,
    createdDateTime: comparison.createdAt.toISOString(),
  };
}
