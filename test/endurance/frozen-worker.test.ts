import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRuleInput } from '../../local/graph-simulator/control/client.ts';
import { AppProcess, until } from '../support/app-process.ts';
import { CrashScene, tracked } from '../support/crash-scene.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { changeAtRandom, generator } from '../support/random-changes.ts';
import { tenantNumber } from '../support/session-residue.ts';

const seed = Number(process.env['KILL_SEED'] ?? randomInt(1_000_000));
const random = generator(seed);
const plan = { users: 50, groups: 12, links: 100, administrativeUnits: 3, seed };
/** Two ticks of the minute timer and a backup; far below "for ever". */
const TAKEOVER_MS = 300_000;
/** On a machine that does much else at the same time. */
const TEST_MS = 900_000;

let installation: Installation;
let successor: AppProcess;
const frozen: AppProcess[] = [];
const scenes: CrashScene[] = [];

beforeAll(async () => {
  console.log(`KILL_SEED=${seed}`);
  installation = await createInstallation({ databaseTimeouts: { idle: 3_000, lock: 1_500 } });
  successor = new AppProcess(installation, 'successor');
  await successor.start();
  for (let n = 0; n < 5; n += 1) {
    const scene = new CrashScene(installation, await installation.addTenant(plan));
    await successor.register(scene.tenantId);
    scenes.push(scene);
  }
}, TEST_MS);
afterAll(async () => {
  for (const app of [...frozen, successor]) {
    app.wake();
    await app.kill();
  }
  await installation.close();
});

/** A tenant with a first point, changed since then. */
async function makeScene(): Promise<CrashScene> {
  const scene = scenes.pop();
  if (scene === undefined) throw new Error('every test needs a tenant of its own');
  await successor.backup(scene.tenantId);
  await scene.expectHeadIsTruth('first backup');
  await changeAtRandom(installation.control, scene.tenantId, random, 6);
  return scene;
}

interface Frozen {
  readonly app: AppProcess;
  readonly scene: CrashScene;
  readonly operation: string;
}

/** A process with a task hub of its own that has stopped itself at a failpoint of a full backup. */
async function freezeAt(name: string, failpoint: string): Promise<Frozen> {
  const scene = await makeScene();
  const app = new AppProcess(installation, name);
  frozen.push(app);
  await app.start({ failpoint: `${failpoint}:freeze` });
  const started = app.startBackup(scene.tenantId, { mode: 'full', types: tracked });
  // it may freeze before it answers
  started.catch(() => undefined);
  await app.untilFrozen();
  return { app, scene, operation: await scene.newestOperation() };
}

/** Wakes a process and waits until its orchestration has ended; answers how it ended. */
async function wakeUp({ app, scene }: Frozen): Promise<unknown> {
  app.wake();
  const id = `backup:${scene.tenantId}`;
  let output: unknown;
  const isOver = async (): Promise<boolean> => {
    const found = await app.instance(id);
    output = found?.output;
    return found?.runtimeStatus !== 'Running' && found?.runtimeStatus !== 'Pending';
  };
  await until(isOver, 120_000, `${app.name} does not find out that it is too late`);
  return output;
}

describe('a worker frozen until another has taken its backup over', { timeout: TEST_MS }, () => {
  test.concurrent.for([
    ['inside a transaction', 'page.afterRows.beforeLedger'],
    ['between the answer of Graph and its transaction', 'page.afterGraph.beforeTx'],
    ['between the checks and the commit', 'commit.beforeState'],
  ])(
    '%s is refused when it wakes, and the successor does not wait for ever',
    async ([name = '', failpoint = '']) => {
      const stopped = await freezeAt(name.replaceAll(' ', '-'), failpoint);
      const { scene, operation } = stopped;
      const head = await scene.head();
      await changeAtRandom(installation.control, scene.tenantId, random, 4);
      const ended = await successor.succeeded(operation, TAKEOVER_MS);
      expect(ended.result).toBe('complete');
      expect(await scene.head()).toBe(head + 1);
      await scene.expectSettled(successor);
      const before = await scene.everything();
      expect(await wakeUp(stopped)).toMatchObject({ ok: false, code: 'fenced' });
      expect(await scene.everything()).toEqual(before);
      expect((await successor.operation(operation)).status).toBe('succeeded');
      await scene.expectHeadIsTruth('after waking up');
    },
  );

  test.concurrent('is refused while the successor is still working, and does not end its operation', async () => {
    const stopped = await freezeAt('early-riser', 'page.afterGraph.beforeTx');
    const { scene, operation } = stopped;
    await installation.control.addFaults(slowUnits(scene.tenantId));
    await scene.takenOver(TAKEOVER_MS);
    expect(await wakeUp(stopped)).toMatchObject({ ok: false, code: 'fenced' });
    expect((await successor.operation(operation)).status).toBe('running');
    expect((await successor.succeeded(operation)).result).toBe('complete');
    await scene.completeAfter(successor, await successor.operation(operation));
    await scene.expectHeadIsTruth('after both');
  });

  test.concurrent('past an abandon does not write into a new session with the same point and epoch', async () => {
    const stopped = await freezeAt('sleeper', 'page.afterGraph.beforeTx');
    const { scene, operation } = stopped;
    const { db, control } = installation;
    const no = await tenantNumber(db, scene.tenantId);
    const [lease] = await db.owner.rows<{ epoch: number }>(
      'select epoch from lease where tenant_no = $1',
      [no],
    );
    const epoch = lease?.epoch ?? 0;
    await successor.call('operator', 'POST', `/api/operations/${operation}/cancel`);
    expect((await successor.ended(operation, TAKEOVER_MS)).status).toBe('canceled');
    await changeAtRandom(control, scene.tenantId, random, 4);
    await control.addFaults(slowUnits(scene.tenantId));
    // what a repository restored from an older copy could come to
    await db.owner.rows('update lease set epoch = $2 - 1 where tenant_no = $1', [no, epoch]);
    const next = await successor.startBackup(scene.tenantId, { mode: 'full', types: tracked });
    await scene.rowsWritten();
    const [session] = await db.owner.rows<{ epoch: number; point: number }>(
      `select epoch, point from session where tenant_no = $1 and state = 'open'`,
      [no],
    );
    expect(session).toEqual({ epoch, point: (await scene.head()) + 1 });
    expect(await wakeUp(stopped)).toMatchObject({ ok: false });
    await scene.completeAfter(successor, await successor.succeeded(next));
    await scene.expectHeadIsTruth('after the new session');
  });
});

function slowUnits(tenantId: string): FaultRuleInput {
  return {
    name: `slow units of ${tenantId}`,
    match: { path: '/directory/administrativeUnits', tenantId },
    fault: { kind: 'delay', milliseconds: 6_000 },
    when: { times: 1 },
  };
}

test('activities that run twice, late and in another order change nothing', async () => {
  const scene = new CrashScene(installation, await installation.addTenant(plan));
  const app = new AppProcess(installation, 'chaos');
  frozen.push(app);
  await app.start({ chaos: seed });
  await app.register(scene.tenantId);
  await app.succeeded(await app.startBackup(scene.tenantId));
  await scene.expectHeadIsTruth('full backup');
  await changeAtRandom(installation.control, scene.tenantId, random, 8);
  await app.succeeded(await app.startBackup(scene.tenantId, { types: tracked }));
  await scene.expectHeadIsTruth('incremental backup');
});
