import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Selection } from '../../shared/model/selection.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import * as identityMap from '../../shared/repository/identity-map.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addLink, addObject, addPoint, addVersion } from './points-fixture.ts';
import {
  build,
  captured,
  groupBody,
  id,
  type Keys,
  plan,
  userBody,
} from './restore-plan-fixture.ts';

let db: TestDatabase;
let tenantNo: number;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

const inTenant = async <T>(work: (tx: Transaction, keys: Keys) => Promise<T>): Promise<T> => {
  tenantNo = await db.addTenant(randomUUID());
  return await db.database.withTenant(tenantNo, async (tx) => await work(tx, await build(tx)));
};
const graph = (n: number): string => `{graph}/v1.0/directoryObjects/${id(n)}`;

describe('a plan for everything', () => {
  it('climbs the ladder, adds links and children in order, and says what it leaves', async () => {
    const { steps, notes, finished } = await inTenant(async (tx) => await plan(tx, { all: true }));
    const lines = steps.map(({ kind, request }) => `${kind} ${request.method} ${request.path}`);
    expect(lines).toEqual([
      `undelete POST /directory/deletedItems/${id(2)}/restore`,
      'create POST /users',
      `patch PATCH /users/${id(3)}`,
      'create POST /groups',
      `addLinks PATCH /groups/${id(11)}`,
      `addLinks POST /groups/${id(11)}/members/$ref`,
      `addLinks POST /groups/${id(11)}/owners/$ref`,
      `addLinks PATCH /groups/${id(12)}`,
      `setLink PUT /users/${id(3)}/manager/$ref`,
      `createChild POST /directory/administrativeUnits/${id(21)}/scopedRoleMembers`,
      `patch PATCH /users/${id(1)}`,
    ]);
    const links = steps.filter((step) => step.relationship !== undefined);
    expect(links.map((step) => step.request.body)).toEqual([
      { 'members@odata.bind': [graph(1), graph(2), graph(5)] },
      { '@odata.id': graph(9) }, // a device: nothing is known of it, so it is tried alone
      { '@odata.id': graph(1) },
      // user 2 comes back with its undeletion
      { 'members@odata.bind': [graph(1), graph(5)] },
      { '@odata.id': graph(1) },
    ]);
    expect(links.map((step) => step.needs)).toEqual([
      [id(1), id(11)],
      [id(11)],
      [id(1), id(11)],
      [id(1)],
      [id(1)],
    ]);
    expect(steps[2]?.request.body).toEqual({ city: 'Oslo', jobTitle: null });
    expect(steps[9]?.request.body).toEqual({ roleId: id(99), roleMemberInfo: { id: id(1) } });
    const kept = notes
      .filter((note) => note.kind !== 'lost')
      .map(({ kind, objectId }) => [kind, objectId]);
    expect(kept).toEqual([
      ['needsHealing', id(31)],
      ['needsHealing', id(13)],
      ['returns', id(12)],
      ['surplusLinks', id(12)],
      ['surplusObject', id(4)],
    ]);
    expect(finished.summary.steps).toBe(11);
    expect(finished.summary.permissions.missing).toContain('Group.ReadWrite.All');
    expect(finished.summary.permissions.missing).not.toContain('User.ReadWrite.All');
  });

  it('is the same plan with the same hash when it is made again', async () => {
    const [one, two] = await inTenant(async (tx) => [
      await plan(tx, { all: true }),
      await plan(tx, { all: true }),
    ]);
    expect(two.finished).toEqual(one.finished);
    expect(two.steps).toEqual(one.steps);
  });
});

