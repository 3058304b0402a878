// Counterexamples H2 to H8 of the backup protocol, on the real implementation and a real database. The
// tenant is scripted, because its changes have to fall between two given requests.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { linesAt } from '../support/backup-truth.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { g, l, ProtocolCase, u } from '../support/protocol-case.ts';

let db: TestDatabase;
let it: ProtocolCase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});
beforeEach(async () => {
  it = await ProtocolCase.create(db);
});

test('H2: what changes twice in one session is changed in place, and reopened when it changes back', async () => {
  await it.backup();
  it.tenant.set(u(0), { displayName: 'other' });
  it.tenant.unlink('group.members', g(0), u(1));
  let rounds = 0;
  it.tenant.before = (path) => {
    if (path !== '/users/delta') return;
    rounds += 1;
    if (rounds === 2) {
      it.tenant.set(u(0), { displayName: 'user 0' });
      it.tenant.link('group.members', g(0), u(1));
    }
  };
  await it.backup();
  it.tenant.before = () => undefined;
  await it.backup();
  const versions = await db.owner.rows<{ from: number; to: number }>(
    `select v.from_point as from, v.to_point as to from object_version v
     join object o on o.tenant_no = v.tenant_no and o.key = v.object_key
     where v.tenant_no = $1 and o.object_id = $2 order by 1`,
    [it.tenantNo, u(0)],
  );
  expect(versions).toEqual([{ from: 1, to: 2_147_483_647 }]);
  await it.expectTruth();
});

test('H3: a member that comes back from the recycle bin brings its memberships', async () => {
  it.tenant.bin(u(0));
  await it.backup();
  it.tenant.undelete(u(0));
  await it.backup();
  await it.expectTruth();
});

test('H4: links that became due survive the failing of their collection', async () => {
  it.tenant.bin(u(0));
  await it.backup();
  it.tenant.undelete(u(0));
  it.tenant.before = (path) => {
    if (path === '/groups/delta') throw new BackupError('graphBadRequest', 'broken on purpose');
  };
  expect(await it.backup()).toMatchObject({ state: 'partial' });
  it.tenant.before = () => undefined;
  await it.backup();
  await it.expectTruth();
});

test('H5: dormancy follows from the ends, whatever is reverted', async () => {
  await it.backup();
  it.tenant.bin(u(0));
  it.tenant.set(g(1), { displayName: 'renamed' });
  it.tenant.before = (path) => {
    if (path === '/groups/delta') throw new BackupError('graphBadRequest', 'broken on purpose');
  };
  await it.backup();
  it.tenant.before = () => undefined;
  expect((await linesAt(db, it.tenantNo, 2)).filter((line) => line.includes(u(0)))).toEqual([]);
  await it.backup();
  await it.expectTruth();
  it.tenant.undelete(u(0));
  await it.backup();
  await it.expectTruth();
});

test.each(['bin', 'purge'] as const)(
  'H6: an end that no collection delivered is asked before a point shows it (%s)',
  async (fate) => {
    it.tenant.before = (path) => {
      if (path.startsWith('/users')) throw new BackupError('graphBadRequest', 'broken on purpose');
    };
    expect(await it.backup()).toMatchObject({ state: 'partial' });
    it.tenant.before = (path) => {
      // the recycle bin is not listed, so that only the question is left
      if (path === '/directory/deletedItems/microsoft.graph.user') it.tenant.omitsBin = true;
    };
    it.tenant.bin(u(0));
    if (fate === 'purge') it.tenant.purge(u(0));
    await it.backup();
    await it.expectTruth();
  },
);

