import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linesAt, residue, rowsMovedAt, truthOf } from '../support/backup-truth.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runBackup, testContext, testTenant } from '../support/run-backup.ts';
import { ScriptedTenant } from '../support/scripted-tenant.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

const id = (kind: string, n: number): string => {
  const head = { u: 'aaaaaaaa', g: 'bbbbbbbb', a: 'cccccccc', p: 'dddddddd', l: 'eeeeeeee' }[kind];
  return `${head ?? 'ffffffff'}-0000-4000-8000-${String(n).padStart(12, '0')}`;
};

function sampleTenant(users: number, groups: number): ScriptedTenant {
  const tenant = new ScriptedTenant();
  tenant.listPage = 7;
  for (let n = 0; n < users; n += 1) {
    tenant.create('user', id('u', n), {
      displayName: `User ${n}`,
      userPrincipalName: `user${n}@contoso.example`,
      accountEnabled: true,
      ...(n % 3 === 0 ? { customSecurityAttributes: { Team: { level: n } } } : {}),
    });
    if (n > 0) tenant.link('user.manager', id('u', n), id('u', 0));
  }
  for (let n = 0; n < groups; n += 1) {
    tenant.create('group', id('g', n), { displayName: `Group ${n}`, securityEnabled: true });
    for (let m = 0; m < users; m += n + 1) tenant.link('group.members', id('g', n), id('u', m));
    tenant.link('group.owners', id('g', n), id('u', n % users));
  }
  tenant.create('administrativeUnit', id('a', 0), { displayName: 'Unit 0' });
  tenant.link('administrativeUnit.members', id('a', 0), id('u', 1));
  tenant.create(
    'scopedRoleMembership',
    'role-member-0',
    { id: 'role-member-0', roleId: id('x', 1), roleMemberInfo: { id: id('u', 2) } },
    id('a', 0),
  );
  tenant.create('namedLocation', id('l', 0), {
    '@odata.type': '#microsoft.graph.ipNamedLocation',
    displayName: 'Office',
    isTrusted: true,
  });
  tenant.create('conditionalAccessPolicy', id('p', 0), {
    displayName: 'Policy 0',
    state: 'enabled',
    conditions: {
      users: { includeUsers: ['All'], excludeGroups: [id('g', 0)] },
      locations: { includeLocations: [id('l', 0)] },
    },
  });
  return tenant;
}

test('a full backup, an unchanged one and an incremental one equal the tenant', async () => {
  const tenantNo = await db.addTenant(randomUUID());
  const tenant = sampleTenant(40, 3);
  const registered = testTenant(tenantNo);
  const make = () => testContext(db, registered, tenant.graph());

  const first = await runBackup(make);
  expect(first).toEqual({ point: 1, state: 'complete', suspicious: false });
  expect(await linesAt(db, tenantNo, 1)).toEqual(truthOf(tenant));
  const firstTruth = truthOf(tenant);
  const facets = await db.owner.rows(
    `select 1 from object_version where tenant_no = $1 and type like 'facet:%'`,
    [tenantNo],
  );
  expect(facets).toHaveLength(14);
  const embedded = await db.owner.rows<{ relationship: string }>(
    `select relationship from link where tenant_no = $1 and kind = 'embedded' order by 1`,
    [tenantNo],
  );
  expect(embedded.map((row) => row.relationship)).toEqual([
    'conditionalAccessPolicy:conditions.locations.includeLocations[]',
    'conditionalAccessPolicy:conditions.users.excludeGroups[]',
    'scopedRoleMembership:roleId',
    'scopedRoleMembership:roleMemberInfo.id',
  ]);

  expect((await runBackup(make)).point).toBe(2);
  expect(await rowsMovedAt(db, tenantNo, 2)).toBe(0);

  tenant.set(id('u', 3), { displayName: 'User three' });
  tenant.bin(id('u', 4));
  tenant.bin(id('u', 5));
  tenant.purge(id('u', 5));
  tenant.create('user', id('u', 99), { displayName: 'New' });
  tenant.link('group.members', id('g', 1), id('u', 99));
  tenant.unlink('group.members', id('g', 0), id('u', 0));
  tenant.set(id('p', 0), { conditions: { users: { includeUsers: [id('u', 1)] } } });
  tenant.get('role-member-0').state = 'gone';
  expect((await runBackup(make)).point).toBe(3);
  expect(await linesAt(db, tenantNo, 3)).toEqual(truthOf(tenant));
  expect(await linesAt(db, tenantNo, 1)).toEqual(firstTruth);

  tenant.undelete(id('u', 4));
  expect((await runBackup(make)).point).toBe(4);
  expect(await linesAt(db, tenantNo, 4)).toEqual(truthOf(tenant));

  expect((await runBackup(make, { mode: 'full' })).point).toBe(5);
  expect(await rowsMovedAt(db, tenantNo, 5)).toBe(0);
  expect(await linesAt(db, tenantNo, 5)).toEqual(truthOf(tenant));
  expect(await residue(db, tenantNo)).toBe(0);
});
