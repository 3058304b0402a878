import { randomInt } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRuleInput } from '../../local/graph-simulator/control/client.ts';
import { failpointNames } from '../../shared/tenant-backup/failpoint.ts';
import { AppProcess } from '../support/app-process.ts';
import { CrashScene, tracked } from '../support/crash-scene.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { changeAtRandom, generator, readTruth } from '../support/random-changes.ts';

const seed = Number(process.env['KILL_SEED'] ?? randomInt(1_000_000));
const random = generator(seed);

interface Case {
  readonly failpoint: (typeof failpointNames)[number];
  /** The occurrence that kills, from 1. */
  readonly nth?: number;
  readonly mode: 'full' | 'incremental';
  readonly prepare?: () => Promise<void>;
  readonly faults?: readonly FaultRuleInput[];
  /** Cancels the operation once it has written rows. */
  readonly cancel?: boolean;
  readonly tenant?: 'large' | 'fresh';
}

let installation: Installation;
let app: AppProcess;
/** More than 100 users, so that listings with `$expand` have two pages. */
let scene: CrashScene;
let large: CrashScene;
let fresh: CrashScene;

async function live(type: string): Promise<string[]> {
  const truth = await readTruth(installation.control, scene.tenantId);
  return truth
    .filter((line) => line.kind === 'object' && line.type === type && line.state === 'live')
    .map((line) => ('id' in line ? line.id : ''));
}

async function rename(): Promise<void> {
  for (const type of ['user', 'group']) {
    const ids = await live(type);
    const id = ids[random(ids.length)] ?? '';
    const displayName = `renamed ${random(1_000_000)}`;
    await installation.control.change(scene.tenantId, { kind: 'rename', id, displayName });
  }
}

async function create(): Promise<void> {
  const mailNickname = `new${random(1_000_000_000)}`;
  const userPrincipalName = `${mailNickname}@contoso.example`;
  const properties = { displayName: mailNickname, mailNickname, userPrincipalName };
  await installation.control.change(scene.tenantId, { kind: 'create', type: 'user', properties });
}

async function purge(): Promise<void> {
  const [id = ''] = await live('user');
  await installation.control.change(scene.tenantId, { kind: 'delete', id }, { kind: 'purge', id });
}

const brokenFacet: FaultRuleInput = {
  name: 'facet refused',
  match: { path: '/users', query: { $select: 'id,customSecurityAttributes' } },
  fault: { kind: 'status', status: 400 },
};
const expired: FaultRuleInput = {
  name: 'cursor expired',
  match: { path: '/users/delta' },
  when: { times: 1 },
  fault: { kind: 'expiredDeltaToken', form: 'syncStateNotFound' },
};
const slowUnits: FaultRuleInput = {
  name: 'slow units',
  match: { path: '/directory/administrativeUnits' },
  fault: { kind: 'delay', milliseconds: 1_500 },
};

const full = { mode: 'full' } as const;
const incremental = { mode: 'incremental' } as const;
const failing = { ...full, prepare: rename, faults: [brokenFacet] };
const canceled = { ...full, prepare: rename, faults: [slowUnits], cancel: true };

const cases: readonly Case[] = [
  { failpoint: 'page.afterRows.beforeLedger', nth: 3, ...full, tenant: 'fresh' },
  { failpoint: 'page.afterGraph.beforeTx', ...full },
  { failpoint: 'page.afterGraph.beforeTx', nth: 3, ...incremental },
  { failpoint: 'page.afterRows.beforeLedger', ...incremental },
  { failpoint: 'page.afterRows.beforeLedger', nth: 6, ...full },
  { failpoint: 'page.afterCommit.beforeReturn', ...full },
  { failpoint: 'page.afterCommit.beforeReturn', nth: 2, ...incremental },
  { failpoint: 'latest.afterToken', ...full },
  { failpoint: 'latest.afterToken', nth: 3, ...full },
  { failpoint: 'list.betweenPages', ...full, tenant: 'large' },
  { failpoint: 'members.betweenPages', ...full },
  { failpoint: 'sweep.lastPage.beforeTokenSaved', nth: 2, ...incremental },
  { failpoint: 'confirm.afterAnswer', ...full, prepare: purge },
  { failpoint: 'links.afterReread.beforeTx', ...incremental, prepare: create },
  { failpoint: 'links.beforeClosingRound', ...incremental },
  { failpoint: 'due.afterInsert', ...incremental, prepare: create },
  { failpoint: 'fail.afterGeneration', ...failing },
  { failpoint: 'revert.betweenChunks', ...failing },
  { failpoint: 'revert.beforeFailed', ...failing },
  { failpoint: 'restart.afterGeneration', ...incremental, faults: [expired] },
  { failpoint: 'adopt.afterEpoch', ...incremental },
  { failpoint: 'cancel.duringCommit', ...canceled },
  { failpoint: 'abandon.afterMark', ...canceled },
  { failpoint: 'abandon.betweenChunks', ...canceled },
  { failpoint: 'abandon.beforeAbandoned', ...canceled },
  { failpoint: 'open.afterAbandoned', ...canceled },
  { failpoint: 'commit.beforeState', ...incremental },
  { failpoint: 'commit.afterCommit.beforeReturn', ...incremental },
];

