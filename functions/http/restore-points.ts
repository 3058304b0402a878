import { z } from 'zod';
import type { RestorePoint } from '../../shared/model/points.ts';
import { collectionStatesAt } from '../../shared/repository/collection-states.ts';
import {
  acknowledgePoint,
  listPoints,
  parsePointSelector,
  resolvePoint,
  updatePoint,
} from '../../shared/repository/restore-points.ts';
import { tenantCopyLags } from './copies.ts';
import { defineRoute } from './route.ts';
import { label, pageOf, paging, reason, time } from './schemas.ts';
import {
  collectionStateBody,
  restorePointBody,
  showCollectionState,
  showPoint,
} from './show-point.ts';

/** `{n}` of a path: a number, latest, latestGood or asOf=<time>. */
export const pointSelector = z
  .string()
  .refine((text) => parsePointSelector(text) !== undefined, {
    error: 'is not a number, latest, latestGood or asOf=<time>',
  })
  .meta({ description: 'Number, `latest`, `latestGood` or `asOf=2026-11-24T09:30:00Z`' });

const params = z.strictObject({ n: pointSelector });
const fullBody = restorePointBody.extend({ collections: z.array(collectionStateBody) });

defineRoute(
  {
    name: 'listRestorePoints',
    method: 'GET',
    path: '/tenants/{tenantId}/restorePoints',
    summary: 'Restore points, newest first; from and to select by the end of their windows',
    query: z.strictObject({
      from: time.optional(),
      to: time.optional(),
      state: z.enum(['complete', 'partial']).optional(),
      ...paging,
    }),
    replies: { 200: { description: 'A page', body: pageOf(restorePointBody) } },
  },
  async ({ tx, services, now, query: { from, to, state }, top, position, page }) => {
    const before = position(z.number().int());
    const found = await listPoints(tx, {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(state === undefined ? {} : { state }),
      ...(before === undefined ? {} : { before }),
      top: top + 1,
    });
    const shown = found.slice(0, top);
    const copies = await tenantCopyLags(tx, services, now);
    const value = shown.map((point) => showPoint(point, copies));
    return page(value, found.length > top ? shown.at(-1)?.number : undefined);
  },
);

defineRoute(
  {
    name: 'getRestorePoint',
    method: 'GET',
    path: '/tenants/{tenantId}/restorePoints/{n}',
    summary: 'One restore point with the state of its collections',
    params,
    replies: { 200: { description: 'The point', body: fullBody } },
  },
  async ({ tx, services, now, tenant, params: { n } }) => {
    const point = await resolvePoint(tx, tenant, n);
    const states = await collectionStatesAt(tx, point.number);
    const copies = await tenantCopyLags(tx, services, now);
    return {
      status: 200,
      body: { ...showPoint(point, copies), collections: states.map(showCollectionState) },
    };
  },
);

defineRoute(
  {
    name: 'patchRestorePoint',
    method: 'PATCH',
    path: '/tenants/{tenantId}/restorePoints/{n}',
    summary: 'Labels a point (null removes the label) or holds it back from expiry',
    params,
    body: z
      .strictObject({ label: label.nullable().optional(), hold: z.boolean().optional() })
      .refine((body) => body.label !== undefined || body.hold !== undefined, {
        error: 'has neither label nor hold',
      }),
    act: 'restorePoint.update',
    replies: { 200: { description: 'The point as it is now', body: restorePointBody } },
  },
  async ({ tx, tenant, params: { n }, body }) => {
    const { number } = await resolvePoint(tx, tenant, n);
    return changed(await updatePoint(tx, number, body), { changed: Object.keys(body) });
  },
);

defineRoute(
  {
    name: 'acknowledgeRestorePoint',
    method: 'POST',
    path: '/tenants/{tenantId}/restorePoints/{n}/acknowledge',
    summary: 'Notes that somebody has looked at a suspicious point',
    params,
    body: z.strictObject({ reason }),
    act: 'restorePoint.acknowledge',
    replies: { 200: { description: 'The point as it is now', body: restorePointBody } },
  },
  async ({ tx, tenant, access, params: { n }, body }) => {
    const { number } = await resolvePoint(tx, tenant, n);
    const by = access.caller.objectId;
    return changed(await acknowledgePoint(tx, number, by, body.reason), {});
  },
);

function changed(point: RestorePoint, audit: Readonly<Record<string, unknown>>) {
  return {
    status: 200,
    body: showPoint(point),
    audit: { restorePoint: point.number, ...audit },
  };
}
