import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { JsonObject } from '../../shared/json/json-value.ts';
import { writeJson } from '../../shared/json/write-json.ts';
import { createComparison } from '../../shared/repository/comparisons.ts';
import { createOperation, updateOperation } from '../../shared/repository/operations.ts';
import { listNotes, listSteps } from '../../shared/repository/plan-steps.ts';
import { createPlan, getPlan, listPlans } from '../../shared/repository/restore-plans.ts';
import { resolvePoint } from '../../shared/repository/restore-points.ts';
import { resolveSelection } from '../../shared/repository/selections.ts';
import { selectableSpaces } from '../restore-parts.ts';
import { shownValues } from './authorise.ts';
import { accepted } from './backups.ts';
import { contentTypes, planDocument } from './plan-document.ts';
import { defineRoute } from './route.ts';
import { TextBody } from './route-definition.ts';
import { guid, operationBody, pageOf, pageQuery, reason } from './schemas.ts';
import { selectionBody, selectionOf } from './selection.ts';
import { planBody, planItemBody, showPlan, showPlanItems } from './show-plan.ts';

const lifeHours = 24;
const documentItems = 10_000;
const params = z.strictObject({ id: guid });

defineRoute(
  {
    name: 'createRestorePlan',
    method: 'POST',
    path: '/tenants/{tenantId}/restorePlans',
    summary: 'Plans to bring a selection back to a restore point; writes nothing to the tenant',
    body: z.strictObject({
      restorePoint: z.union([z.number().int().min(1), z.string().min(1).max(64)]),
      selection: selectionBody,
      options: z.strictObject({}).default({}),
      reason: reason.optional(),
    }),
    act: 'restorePlan.create',
    replies: { 202: { description: 'The operation to follow', body: operationBody } },
  },
  async (context) => {
    const { tx, tenant, access, body } = context;
    // before the live point is taken, which would be the newest one then
    const selector = String(body.restorePoint);
    const point = await resolvePoint(tx, tenant, selector);
    // Neither latest nor a time names a point: whoever wants a suspicious one says its number.
    const isNamed = /^\d+$/.test(selector);
    if (!isNamed && point.suspicious && point.acknowledged === undefined) {
      throw new BackupError('pointMustBeExplicit', `restore point ${point.number} is suspicious`);
    }
    const selection = selectionOf(body.selection);
    await resolveSelection(tx, selection, selectableSpaces);
    const ids = { plan: crypto.randomUUID(), comparison: crypto.randomUUID() };
    const requestedBy = access.caller.objectId;
    const operation = await createOperation(tx, {
      id: crypto.randomUUID(),
      tenantNo: tenant.tenantNo,
      kind: 'restorePlan',
      requestedBy,
      trigger: 'api',
      ...(body.reason === undefined ? {} : { reason: body.reason }),
      request: { planId: ids.plan },
    });
    await createComparison(tx, {
      id: ids.comparison,
      operationId: operation.id,
      purpose: 'plan',
      live: 'from',
      toPoint: point.number,
      selection: JSON.stringify(selection),
      createdBy: requestedBy,
    });
    await createPlan(tx, {
      id: ids.plan,
      operationId: operation.id,
      comparisonId: ids.comparison,
      point: point.number,
      selection: JSON.stringify(selection),
      options: JSON.stringify(body.options),
      requestedBy,
      ...(body.reason === undefined ? {} : { reason: body.reason }),
      lifeHours,
    });
    const resourceLocation = `/api/tenants/${tenant.tenantId}/restorePlans/${ids.plan}`;
    await updateOperation(tx, operation.id, { resourceLocation });
    const audit = { planId: ids.plan, restorePoint: point.number };
    return accepted(context, { ...operation, resourceLocation }, audit);
  },
);

const listPosition = z.object({ at: z.iso.datetime(), id: z.uuid() });

