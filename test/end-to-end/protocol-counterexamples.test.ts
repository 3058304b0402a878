// Each counterexample of the backup protocol, on the real implementation and a real database. The
// tenant is scripted, because its changes have to fall between two given requests.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BackupError, isBackupError } from '../../shared/errors/backup-error.ts';
import type { Fence } from '../../shared/repository/fence.ts';
import {
  abandonSession,
  markAbandoning,
  releaseLease,
} from '../../shared/tenant-backup/abandon-session.ts';
import type { BackupContext } from '../../shared/tenant-backup/backup-context.ts';
import { commitSession } from '../../shared/tenant-backup/commit-session.ts';
import type { FailpointName } from '../../shared/tenant-backup/failpoint.ts';
import { preparePoint } from '../../shared/tenant-backup/prepare-point.ts';
import { runSlice } from '../../shared/tenant-backup/slice.ts';
import { askUnknownEnds } from '../../shared/tenant-backup/unknown-ends.ts';
import { linesAt, residue, truthOf } from '../support/backup-truth.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  abandon,
  finish,
  open,
  runBackup,
  runStage,
  testContext,
  testTenant,
} from '../support/run-backup.ts';
import { ScriptedTenant } from '../support/scripted-tenant.ts';

let db: TestDatabase;
let tenantNo: number;
let tenant: ScriptedTenant;
let make: (overrides?: Partial<BackupContext>) => BackupContext;

const u = (n: number): string => `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`;
const g = (n: number): string => `bbbbbbbb-0000-4000-8000-${String(n).padStart(12, '0')}`;
const l = (n: number): string => `dddddddd-0000-4000-8000-${String(n).padStart(12, '0')}`;
const deadline = (): Date => new Date(Date.now() + 60_000);
const request = () => ({ operationId: randomUUID(), mode: 'auto' as const });

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});
beforeEach(async () => {
  tenantNo = await db.addTenant(randomUUID());
  tenant = new ScriptedTenant();
  for (const n of [0, 1, 2]) tenant.create('user', u(n), { displayName: `user ${n}` });
  for (const n of [0, 1]) tenant.create('group', g(n), { displayName: `group ${n}` });
  tenant.link('group.members', g(0), u(0));
  tenant.link('group.members', g(0), u(1));
  tenant.link('group.members', g(1), u(0));
  const registered = testTenant(tenantNo);
  make = (overrides = {}) => testContext(db, registered, tenant.graph(), overrides);
});

const backup = (mode: 'auto' | 'full' = 'auto') => runBackup(() => make(), { mode });

async function expectTruth(): Promise<void> {
  const [head] = await db.owner.rows<{ head: number }>(
    'select head_point as head from tenant where tenant_no = $1',
    [tenantNo],
  );
  expect(await linesAt(db, tenantNo, head?.head ?? 0)).toEqual(truthOf(tenant));
  expect(await residue(db, tenantNo)).toBe(0);
}

/** Acts once, before the first request that fits. */
function once(fits: (path: string, query: string) => boolean, act: () => void): void {
  const former = tenant.before;
  let done = false;
  tenant.before = (path, asked) => {
    if (!done && fits(path, JSON.stringify(asked.query ?? {}))) {
      done = true;
      act();
    }
    return former(path, asked);
  };
}

/** A worker that stops at a failpoint until it is woken. */
function frozenAt(name: FailpointName, collection?: string) {
  let wake: () => void = () => undefined;
  let reached: () => void = () => undefined;
  const frozen = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    wake = resolve;
  });
  let used = false;
  const context = make({
    failpoint: async (at, where) => {
      if (used || at !== name || (collection !== undefined && where !== collection)) return;
      used = true;
      reached();
      await gate;
    },
  });
  return { context, frozen, wake };
}

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => 'ended',
    (error: unknown) => (isBackupError(error) ? error.code : String(error)),
  );

/** The next session as bad as it can be: the same number and the same epoch. */
async function openWithEpochOf(former: Fence): Promise<Fence> {
  const fence = await open(() => make(), request());
  await db.owner.rows('update lease set epoch = $2 where tenant_no = $1', [tenantNo, former.epoch]);
  await db.owner.rows(`update session set epoch = $2 where tenant_no = $1 and state = 'open'`, [
    tenantNo,
    former.epoch,
  ]);
  expect(fence.point).toBe(former.point);
  return { ...fence, epoch: former.epoch };
}