describe('H7: a visit to the recycle bin while links are read', () => {
  test('of the member: its link stays', async () => {
    await it.backup();
    it.once(
      (path, query) => path === '/groups' && query.includes('members'),
      () => it.tenant.bin(u(0)),
    );
    it.once(
      (path) => path === '/users/delta' && it.tenant.get(u(0)).state === 'bin',
      () => it.tenant.undelete(u(0)),
    );
    await it.backup('full');
    await it.expectTruth();
  });

  test('of the group: its links stay', async () => {
    it.tenant.bin(u(0));
    await it.backup();
    it.tenant.undelete(u(0));
    it.once(
      (path) => path === `/users/${u(0)}/memberOf`,
      () => it.tenant.bin(g(0)),
    );
    it.once(
      (path) => path === '/groups/delta' && it.tenant.get(g(0)).state === 'bin',
      () => it.tenant.undelete(g(0)),
    );
    await it.backup();
    await it.expectTruth();
  });

  test('of the member while its own collection fails: the whole collection becomes due', async () => {
    await it.backup();
    it.once(
      (path, query) => path === '/groups' && query.includes('members'),
      () => it.tenant.bin(u(0)),
    );
    it.once(
      (path) => path === '/groups/delta',
      () => it.tenant.undelete(u(0)),
    );
    const former = it.tenant.before;
    it.tenant.before = (path, asked) => {
      if (path === '/users/delta' && asked.query?.['$deltatoken'] === undefined) {
        throw new BackupError('graphBadRequest', 'broken on purpose');
      }
      return former(path, asked);
    };
    await it.backup('full');
    it.tenant.before = () => undefined;
    await it.backup();
    await it.expectTruth();
  });
});

describe('H8: a row that a rename has moved over the page border', () => {
  test('is found by repeating the listing', async () => {
    it.tenant.listPage = 2;
    for (const n of [3, 4, 5]) it.tenant.create('user', u(n), { displayName: `user ${n}` });
    let pages = 0;
    it.tenant.before = (path, asked) => {
      if (path !== '/users' || asked.query?.['$top'] !== '999') return;
      if (!asked.query['$select']?.includes('displayName')) return;
      pages += 1;
      if (pages === 2) it.tenant.set(u(0), { displayName: 'zzz' });
    };
    await it.backup();
    expect(pages).toBeGreaterThan(2);
    await it.expectTruth();
  });

  test('of a collection without delta is found by passes that have to agree', async () => {
    it.tenant.listPage = 2;
    for (const n of [0, 1, 2, 3, 4]) {
      it.tenant.create('namedLocation', l(n), { displayName: `place ${n}` });
    }
    let pages = 0;
    it.tenant.before = (path) => {
      if (path !== '/identity/conditionalAccess/namedLocations') return;
      pages += 1;
      if (pages === 2) it.tenant.set(l(0), { displayName: 'zzz' });
    };
    await it.backup();
    await it.expectTruth();
  });
});

test('a follow-up that fails for some groups leaves the cursor behind, and changes arrive later', async () => {
  for (let n = 10; n < 40; n += 1) {
    it.tenant.create('user', u(n), { displayName: `user ${n}` });
    for (const group of [0, 1]) it.tenant.link('group.members', g(group), u(n));
  }
  let broken = true;
  it.tenant.before = (path) => {
    if (broken && path === `/groups/${g(1)}/members`) {
      throw new BackupError('graphBadRequest', 'broken on purpose');
    }
  };
  expect(await it.backup()).toMatchObject({ state: 'partial' });
  const cursors = await db.owner.rows(
    `select 1 from delta_cursor where tenant_no = $1 and collection = 'group'`,
    [it.tenantNo],
  );
  expect(cursors).toEqual([]);
  broken = false;
  it.tenant.set(g(0), { displayName: 'renamed meanwhile' });
  await it.backup();
  await it.expectTruth();
});

test('an expired cursor is replaced by a full read in the same session', async () => {
  await it.backup();
  it.tenant.set(u(0), { displayName: 'changed' });
  it.tenant.bin(u(1));
  it.tenant.purge(u(1));
  it.tenant.expired.set('user', it.tenant.seq);
  expect(await it.backup()).toMatchObject({ state: 'complete' });
  await it.expectTruth();
});

test('conflicting entries of one round are read directly', async () => {
  await it.backup();
  it.tenant.set(u(0), { displayName: 'right' });
  let rounds = 0;
  it.tenant.answer = (path, page) => {
    if (path !== '/users/delta' || page.items.length === 0) return page;
    rounds += 1;
    const stale = { ...page.items[0], displayName: 'wrong' };
    return rounds === 1 ? { ...page, items: [...page.items, stale] } : page;
  };
  await it.backup();
  await it.expectTruth();
});
