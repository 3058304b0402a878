import { z } from 'zod';
import { changedNames } from '../../shared/compare/changed-names.ts';
import { BackupError } from '../../shared/errors/backup-error.ts';
import {
  changePoints,
  linkCounts,
  type VersionChange,
  versionChanges,
} from '../../shared/repository/object-history.ts';
import { findObjectKey } from '../../shared/repository/objects-at-point.ts';
import { addressOf, partSpaces, relationshipsFrom } from './catalogue-parts.ts';
import { defineRoute } from './route.ts';
import { pageOf, paging, timeText } from './schemas.ts';

const change = z.enum(['added', 'modified', 'softDeleted', 'restored', 'removed', 'unchanged']);

const entryBody = z
  .object({
    restorePoint: z.number(),
    windowEndDateTime: timeText.optional(),
    change,
    properties: z.array(z.string()),
    endReason: z.string().optional(),
    parts: z.array(
      z.object({ type: z.string(), id: z.string(), change, properties: z.array(z.string()) }),
    ),
    links: z.array(z.object({ relationship: z.string(), added: z.number(), removed: z.number() })),
  })
  .meta({ id: 'HistoryEntry' });

defineRoute(
  {
    name: 'getHistory',
    method: 'GET',
    path: '/tenants/{tenantId}/objects/{type}/{id}/history',
    summary: 'At which points an object, its parts or its links changed, newest first',
    params: z.strictObject({ type: z.string().max(100), id: z.string().max(400) }),
    query: z.strictObject(paging),
    replies: { 200: { description: 'A page', body: pageOf(entryBody) } },
  },
  async ({ tx, params: { type, id }, top, position, page }) => {
    const key = await findObjectKey(tx, addressOf(type, id));
    if (key === undefined) throw new BackupError('notFound', 'no such object');
    const object = { key, partSpaces: partSpaces(type), relationships: relationshipsFrom(type) };
    const before = position(z.number().int());
    const found = await changePoints(tx, object, { before, top: top + 1 });
    const shown = found.slice(0, top);
    const numbers = shown.map(({ number }) => number);
    const changes = await versionChanges(tx, object, numbers);
    const counts = await linkCounts(tx, object, numbers);
    const entries = shown.map(({ number, windowEnd }) => {
      const here = changes.filter(({ point }) => point === number);
      const own = here.find(({ isPart }) => !isPart);
      return {
        restorePoint: number,
        ...(windowEnd === null ? {} : { windowEndDateTime: windowEnd.toISOString() }),
        change: own === undefined ? 'unchanged' : changeOf(own),
        properties: own === undefined ? [] : propertiesOf(own),
        ...(own?.endReason ? { endReason: own.endReason } : {}),
        parts: here.filter(({ isPart }) => isPart).map(showPart),
        links: counts
          .filter(({ point }) => point === number)
          .map(({ relationship, added, removed }) => ({ relationship, added, removed })),
      };
    });
    return page(entries, found.length > top ? numbers.at(-1) : undefined);
  },
);

function showPart(part: VersionChange): object {
  return {
    type: part.type,
    id: part.objectId,
    change: changeOf(part),
    properties: propertiesOf(part),
  };
}

function changeOf({ beforeState, afterState }: VersionChange): z.infer<typeof change> {
  if (beforeState === null) return afterState === 'softDeleted' ? 'softDeleted' : 'added';
  if (afterState === null) return 'removed';
  if (beforeState === afterState) return 'modified';
  return afterState === 'softDeleted' ? 'softDeleted' : 'restored';
}

/** Changed names; none for a beginning or an end, where all of them changed. */
function propertiesOf({ beforeBody, afterBody }: VersionChange): string[] {
  if (beforeBody === null || afterBody === null) return [];
  return changedNames(beforeBody, afterBody);
}
