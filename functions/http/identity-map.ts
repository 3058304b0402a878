import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { listIdentities, mapIdentity, successorsOf } from '../../shared/repository/identity-map.ts';
import { findObjectKey } from '../../shared/repository/objects-at-point.ts';
import { refuseWhileActive } from '../../shared/repository/operations.ts';
import { addressOf } from './catalogue-parts.ts';
import { defineRoute } from './route.ts';
import { guid, pageOf, pageQuery, timeText } from './schemas.ts';

const identityBody = z
  .object({
    type: z.string(),
    oldId: z.string(),
    newId: z.string(),
    source: z.enum(['restore', 'manual']),
    restoreId: z.string().optional(),
    createdDateTime: timeText,
  })
  .meta({ id: 'Identity' });

defineRoute(
  {
    name: 'listIdentityMap',
    method: 'GET',
    path: '/tenants/{tenantId}/identityMap',
    summary: 'Which objects live under a new id since they were created again',
    query: pageQuery,
    replies: { 200: { description: 'A page', body: pageOf(identityBody) } },
  },
  async ({ tx, top, position, page }) => {
    const after = position(z.object({ key: z.number().int() }))?.key ?? 0;
    const rows = await listIdentities(tx, top + 1, after);
    const last = rows.length > top ? rows[top - 1] : undefined;
    const shown = rows.slice(0, top).map((row) => ({
      type: row.type,
      oldId: row.oldId,
      newId: row.newId,
      source: row.source,
      restoreId: row.restoreId ?? undefined,
      createdDateTime: row.createdAt.toISOString(),
    }));
    return page(shown, last && { key: last.oldKey });
  },
);

defineRoute(
  {
    name: 'addIdentity',
    method: 'POST',
    path: '/tenants/{tenantId}/identityMap',
    summary: 'Says that an object lives under another id now',
    body: z.strictObject({ type: z.string().min(1).max(100), oldId: guid, newId: guid }),
    act: 'identityMap.add',
    replies: { 204: { description: 'Entered' } },
  },
  async ({ tx, tenant, body: { type, oldId, newId } }) => {
    // what was approved is written to the objects that were shown, and to no others
    await refuseWhileActive(tx, tenant.tenantNo, 'restore');
    const oldKey = await findObjectKey(tx, addressOf(type, oldId));
    const newKey = await findObjectKey(tx, addressOf(type, newId));
    if (oldKey === undefined || newKey === undefined || oldKey === newKey) {
      throw new BackupError('invalidParameter', 'both ids must be different, known objects', {
        details: { target: oldKey === undefined ? 'oldId' : 'newId' },
      });
    }
    const chains = await successorsOf(tx, [oldKey, newKey]);
    if (chains.get(newKey)?.includes(oldKey)) {
      throw new BackupError('invalidParameter', 'the map would lead in a circle', {
        details: { target: 'newId' },
      });
    }
    const known = chains.get(oldKey)?.[0];
    if (known !== undefined && known !== newKey) {
      throw new BackupError('invalidParameter', 'the old id is mapped to another object', {
        details: { target: 'oldId' },
      });
    }
    await mapIdentity(tx, { oldKey, newKey, source: 'manual' });
    return { status: 204, audit: { type, oldId, newId } };
  },
);