describe('a plan for a selection', () => {
  it('writes to the selected object and to links at its other end, nothing else', async () => {
    const { steps, notes } = await inTenant(
      async (tx) => await plan(tx, { objects: [{ type: 'user', id: id(1) }] }),
    );
    expect(steps.map(({ request }) => `${request.method} ${request.path}`)).toEqual([
      'POST /users',
      `POST /groups/${id(12)}/members/$ref`,
      `PUT /users/${id(3)}/manager/$ref`,
      `PATCH /users/${id(1)}`,
    ]);
    // group 11 is gone and not selected: its links wait
    expect(notes.filter((note) => note.kind === 'pending').map((note) => note.objectId)).toEqual([
      id(11),
      id(11),
    ]);
  });

  it('leaves links to what stays gone pending and takes nothing else with them', async () => {
    const { steps, notes } = await inTenant(
      async (tx) => await plan(tx, { objects: [{ type: 'group', id: id(11) }] }),
    );
    const bind = steps.find((step) => step.kind === 'addLinks');
    expect(bind?.request.body).toEqual({ '@odata.id': graph(5) });
    expect(notes.find((note) => note.kind === 'pending')).toMatchObject({
      relationship: 'group.members',
      targets: [id(1), id(2)],
    });
  });

  it('of properties writes these, no links, and nothing to what is not live', async () => {
    const { steps, notes } = await inTenant(
      async (tx) => await plan(tx, { types: ['user'], properties: ['city'] }),
    );
    expect(steps.find((step) => step.objectId === id(3))?.request.body).toEqual({ city: 'Oslo' });
    expect(steps.map((step) => step.objectId)).toEqual([id(3)]);
    const left = notes.filter((note) => note.kind === 'stopped').map((note) => note.objectId);
    expect(left.sort()).toEqual([id(1), id(2)]);
  });

  it.each([
    [{ objects: [{ type: 'user', id: id(77) }] }, 'no backup has seen user'],
    [{ types: ['mailbox'] }, 'type mailbox cannot be selected'],
    [{ comparison: randomUUID() }, 'no comparison'],
  ] as [Selection, string][])(
    'that names nothing known is refused: %j',
    async (selection, message) => {
      await expect(inTenant(async (tx) => await plan(tx, selection))).rejects.toThrow(message);
    },
  );
});

describe('a plan made after a restore', () => {
  it('has no steps: what was created again counts as the object it replaces', async () => {
    const { steps, notes } = await inTenant(async (tx, keys) => {
      await addPoint(tx, 3, captured);
      const created: Keys = {};
      for (const [n, type] of [
        [1, 'user'],
        [11, 'group'],
      ] as const) {
        created[n] = await addObject(tx, type, id(n + 500));
        await identityMap.mapIdentity(tx, {
          oldKey: keys[n]!,
          newKey: created[n],
          source: 'restore',
        });
      }
      const [user, group] = [created[1]!, created[11]!];
      const later = { createdDateTime: '2026-11-24T00:00:00Z', id: id(501) };
      await addVersion(tx, { key: user, type: 'user', from: 3, body: userBody(1, later) });
      await addVersion(tx, {
        key: group,
        type: 'group',
        from: 3,
        body: groupBody(11, { id: id(511) }),
      });
      await tx.change(
        `update object_version set to_point = 3 where tenant_no = $1 and to_point > 100000
           and object_key = any ($2::bigint[])`,
        [tx.tenantNo, [keys[2], keys[3]]],
      );
      await addVersion(tx, { key: keys[2]!, type: 'user', from: 3, body: userBody(2) });
      await addVersion(tx, {
        key: keys[3]!,
        type: 'user',
        from: 3,
        body: userBody(3, { city: 'Oslo' }),
      });
      for (const target of [user, keys[2]!, keys[5]!, keys[9]!]) {
        await addLink(tx, 'group.members', group, target, 3);
      }
      await addLink(tx, 'group.members', keys[12]!, user, 3);
      await addLink(tx, 'group.members', keys[12]!, keys[5]!, 3);
      await addLink(tx, 'group.owners', group, user, 3);
      await addLink(tx, 'user.manager', keys[3]!, user, 3);
      const role = await addObject(tx, 'scopedRoleMembership', 'role-2', {
        space: 'scopedRoleMembership',
        parentKey: keys[21]!,
      });
      const body = { id: 'role-2', roleId: id(99), roleMemberInfo: { id: id(501) } };
      await addVersion(tx, {
        key: role,
        type: 'scopedRoleMembership',
        from: 3,
        body: JSON.stringify(body),
      });
      return await plan(tx, { all: true }, 1, 3);
    });
    expect(steps).toEqual([]);
    expect(notes.map((note) => note.kind).sort()).toEqual([
      'needsHealing',
      'needsHealing',
      'surplusLinks',
      'surplusObject',
    ]);
  });
});
