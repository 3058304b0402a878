import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { listLinksAt } from '../../shared/repository/links-at-point.ts';
import { findObjectKey } from '../../shared/repository/objects-at-point.ts';
import { assertNotExpired, resolvePoint } from '../../shared/repository/restore-points.ts';
import { addressOf, allRelationships, relationshipsFrom } from './catalogue-parts.ts';
import { namedReferences } from './named-references.ts';
import { pointSelector } from './restore-points.ts';
import { defineRoute } from './route.ts';
import { pageOf, paging, referenceBody } from './schemas.ts';

const linkBody = z
  .object({
    relationship: z.string(),
    kind: z.enum(['relation', 'embedded']),
    direction: z.enum(['outgoing', 'incoming']),
    object: referenceBody,
    /** One end lies in the recycle bin: the link does not show in Entra, and comes back with it. */
    dormant: z.boolean(),
    since: z.number(),
  })
  .meta({ id: 'Link' });

const position = z.object({ relationship: z.string(), other: z.number().int(), point: z.number() });

defineRoute(
  {
    name: 'listLinks',
    method: 'GET',
    path: '/tenants/{tenantId}/restorePoints/{n}/objects/{type}/{id}/links',
    summary: 'Links of an object at a point; dormant ones only on request',
    params: z.strictObject({
      n: pointSelector,
      type: z.string().max(100),
      id: z.string().max(400),
    }),
    query: z.strictObject({
      direction: z.enum(['outgoing', 'incoming']).default('outgoing'),
      relationship: z
        .string()
        .regex(/^[\w.:[\]-]{1,200}$/, 'is not the name of a relationship')
        .optional(),
      dormant: z.enum(['exclude', 'include', 'only']).default('exclude'),
      ...paging,
    }),
    replies: {
      200: { description: 'A page', body: pageOf(linkBody).extend({ restorePoint: z.number() }) },
    },
  },
  async ({ tx, tenant, params: { n, type, id }, query, top, position: at, page }) => {
    const after = at(position);
    const { number } = await resolvePoint(tx, tenant, after ? String(after.point) : n);
    const key = await findObjectKey(tx, addressOf(type, id));
    if (key === undefined) throw new BackupError('notFound', 'no such object');
    const found = await listLinksAt(tx, key, number, {
      direction: query.direction,
      relationships: wantedRelationships(type, query),
      dormant: query.dormant,
      after,
      top: top + 1,
    });
    const shown = found.slice(0, top);
    const references = await namedReferences(
      tx,
      shown.map(({ other }) => other),
      number,
    );
    await assertNotExpired(tx, number);
    const last = found.length > top ? shown.at(-1) : undefined;
    const reply = page(
      shown.map((link) => ({
        relationship: link.relationship,
        kind: link.kind,
        direction: query.direction,
        object: references.get(link.other),
        dormant: link.dormant,
        since: link.fromPoint,
      })),
      last && { relationship: last.relationship, other: last.other, point: number },
    );
    return { ...reply, body: { restorePoint: number, ...(reply.body as object) } };
  },
);

function wantedRelationships(
  type: string,
  query: { readonly direction: string; readonly relationship?: string | undefined },
): readonly string[] {
  if (query.relationship !== undefined) return [query.relationship];
  return query.direction === 'outgoing' ? relationshipsFrom(type) : allRelationships;
}
