import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { JsonObject } from '../../shared/json/json-value.ts';
import { writeJson } from '../../shared/json/write-json.ts';
import { isMappedSince } from '../../shared/repository/identity-map.ts';
import { createOperation, updateOperation } from '../../shared/repository/operations.ts';
import { listNotes } from '../../shared/repository/plan-steps.ts';
import { changePlan, getPlan } from '../../shared/repository/restore-plans.ts';
import { listRestoreSteps } from '../../shared/repository/restore-steps.ts';
import {
  createRestore,
  getRestore,
  listRestores,
  type Restore,
} from '../../shared/repository/restores.ts';
import { shownValues } from './authorise.ts';
import { accepted } from './backups.ts';
import { decidablePlan } from './plan-decisions.ts';
import { defineRoute } from './route.ts';
import { TextBody } from './route-definition.ts';
import { guid, operationBody, pageOf, pageQuery, reason, timeText } from './schemas.ts';
import { planItemBody, showPlanItems } from './show-plan.ts';
import { showExecution } from './show-restore.ts';

const params = z.strictObject({ id: guid });

const restoreBody = z
  .object({
    id: z.string(),
    operationId: z.string(),
    planId: z.string(),
    state: z.enum(['running', 'verifying', 'succeeded', 'failed', 'canceled']),
    requestedBy: z.string(),
    reason: z.string(),
    createdDateTime: timeText,
    finishedDateTime: timeText.optional(),
  })
  .meta({ id: 'Restore' });

defineRoute(
  {
    name: 'createRestore',
    method: 'POST',
    path: '/tenants/{tenantId}/restores',
    summary: 'Applies an approved plan, once',
    body: z.strictObject({
      planId: guid,
      planHash: z.string().regex(/^[0-9a-f]{64}$/, 'is not the hash of a plan'),
      reason,
    }),
    act: 'restore.create',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { tx, tenant, access, body } = context;
    const plan = await decidablePlan(tx, body.planId, ['ready', 'approved']);
    if (plan.state !== 'approved') {
      throw new BackupError('approvalMissing', `restore plan ${plan.id} is not approved`);
    }
    if (plan.hash !== body.planHash) {
      throw new BackupError('planHashMismatch', `restore plan ${plan.id} has another hash`);
    }
    const id = crypto.randomUUID();
    const requestedBy = access.caller.objectId;
    const operation = await createOperation(tx, {
      id: crypto.randomUUID(),
      tenantNo: tenant.tenantNo,
      kind: 'restore',
      requestedBy,
      trigger: 'api',
      reason: body.reason,
      request: { planId: plan.id, restoreId: id },
    });
    // after the row of the operation, which keeps further entries out until the restore has ended
    if (await isMappedSince(tx, plan.id)) {
      throw new BackupError('planExpired', 'the identity map was changed since the plan was made');
    }
    await changePlan(tx, plan.id, 'approved', { state: 'applied' });
    await createRestore(tx, {
      id,
      operationId: operation.id,
      planId: plan.id,
      requestedBy,
      reason: body.reason,
    });
    const resourceLocation = `/api/tenants/${tenant.tenantId}/restores/${id}`;
    await updateOperation(tx, operation.id, { resourceLocation });
    const audit = { restoreId: id, planId: plan.id, planHash: plan.hash };
    return accepted(context, { ...operation, resourceLocation }, audit);
  },
);

const listPosition = z.object({ at: z.iso.datetime(), id: z.uuid() });

defineRoute(
  {
    name: 'listRestores',
    method: 'GET',
    path: '/tenants/{tenantId}/restores',
    summary: 'Restores, newest first',
    query: pageQuery,
    replies: { 200: { description: 'A page', body: pageOf(restoreBody) } },
  },
  async ({ tx, top, position, page }) => {
    const after = position(listPosition);
    const before =
      after === undefined ? undefined : { createdAt: new Date(after.at), id: after.id };
    const found = await listRestores(tx, top + 1, before);
    const last = found.length > top ? found[top - 1] : undefined;
    return page(
      found.slice(0, top).map(showRestore),
      last && { at: last.createdAt.toISOString(), id: last.id },
    );
  },
);

defineRoute(
  {
    name: 'getRestore',
    method: 'GET',
    path: '/tenants/{tenantId}/restores/{id}',
    summary: 'One restore; its operation tells how far it is',
    params,
    replies: { 200: { description: 'The restore', body: restoreBody } },
  },
  async ({ tx, params: { id } }) => ({ status: 200, body: showRestore(await getRestore(tx, id)) }),
);

defineRoute(
  {
    name: 'listRestoreSteps',
    method: 'GET',
    path: '/tenants/{tenantId}/restores/{id}/steps',
    summary: 'Every step with what became of it, in order',
    params,
    query: pageQuery,
    replies: { 200: { description: 'A page', body: pageOf(planItemBody) } },
  },
  async ({ tx, rights, params: { id }, top, position, page }) => {
    const restore = await getRestore(tx, id);
    const plan = await getPlan(tx, restore.planId);
    const after = position(z.object({ no: z.number() }))?.no ?? 0;
    const rows = await listRestoreSteps(tx, id, after, top + 1);
    const shown = rows.slice(0, top);
    const last = rows.length > top ? shown.at(-1) : undefined;
    const value = await showExecution(tx, shown, plan.point, rights.attributeValues);
    const { nextLink } = page([], last && { no: last.no }).body as { nextLink?: string };
    const body = nextLink === undefined ? { value } : { value, nextLink };
    const read = shownValues(rights, value.length, { restoreId: id });
    return { status: 200, body: new TextBody(writeJson(body)), ...read };
  },
);

const reportPosition = z.object({ no: z.number().optional(), note: z.string().optional() });

defineRoute(
  {
    name: 'getRestoreReport',
    method: 'GET',
    path: '/tenants/{tenantId}/restores/{id}/report',
    summary: 'What was done, skipped, in conflict, not restorable and pending: steps, then notes',
    params,
    query: pageQuery.extend({ format: z.enum(['json']).default('json') }),
    replies: { 200: { description: 'A page', body: pageOf(planItemBody) } },
  },
  async ({ tx, rights, params: { id }, top, position, page }) => {
    const restore = await getRestore(tx, id);
    const plan = await getPlan(tx, restore.planId);
    const after = position(reportPosition) ?? {};
    const values = rights.attributeValues;
    const items: JsonObject[] = [];
    let next: z.input<typeof reportPosition> | undefined;
    if (after.note === undefined) {
      const rows = await listRestoreSteps(tx, id, after.no ?? 0, top);
      items.push(...(await showExecution(tx, rows, plan.point, values)));
      next = rows.length === top ? { no: rows.at(-1)?.no } : { note: '' };
    } else {
      const notes = await listNotes(tx, plan.id, after.note, top);
      items.push(...(await showPlanItems(tx, notes, plan.point, values)));
      next = notes.length === top ? { note: notes.at(-1)?.id } : undefined;
    }
    const { nextLink } = page([], next).body as { nextLink?: string };
    const body = nextLink === undefined ? { value: items } : { value: items, nextLink };
    const read = shownValues(rights, items.length, { restoreId: id });
    return { status: 200, body: new TextBody(writeJson(body)), ...read };
  },
);

function showRestore(restore: Restore): z.input<typeof restoreBody> {
  return {
    id: restore.id,
    operationId: restore.operationId,
    planId: restore.planId,
    state: restore.state,
    requestedBy: restore.requestedBy,
    reason: restore.reason,
    createdDateTime: restore.createdAt.toISOString(),
    finishedDateTime: restore.finishedAt?.toISOString(),
  };
}