async function runToEnd(fence: Fence): Promise<void> {
  while (await runStage(() => make(), fence));
  await finish(() => make(), fence);
}

describe('H1: late work of the same epoch', () => {
  test('a cancel that a commit has overtaken leaves the published point as it is', async () => {
    const fence = await open(() => make(), request());
    while (await runStage(() => make(), fence));
    while (!(await askUnknownEnds(make(), fence, deadline())));
    await preparePoint(make(), fence);
    const late = frozenAt('cancel.duringCommit');
    const cancel = markAbandoning(late.context, fence, 'cancel');
    await late.frozen;
    await commitSession(make(), fence);
    late.wake();
    expect(await cancel).toBe(false);
    expect(await codeOf(abandonSession(make(), fence, deadline()))).toBe('fenced');
    await expectTruth();
  });

  test('a commit that a cancel has overtaken publishes nothing', async () => {
    const fence = await open(() => make(), request());
    while (await runStage(() => make(), fence));
    while (!(await askUnknownEnds(make(), fence, deadline())));
    await preparePoint(make(), fence);
    const late = frozenAt('commit.beforeState');
    const commit = codeOf(commitSession(late.context, fence));
    await late.frozen;
    await abandon(() => make(), fence);
    late.wake();
    expect(await commit).toBe('fenced');
    expect(await linesAt(db, tenantNo, 1)).toEqual([]);
    expect(await residue(db, tenantNo)).toBe(0);
  });

  test('a page frozen over an abandon is refused by the next session of the same number and epoch', async () => {
    const fence = await open(() => make(), request());
    await runStage(() => make(), fence);
    const late = frozenAt('page.afterGraph.beforeTx', 'user');
    const slice = codeOf(runSlice(late.context, fence, 'user', 'lists', deadline()));
    await late.frozen;
    await abandon(() => make(), fence);
    await releaseLease(make(), fence);
    tenant.set(u(2), { displayName: 'newer' });
    const next = await openWithEpochOf(fence);
    await runStage(() => make(), next);
    late.wake();
    expect(await slice).toBe('fenced');
    const [rows] = await db.owner.rows<{ count: number }>(
      'select count(*) from object_version where tenant_no = $1',
      [tenantNo],
    );
    expect(rows?.count).toBe(0);
    await runToEnd(next);
    await expectTruth();
  });

  test('a page cannot land between the last chunk of an abandon and its end', async () => {
    const fence = await open(() => make(), request());
    await runStage(() => make(), fence);
    const page = frozenAt('page.afterGraph.beforeTx', 'user');
    const slice = codeOf(runSlice(page.context, fence, 'user', 'lists', deadline()));
    await page.frozen;
    const ending = frozenAt('abandon.beforeAbandoned');
    await markAbandoning(make(), fence, 'cancel');
    const abandoned = abandonSession(ending.context, fence, deadline());
    await ending.frozen;
    page.wake();
    expect(await slice).toBe('fenced');
    ending.wake();
    expect(await abandoned).toBe(true);
    expect(await residue(db, tenantNo)).toBe(0);
  });

  test('a late first token does not move a collection back that has gone on', async () => {
    const fence = await open(() => make(), request());
    const late = frozenAt('latest.afterToken', 'user');
    const slice = codeOf(runSlice(late.context, fence, 'user', 'tokens', deadline()));
    await late.frozen;
    await runStage(() => make(), fence);
    tenant.set(u(0), { displayName: 'while reading' });
    await runStage(() => make(), fence);
    late.wake();
    expect(await slice).toBe('ended');
    const [task] = await db.owner.rows<{ phase: string; generation: number }>(
      `select phase, generation from session_task where tenant_no = $1 and collection = 'user'`,
      [tenantNo],
    );
    expect(task).toEqual({ phase: 'listed', generation: 1 });
    await runToEnd(fence);
    await expectTruth();
  });

  test('a page frozen over the failing of its collection is refused by the new generation', async () => {
    await backup();
    tenant.set(u(0), { displayName: 'changed' });
    const fence = await open(() => make(), request());
    await runStage(() => make(), fence);
    const late = frozenAt('page.afterGraph.beforeTx', 'user');
    const slice = codeOf(runSlice(late.context, fence, 'user', 'rounds', deadline()));
    await late.frozen;
    await db.owner.rows(
      `update session_task set phase = 'failing', generation = generation + 1,
         outcome = 'carried-failed' where tenant_no = $1 and collection = 'user'
         and session_id = $2`,
      [tenantNo, fence.sessionId],
    );
    late.wake();
    expect(await slice).toBe('ended');
    await runToEnd(fence);
    expect(await linesAt(db, tenantNo, 2)).toEqual(await linesAt(db, tenantNo, 1));
    await backup();
    await expectTruth();
  });
});