defineRoute(
  {
    name: 'listRestorePlans',
    method: 'GET',
    path: '/tenants/{tenantId}/restorePlans',
    summary: 'Restore plans, newest first',
    query: pageQuery,
    replies: { 200: { description: 'A page', body: pageOf(planBody) } },
  },
  async ({ tx, now, top, position, page }) => {
    const after = position(listPosition);
    const before =
      after === undefined ? undefined : { createdAt: new Date(after.at), id: after.id };
    const found = await listPlans(tx, top + 1, before);
    const last = found.length > top ? found[top - 1] : undefined;
    return page(
      found.slice(0, top).map((plan) => showPlan(plan, now)),
      last && { at: last.createdAt.toISOString(), id: last.id },
    );
  },
);

defineRoute(
  {
    name: 'getRestorePlan',
    method: 'GET',
    path: '/tenants/{tenantId}/restorePlans/{id}',
    summary: 'One restore plan with its hash, counts and the permissions it needs',
    params,
    replies: { 200: { description: 'The plan', body: planBody } },
  },
  async ({ tx, now, params: { id } }) => ({
    status: 200,
    body: showPlan(await getPlan(tx, id), now),
  }),
);

defineRoute(
  {
    name: 'listRestorePlanSteps',
    method: 'GET',
    path: '/tenants/{tenantId}/restorePlans/{id}/steps',
    summary: 'Every write of a plan in order; with kind=notes what it does not write, and why',
    params,
    query: pageQuery.extend({ kind: z.enum(['steps', 'notes']).default('steps') }),
    replies: { 200: { description: 'A page', body: pageOf(planItemBody) } },
  },
  async ({ tx, rights, params: { id }, query: { kind }, top, position, page }) => {
    const plan = await getPlan(tx, id);
    if (plan.hash === undefined) {
      throw new BackupError('planNotReady', `restore plan ${id} is ${plan.state}`);
    }
    const after = position(z.union([z.object({ no: z.number() }), z.object({ id: z.string() })]));
    const rows =
      kind === 'steps'
        ? await listSteps(tx, id, after && 'no' in after ? after.no : 0, top + 1)
        : await listNotes(tx, id, after && 'id' in after ? after.id : '', top + 1);
    const shown = rows.slice(0, top);
    const last = rows.length > top ? shown.at(-1) : undefined;
    const next = last && ('no' in last ? { no: last.no } : { id: last.id });
    const value = await showPlanItems(tx, shown, plan.point, rights.attributeValues);
    const { nextLink } = page([], next).body as { nextLink?: string };
    const body = nextLink === undefined ? { value } : { value, nextLink };
    const read = shownValues(rights, value.length, { planId: id, kind });
    return { status: 200, body: new TextBody(writeJson(body)), ...read };
  },
);

defineRoute(
  {
    name: 'getRestorePlanDocument',
    method: 'GET',
    path: '/tenants/{tenantId}/restorePlans/{id}/document',
    summary: `The whole plan as one document of at most ${documentItems} steps and as many notes`,
    params,
    query: z.strictObject({ format: z.enum(['json', 'csv', 'html']).default('json') }),
    replies: { 200: { description: 'The document' } },
  },
  async ({ tx, now, rights, params: { id }, query: { format } }) => {
    const plan = await getPlan(tx, id);
    if (plan.hash === undefined) {
      throw new BackupError('planNotReady', `restore plan ${id} is ${plan.state}`);
    }
    const steps = await listSteps(tx, id, 0, documentItems + 1);
    const notes = await listNotes(tx, id, '', documentItems + 1);
    if (steps.length > documentItems || notes.length > documentItems) {
      throw new BackupError('payloadTooLarge', 'the plan is read page by page under /steps');
    }
    const values = rights.attributeValues;
    const shownSteps = await showPlanItems(tx, steps, plan.point, values);
    const shownNotes = await showPlanItems(tx, notes, plan.point, values);
    const head = JSON.parse(JSON.stringify(showPlan(plan, now))) as JsonObject;
    return {
      status: 200,
      headers: { 'content-type': contentTypes[format] },
      body: new TextBody(planDocument(format, head, shownSteps, shownNotes)),
      ...shownValues(rights, steps.length + notes.length, { planId: id, format }),
    };
  },
);
