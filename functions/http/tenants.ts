import { z } from 'zod';
import type { Tenant } from '../../shared/model/tenant.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { replaceJobs } from '../../shared/repository/jobs.ts';
import {
  createTenant,
  deleteTenant,
  findTenant,
  listTenants,
  type TenantSettings,
  updateTenant,
} from '../../shared/repository/tenants.ts';
import { nextRun } from '../durable/schedule-times.ts';
import { noSuchTenant, requireRole } from './authorise.ts';
import { isVisible, rightsIn, tenantsWith } from './caller.ts';
import { checkPrecondition } from './precondition.ts';
import { parsed } from './request-input.ts';
import { defineRegistryRoute, defineRoute } from './route.ts';
import { rolesFor } from './route-access.ts';
import type { Reply } from './route-definition.ts';
import { guid, pageOf, pageQuery } from './schemas.ts';
import {
  mergePatch,
  settingsOf,
  showTenant,
  tenantBody,
  tenantEtag,
  tenantInput,
  tenantPatch,
} from './tenant-settings.ts';

defineRegistryRoute(
  {
    name: 'listTenants',
    method: 'GET',
    path: '/tenants',
    summary: 'The tenants in which the caller holds a role',
    query: pageQuery,
    replies: { 200: { description: 'A page', body: pageOf(tenantBody) } },
  },
  async ({ tx, access, top, position, page }) => {
    const tenantNos = tenantsWith(access, rolesFor('listTenants') ?? []);
    const after = position(z.number().int());
    const found = await listTenants(tx, {
      ...(tenantNos === undefined ? {} : { tenantNos }),
      ...(after === undefined ? {} : { after }),
      top: top + 1,
    });
    const shown = found.slice(0, top);
    return page(shown.map(showTenant), found.length > top ? shown.at(-1)?.tenantNo : undefined);
  },
);

defineRoute(
  {
    name: 'getTenant',
    method: 'GET',
    path: '/tenants/{tenantId}',
    summary: 'One tenant with its settings',
    replies: { 200: { description: 'The tenant', body: tenantBody } },
  },
  async ({ tenant }) => replyOf(200, tenant),
);

defineRegistryRoute(
  {
    name: 'putTenant',
    method: 'PUT',
    path: '/tenants/{tenantId}',
    summary: 'Registers a tenant, or replaces its settings (If-Match)',
    params: z.strictObject({ tenantId: guid }),
    body: tenantInput,
    act: 'tenant.replace',
    replies: {
      200: { description: 'Replaced', body: tenantBody },
      201: { description: 'Registered', body: tenantBody },
    },
  },
  async ({ tx, access, params: { tenantId }, body, header, now, services }) => {
    const needed = rolesFor('putTenant') ?? [];
    const current = await findTenant(tx, tenantId);
    const isMine = current !== undefined && isVisible(access, current.tenantNo);
    // Who is not administrator of all tenants cannot tell an unknown tenant from a foreign one.
    if (!isMine && tenantsWith(access, needed) !== undefined) throw noSuchTenant(current);
    if (current !== undefined) requireRole(rightsIn(access, current.tenantNo).roles, needed);
    checkPrecondition(header, current && tenantEtag(current));
    const settings = settingsFrom(body, current?.cloud ?? services.settings.cloud);
    const tenant =
      current === undefined
        ? await createTenant(tx, tenantId, settings)
        : await updateTenant(tx, current.tenantNo, current.revision, settings);
    await saveJobs(tx, tenant, now);
    const { tenantNo } = tenant;
    const about = { tenantNo, tenantId };
    return { ...replyOf(current === undefined ? 201 : 200, tenant), about };
  },
);

defineRoute(
  {
    name: 'patchTenant',
    method: 'PATCH',
    path: '/tenants/{tenantId}',
    summary: 'Changes some settings of a tenant (merge patch, If-Match)',
    body: tenantPatch,
    act: 'tenant.update',
    replies: { 200: { description: 'The tenant as it is now', body: tenantBody } },
  },
  async ({ tx, tenant, body, header, now }) => {
    checkPrecondition(header, tenantEtag(tenant));
    const wanted = parsed(tenantInput, mergePatch(settingsOf(tenant), body), 'body');
    const settings = settingsFrom(wanted, tenant.cloud);
    const changed = await updateTenant(tx, tenant.tenantNo, tenant.revision, settings);
    await saveJobs(tx, changed, now);
    return { ...replyOf(200, changed), audit: { changed: Object.keys(body) } };
  },
);

defineRoute(
  {
    name: 'deleteTenant',
    method: 'DELETE',
    path: '/tenants/{tenantId}',
    summary: 'Removes a tenant that has no restore points (If-Match)',
    act: 'tenant.remove',
    replies: { 204: { description: 'Removed' } },
  },
  async ({ tx, tenant, header }) => {
    checkPrecondition(header, tenantEtag(tenant));
    await deleteTenant(tx, tenant.tenantNo, tenant.revision);
    return { status: 204 };
  },
);

function settingsFrom(body: z.output<typeof tenantInput>, cloud: Tenant['cloud']): TenantSettings {
  const { backup, restore } = body.apps;
  return {
    displayName: body.displayName,
    cloud: body.cloud ?? cloud,
    state: body.state,
    configuration: {
      apps: { ...(backup && { backup }), ...(restore && { restore }) },
      schedules: body.schedules.map(({ sources, ...schedule }) => ({
        ...schedule,
        ...(sources && { sources }),
      })),
      guards: body.guards,
      notifications: body.notifications,
    },
  };
}

async function saveJobs(tx: Transaction, tenant: Tenant, now: Date): Promise<void> {
  const jobs = tenant.configuration.schedules.map((schedule) => ({
    schedule,
    nextRunAt: nextRun(schedule, tenant.tenantId, now),
  }));
  await replaceJobs(tx, tenant.tenantNo, jobs);
}

function replyOf(status: number, tenant: Tenant): Reply {
  return { status, body: showTenant(tenant), headers: { etag: tenantEtag(tenant) } };
}