test('H2: what changes twice in one session is changed in place, and reopened when it changes back', async () => {
  await backup();
  tenant.set(u(0), { displayName: 'other' });
  tenant.unlink('group.members', g(0), u(1));
  let rounds = 0;
  tenant.before = (path) => {
    if (path !== '/users/delta') return;
    rounds += 1;
    if (rounds === 2) {
      tenant.set(u(0), { displayName: 'user 0' });
      tenant.link('group.members', g(0), u(1));
    }
  };
  await backup();
  tenant.before = () => undefined;
  await backup();
  const versions = await db.owner.rows<{ from: number; to: number }>(
    `select v.from_point as from, v.to_point as to from object_version v
     join object o on o.tenant_no = v.tenant_no and o.key = v.object_key
     where v.tenant_no = $1 and o.object_id = $2 order by 1`,
    [tenantNo, u(0)],
  );
  expect(versions).toEqual([{ from: 1, to: 2_147_483_647 }]);
  await expectTruth();
});

test('H3: a member that comes back from the recycle bin brings its memberships', async () => {
  tenant.bin(u(0));
  await backup();
  tenant.undelete(u(0));
  await backup();
  await expectTruth();
});

test('H4: links that became due survive the failing of their collection', async () => {
  tenant.bin(u(0));
  await backup();
  tenant.undelete(u(0));
  tenant.before = (path) => {
    if (path === '/groups/delta') throw new BackupError('graphBadRequest', 'broken on purpose');
  };
  expect(await backup()).toMatchObject({ state: 'partial' });
  tenant.before = () => undefined;
  await backup();
  await expectTruth();
});

test('H5: dormancy follows from the ends, whatever is reverted', async () => {
  await backup();
  tenant.bin(u(0));
  tenant.set(g(1), { displayName: 'renamed' });
  tenant.before = (path) => {
    if (path === '/groups/delta') throw new BackupError('graphBadRequest', 'broken on purpose');
  };
  await backup();
  tenant.before = () => undefined;
  expect((await linesAt(db, tenantNo, 2)).filter((line) => line.includes(u(0)))).toEqual([]);
  await backup();
  await expectTruth();
  tenant.undelete(u(0));
  await backup();
  await expectTruth();
});

test.each(['bin', 'purge'] as const)(
  'H6: an end that no collection delivered is asked before a point shows it (%s)',
  async (fate) => {
    tenant.before = (path) => {
      if (path.startsWith('/users')) throw new BackupError('graphBadRequest', 'broken on purpose');
    };
    expect(await backup()).toMatchObject({ state: 'partial' });
    tenant.before = (path) => {
      // the recycle bin is not listed, so that only the question is left
      if (path === '/directory/deletedItems/microsoft.graph.user') tenant.omitsBin = true;
    };
    tenant.bin(u(0));
    if (fate === 'purge') tenant.purge(u(0));
    await backup();
    await expectTruth();
  },
);

describe('H7: a visit to the recycle bin while links are read', () => {
  test('of the member: its link stays', async () => {
    await backup();
    once(
      (path, query) => path === '/groups' && query.includes('members'),
      () => tenant.bin(u(0)),
    );
    once(
      (path) => path === '/users/delta' && tenant.get(u(0)).state === 'bin',
      () => tenant.undelete(u(0)),
    );
    await backup('full');
    await expectTruth();
  });

  test('of the group: its links stay', async () => {
    tenant.bin(u(0));
    await backup();
    tenant.undelete(u(0));
    once(
      (path) => path === `/users/${u(0)}/memberOf`,
      () => tenant.bin(g(0)),
    );
    once(
      (path) => path === '/groups/delta' && tenant.get(g(0)).state === 'bin',
      () => tenant.undelete(g(0)),
    );
    await backup();
    await expectTruth();
  });

  test('of the member while its own collection fails: the whole collection becomes due', async () => {
    await backup();
    once(
      (path, query) => path === '/groups' && query.includes('members'),
      () => tenant.bin(u(0)),
    );
    once(
      (path) => path === '/groups/delta',
      () => tenant.undelete(u(0)),
    );
    const former = tenant.before;
    tenant.before = (path, asked) => {
      if (path === '/users/delta' && asked.query?.['$deltatoken'] === undefined) {
        throw new BackupError('graphBadRequest', 'broken on purpose');
      }
      return former(path, asked);
    };
    await backup('full');
    tenant.before = () => undefined;
    await backup();
    await expectTruth();
  });
});