const titleOf = ({ failpoint, nth = 1, mode, tenant }: Case): string =>
  `${failpoint} (${nth}) of ${tenant === undefined ? 'a' : `a ${tenant}`} ${mode} backup`;

beforeAll(async () => {
  console.log(`KILL_SEED=${seed}`);
  installation = await createInstallation();
  app = new AppProcess(installation);
  await app.start();
  const small = { groups: 12, links: 200, administrativeUnits: 3, seed };
  scene = new CrashScene(installation, await installation.addTenant({ users: 104, ...small }));
  fresh = new CrashScene(installation, await installation.addTenant({ users: 50, ...small }));
  const many = { users: 1_002, groups: 10, links: 100, administrativeUnits: 2, seed };
  large = new CrashScene(installation, await installation.addTenant(many));
  for (const { tenantId } of [scene, fresh, large]) await app.register(tenantId);
  await app.backup(scene.tenantId);
  await scene.expectHeadIsTruth('first backup');
}, 400_000);
afterEach(async ({ task }) => {
  await installation.control.clearFaults();
  // a case that failed may have left work behind; the next one begins anew
  if (task.result?.state === 'fail') await app.kill();
});
afterAll(async () => {
  await app.kill();
  await installation.close();
});

/** Starts a backup in the process, which dies at its failpoint; the request may go unanswered. */
async function dieAt(where: CrashScene, { failpoint, nth = 1, mode, cancel }: Case) {
  if (!app.running) await app.start();
  app.arm(`${failpoint}:kill:${nth}`);
  const types = where === scene ? { types: tracked } : {};
  const started = app.startBackup(where.tenantId, { mode, ...types });
  if (cancel === true) {
    const id = await started;
    await where.rowsWritten();
    await app.call('operator', 'POST', `/api/operations/${id}/cancel`);
  }
  await started.catch(() => undefined);
  return await app.died();
}

describe('an app killed at a failpoint goes on, and its point equals the tenant', () => {
  test('every failpoint of the backup has its case', () => {
    expect([...new Set(cases.map(({ failpoint }) => failpoint))].sort()).toEqual(
      [...failpointNames].sort(),
    );
  });

  test.for(cases.map((each) => [titleOf(each), each] as const))('%s', async ([title, each]) => {
    const where = { large, fresh, none: scene }[each.tenant ?? 'none'];
    if (where === scene) await changeAtRandom(installation.control, scene.tenantId, random, 5);
    await each.prepare?.();
    await installation.control.faults(...(each.faults ?? []));
    const head = await where.head();
    expect(await dieAt(where, each)).toBe('SIGKILL');
    const heads = headsAfter(each, head);
    expect(await where.head()).toBe(heads[0]);
    await where.expectPointsUnchanged();
    await installation.control.clearFaults();
    await app.start();
    await where.expectNothingHalfVisible(app, heads);
    const ended = await app.ended(await where.newestOperation());
    expect(ended.status).toBe(each.cancel === true ? 'canceled' : 'succeeded');
    await where.completeAfter(app, ended);
    await where.expectHeadIsTruth(title);
  });
});

/** Heads that may be seen from the kill to the end of the operation, the first while it is down. */
function headsAfter({ failpoint, cancel }: Case, head: number): number[] {
  if (failpoint === 'commit.afterCommit.beforeReturn') return [head + 1];
  return cancel === true ? [head] : [head, head + 1];
}
