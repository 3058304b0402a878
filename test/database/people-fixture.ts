// A small tenant over several points, for tests of reading: renames, deletions, an identity map.
import { createHash } from 'node:crypto';
import type { Transaction } from '../../shared/repository/database.ts';
import { addLink, addObject, addPoint } from './points-fixture.ts';

export const ids = {
  anna: 'aaaaaaaa-0000-4000-8000-000000000001',
  bert: 'aaaaaaaa-0000-4000-8000-000000000002',
  cleo: 'aaaaaaaa-0000-4000-8000-000000000003',
  team: 'bbbbbbbb-0000-4000-8000-000000000001',
  unit: 'cccccccc-0000-4000-8000-000000000001',
  stranger: 'dddddddd-0000-4000-8000-000000000001',
  again: 'aaaaaaaa-0000-4000-8000-000000000009',
};
export const role = 'ScopedRoleMember-1';

async function version(
  tx: Transaction,
  key: number,
  type: string,
  from: number,
  to: number,
  body: object | null,
  state: 'live' | 'softDeleted' = 'live',
): Promise<void> {
  const name = body !== null && 'displayName' in body ? String(body.displayName) : null;
  const text = body === null ? null : JSON.stringify(body);
  await tx.change(
    `insert into object_version (tenant_no, object_key, type, state, from_point, to_point, hash,
       label, search, body) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      tx.tenantNo,
      key,
      type,
      state,
      from,
      to,
      createHash('sha256')
        .update(text ?? '')
        .digest(),
      name,
      name?.toLowerCase() ?? null,
      text,
    ],
  );
}

/**
 * Users, a group, an administrative unit and their links over points 1 to 3, and rows of point 4, which a
 * session is writing. Answers the keys by name.
 */
export async function writePeople(tx: Transaction): Promise<Record<string, number>> {
  const keys: Record<string, number> = {};
  const captured = ['id', 'displayName', 'userPrincipalName', 'customSecurityAttributes'];
  for (const point of [1, 2, 3]) await addPoint(tx, point, { user: captured, group: ['id'] });
  for (const [name, type] of [
    ['anna', 'user'],
    ['bert', 'user'],
    ['cleo', 'user'],
    ['again', 'user'],
    ['team', 'group'],
    ['unit', 'administrativeUnit'],
    ['stranger', 'unknown'],
  ] as const) {
    keys[name] = await addObject(tx, type, ids[name]);
  }
  const key = (name: string): number => keys[name] ?? 0;
  const user = (name: string): object => ({
    displayName: name,
    id: ids.anna,
    userPrincipalName: `${name.toLowerCase()}@contoso.example`,
  });
  const open = 2_147_483_647;
  await version(tx, key('anna'), 'user', 1, 2, user('Anna'));
  await version(tx, key('anna'), 'user', 2, 4, user('Anna-Maria'));
  await version(tx, key('anna'), 'user', 4, open, user('Unpublished'));
  await version(tx, key('bert'), 'user', 1, 3, user('Bert'));
  await version(tx, key('bert'), 'user', 3, open, user('Bert'), 'softDeleted');
  await version(tx, key('cleo'), 'user', 1, 2, user('Cleo'));
  await version(tx, key('cleo'), 'user', 4, open, user('Ghost'));
  await version(tx, key('again'), 'user', 3, open, user('Cleo'));
  await version(tx, key('team'), 'group', 1, open, { displayName: 'Team', id: ids.team });
  await version(tx, key('unit'), 'administrativeUnit', 1, open, { displayName: 'Unit' });
  keys['facet'] = await addObject(tx, 'facet:customSecurityAttributes', ids.anna, {
    space: 'facet:customSecurityAttributes',
    parentKey: key('anna'),
  });
  await version(tx, key('facet'), 'facet:customSecurityAttributes', 2, open, { level: 7 });
  keys['child'] = await addObject(tx, 'scopedRoleMembership', role, {
    space: 'scopedRoleMembership',
    parentKey: key('unit'),
  });
  await version(tx, key('child'), 'scopedRoleMembership', 1, open, { roleId: 'x' });
  await addLink(tx, 'group.members', key('team'), key('anna'), 1);
  await addLink(tx, 'group.members', key('team'), key('bert'), 1);
  await addLink(tx, 'group.members', key('team'), key('cleo'), 1, 2);
  await addLink(tx, 'group.members', key('team'), key('stranger'), 2);
  await addLink(tx, 'group.members', key('team'), key('again'), 4);
  await addLink(tx, 'user.manager', key('anna'), key('bert'), 1);
  await tx.change(
    `insert into identity_map (tenant_no, old_key, new_key, source)
     values ($1, $2, $3, 'manual')`,
    [tx.tenantNo, key('cleo'), key('again')],
  );
  return keys;
}