describe('H8: a row that a rename has moved over the page border', () => {
  test('is found by repeating the listing', async () => {
    tenant.listPage = 2;
    for (const n of [3, 4, 5]) tenant.create('user', u(n), { displayName: `user ${n}` });
    let pages = 0;
    tenant.before = (path, asked) => {
      if (path !== '/users' || asked.query?.['$top'] !== '999') return;
      if (!asked.query['$select']?.includes('displayName')) return;
      pages += 1;
      if (pages === 2) tenant.set(u(0), { displayName: 'zzz' });
    };
    await backup();
    expect(pages).toBeGreaterThan(2);
    await expectTruth();
  });

  test('of a collection without delta is found by passes that have to agree', async () => {
    tenant.listPage = 2;
    for (const n of [0, 1, 2, 3, 4]) {
      tenant.create('namedLocation', l(n), { displayName: `place ${n}` });
    }
    let pages = 0;
    tenant.before = (path) => {
      if (path !== '/identity/conditionalAccess/namedLocations') return;
      pages += 1;
      if (pages === 2) tenant.set(l(0), { displayName: 'zzz' });
    };
    await backup();
    await expectTruth();
  });
});

test('a follow-up that fails for some groups leaves the cursor behind, and changes arrive later', async () => {
  for (let n = 10; n < 40; n += 1) {
    tenant.create('user', u(n), { displayName: `user ${n}` });
    for (const group of [0, 1]) tenant.link('group.members', g(group), u(n));
  }
  let broken = true;
  tenant.before = (path) => {
    if (broken && path === `/groups/${g(1)}/members`) {
      throw new BackupError('graphBadRequest', 'broken on purpose');
    }
  };
  expect(await backup()).toMatchObject({ state: 'partial' });
  const cursors = await db.owner.rows(
    `select 1 from delta_cursor where tenant_no = $1 and collection = 'group'`,
    [tenantNo],
  );
  expect(cursors).toEqual([]);
  broken = false;
  tenant.set(g(0), { displayName: 'renamed meanwhile' });
  await backup();
  await expectTruth();
});

test('an expired cursor is replaced by a full read in the same session', async () => {
  await backup();
  tenant.set(u(0), { displayName: 'changed' });
  tenant.bin(u(1));
  tenant.purge(u(1));
  tenant.expired.set('user', tenant.seq);
  expect(await backup()).toMatchObject({ state: 'complete' });
  await expectTruth();
});

test('conflicting entries of one round are read directly', async () => {
  await backup();
  tenant.set(u(0), { displayName: 'right' });
  let rounds = 0;
  tenant.answer = (path, page) => {
    if (path !== '/users/delta' || page.items.length === 0) return page;
    rounds += 1;
    const stale = { ...page.items[0], displayName: 'wrong' };
    return rounds === 1 ? { ...page, items: [...page.items, stale] } : page;
  };
  await backup();
  await expectTruth();
});

test('a session that another one takes over after its lease is refused when it wakes', async () => {
  const fence = await open(() => make(), request());
  const late = frozenAt('latest.afterToken', 'user');
  const slice = codeOf(runSlice(late.context, fence, 'user', 'tokens', deadline()));
  await late.frozen;
  // frozen as a whole: its heartbeat stops too
  await db.owner.rows(
    `update lease_heartbeat set expires_at = clock_timestamp() - interval '1 second'
     where tenant_no = $1`,
    [tenantNo],
  );
  await backup();
  late.wake();
  expect(await slice).toBe('fenced');
  await expectTruth();
});
