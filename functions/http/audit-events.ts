import { z } from 'zod';
import { type AuditEvent, listAuditEvents } from '../../shared/repository/audit-events.ts';
import { findTenant } from '../../shared/repository/tenants.ts';
import { noSuchTenant } from './authorise.ts';
import { tenantsWith } from './caller.ts';
import { defineRegistryRoute } from './route.ts';
import { rolesFor } from './route-access.ts';
import { guid, pageOf, paging, time, timeText } from './schemas.ts';

const auditEventBody = z
  .object({
    id: z.string(),
    dateTime: timeText,
    tenantId: z.string().optional(),
    principalId: z.string(),
    roles: z.array(z.string()),
    action: z.string(),
    target: z.string(),
    reason: z.string().optional(),
    detail: z.record(z.string(), z.unknown()),
    requestId: z.string(),
  })
  .meta({ id: 'AuditEvent' });

defineRegistryRoute(
  {
    name: 'listAuditEvents',
    method: 'GET',
    path: '/auditEvents',
    summary: 'What was done through this API, newest first',
    query: z.strictObject({
      tenantId: guid.optional(),
      from: time.optional(),
      to: time.optional(),
      ...paging,
    }),
    replies: { 200: { description: 'A page', body: pageOf(auditEventBody) } },
  },
  async ({ tx, access, query, top, position, page }) => {
    const mine = tenantsWith(access, rolesFor('listAuditEvents') ?? []);
    let tenantNos = mine;
    if (query.tenantId !== undefined) {
      const tenant = await findTenant(tx, query.tenantId);
      const isMine = tenant && (mine === undefined || mine.includes(tenant.tenantNo));
      if (!isMine) throw noSuchTenant(tenant);
      tenantNos = [tenant.tenantNo];
    }
    const before = position(z.number().int());
    const found = await listAuditEvents(tx, {
      ...(tenantNos === undefined ? {} : { tenantNos }),
      ...(query.from === undefined ? {} : { from: query.from }),
      ...(query.to === undefined ? {} : { to: query.to }),
      ...(before === undefined ? {} : { before }),
      top: top + 1,
    });
    const shown = found.slice(0, top);
    return page(shown.map(show), found.length > top ? shown.at(-1)?.id : undefined);
  },
);

function show(event: AuditEvent): z.input<typeof auditEventBody> {
  return {
    id: String(event.id),
    dateTime: event.at.toISOString(),
    tenantId: event.tenantId,
    principalId: event.principalId,
    roles: [...event.roles],
    action: event.action,
    target: event.target,
    reason: event.reason,
    detail: { ...event.detail },
    requestId: event.requestId,
  };
}
