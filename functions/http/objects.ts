import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import {
  findObjectKey,
  objectAtPoint,
  searchObjects,
} from '../../shared/repository/objects-at-point.ts';
import { assertNotExpired, resolvePoint } from '../../shared/repository/restore-points.ts';
import { shownValues } from './authorise.ts';
import { addressableTypes, addressOf, ownTypes } from './catalogue-parts.ts';
import { namedReferences } from './named-references.ts';
import { pointSelector } from './restore-points.ts';
import { defineRoute } from './route.ts';
import { TextBody } from './route-definition.ts';
import { isPlainText, pageOf, paging, referenceBody } from './schemas.ts';
import { objectBody, objectText } from './show-object.ts';

const typeName = z.string().refine((name) => addressableTypes.includes(name), {
  error: 'is not a type of the catalogue',
});
const states = { live: 'live', recycleBin: 'softDeleted' } as const;
const position = z.object({ type: z.string(), key: z.number().int() });

const searchBody = z.strictObject({
  types: z.array(typeName).min(1).max(200).optional(),
  text: z
    .string()
    .trim()
    .min(1, 'is empty')
    .max(256)
    .refine(isPlainText, { error: 'has control characters' })
    .optional()
    .meta({ description: 'Part of a name, sign-in name, mail address or alias, in any case' }),
  filter: z
    .strictObject({
      states: z
        .array(z.enum(['live', 'recycleBin']))
        .min(1)
        .default(['live']),
      ids: z.array(z.string().min(1).max(128)).min(1).max(1000).optional(),
    })
    .optional(),
  top: z.number().int().min(1).max(1000).optional(),
});

defineRoute(
  {
    name: 'searchObjects',
    method: 'POST',
    path: '/tenants/{tenantId}/restorePoints/{n}/objects/search',
    summary:
      'Objects of a point by type and by the names of that time; a next link takes the same body',
    params: z.strictObject({ n: pointSelector }),
    query: z.strictObject({ skipToken: paging.skipToken }),
    body: searchBody,
    bodyOptional: true,
    replies: {
      200: {
        description: 'A page',
        body: pageOf(referenceBody).extend({ restorePoint: z.number() }),
      },
    },
  },
  async ({ tx, tenant, params: { n }, body, top, position: at, page }) => {
    // The next page reads the point of the first one, whatever `latest` means by then.
    const after = at(position.extend({ point: z.number().int() }));
    const selector = after === undefined ? n : String(after.point);
    const { number } = await resolvePoint(tx, tenant, selector);
    const found = await searchObjects(tx, number, {
      types: body.types ?? ownTypes,
      text: body.text?.toLowerCase(),
      states: (body.filter?.states ?? ['live']).map((state) => states[state]),
      ids: body.filter?.ids?.map((id) => id.toLowerCase()),
      after,
      top: top + 1,
    });
    const shown = found.slice(0, top);
    const references = await namedReferences(
      tx,
      shown.map(({ key }) => key),
      number,
    );
    await assertNotExpired(tx, number);
    const last = found.length > top ? shown.at(-1) : undefined;
    const reply = page(
      shown.map(({ key }) => references.get(key)),
      last && { ...last, point: number },
    );
    return { ...reply, body: { restorePoint: number, ...(reply.body as object) } };
  },
);

defineRoute(
  {
    name: 'getObject',
    method: 'GET',
    path: '/tenants/{tenantId}/restorePoints/{n}/objects/{type}/{id}',
    summary: 'One object as it was, with its facets and children; view=raw gives the stored body',
    params: z.strictObject({
      n: pointSelector,
      type: z.string().max(100),
      id: z.string().max(400),
    }),
    query: z.strictObject({ view: z.enum(['full', 'raw']).default('full') }),
    replies: { 200: { description: 'The object, or its stored body', body: objectBody } },
  },
  async ({ tx, tenant, rights, params: { n, type, id }, query: { view } }) => {
    const { number } = await resolvePoint(tx, tenant, n);
    const key = await findObjectKey(tx, addressOf(type, id));
    const object = key === undefined ? undefined : await objectAtPoint(tx, key, number);
    if (object === undefined) {
      throw new BackupError('notFound', `no such object at restore point ${number}`);
    }
    if (view === 'raw') {
      if (!rights.attributeValues) {
        throw new BackupError('roleMissing', 'attribute values need Backup.Operator or a grant');
      }
      if (object.body === null) throw new BackupError('notFound', 'no body was captured');
      await assertNotExpired(tx, number);
      const read = shownValues(rights, 1, { restorePoint: number, view });
      return { status: 200, body: new TextBody(object.body), ...read };
    }
    const text = await objectText(tx, object, number, rights.attributeValues);
    await assertNotExpired(tx, number);
    const read = shownValues(rights, 1, { restorePoint: number, view });
    return { status: 200, body: new TextBody(text), ...read };
  },
);
