import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppProcess, until } from '../support/app-process.ts';
import { CrashScene, tracked } from '../support/crash-scene.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { changeAtRandom, generator } from '../support/random-changes.ts';
import { tenantNumber } from '../support/session-residue.ts';

const seed = Number(process.env['KILL_SEED'] ?? randomInt(1_000_000));
const plan = { users: 50, groups: 12, links: 100, administrativeUnits: 3, seed };
/** Three leases of silence, a tick of the timer and a backup, on a machine that does much else. */
const TAKEOVER_MS = 120_000;
const TEST_MS = 400_000;

/** An app without it works on nothing but its own backups, and takes nothing over. */
const withoutTimer = { 'AzureWebJobs.startDueJobs.Disabled': 'true' };

let installation: Installation;
let successor: AppProcess;
const apps: AppProcess[] = [];
const scenes: Scene[] = [];

interface Scene {
  readonly scene: CrashScene;
  readonly change: (count: number) => Promise<unknown>;
}

beforeAll(async () => {
  console.log(`KILL_SEED=${seed}`);
  installation = await createInstallation({ databaseTimeouts: { idle: 3_000, lock: 1_500 } });
  successor = new AppProcess(installation, 'successor');
  apps.push(successor);
  await successor.start({ environment: withoutTimer });
  const { control } = installation;
  for (let n = 0; n < 6; n += 1) {
    const scene = new CrashScene(installation, await installation.addTenant(plan));
    await successor.register(scene.tenantId);
    // concurrent tests that drew from one generator would not do the same again with its seed
    const random = generator(seed + n);
    const change = (count: number) => changeAtRandom(control, scene.tenantId, random, count);
    scenes.push({ scene, change });
  }
}, TEST_MS);
afterAll(async () => {
  for (const app of apps) {
    app.wake();
    await app.kill();
  }
  await installation.close();
});

/** A registered tenant with a first point. */
async function takeScene(app: AppProcess): Promise<Scene> {
  const taken = scenes.pop();
  if (taken === undefined) throw new Error('every test needs a tenant of its own');
  await app.backup(taken.scene.tenantId);
  await taken.scene.expectHeadIsTruth('first backup');
  return taken;
}

interface Frozen extends Scene {
  readonly app: AppProcess;
  readonly operation: string;
  readonly epoch: number;
}

/** A process with a task hub of its own that has stopped itself at a failpoint of a full backup. */
async function freezeAt(name: string, failpoint: string): Promise<Frozen> {
  const app = new AppProcess(installation, name.replaceAll(' ', '-'));
  apps.push(app);
  const [made] = await Promise.all([
    takeScene(successor),
    app.start({ environment: withoutTimer }),
  ]);
  const { scene, change } = made;
  await change(6);
  const operation = await app.startBackup(scene.tenantId, { mode: 'full', types: tracked });
  app.arm(`${failpoint}:freeze`);
  await app.untilFrozen();
  return { ...made, app, operation, epoch: await scene.epoch() };
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

const held = {
  'inside a transaction': 'page.afterRows.beforeLedger',
  'between the answer of Graph and its transaction': 'page.afterGraph.beforeTx',
  'between the checks and the commit': 'commit.beforeState',
} as const;

describe('a worker frozen until another has taken its backup over', { timeout: TEST_MS }, () => {
  const frozen = new Map<string, Frozen>();
  let early: Frozen;
  let sleeper: Frozen;
  let ticker: NodeJS.Timeout;
  let tick: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    const freezeAll = Object.entries(held).map(async ([name, failpoint]) => {
      frozen.set(name, await freezeAt(name, failpoint));
    });
    [early, sleeper] = await Promise.all([
      freezeAt('early', 'page.afterGraph.beforeTx'),
      freezeAt('sleeper', 'page.afterGraph.beforeTx'),
      ...freezeAll,
    ]);
    // until here a worker that a busy machine kept silent for three leases would have been taken over
    await successor.stop();
    await successor.start();
    await slowUnits(early);
    await successor.call('operator', 'POST', `/api/operations/${sleeper.operation}/cancel`);
    // The minute timer more often, once nobody is about to start a backup in another task hub: a
    // tick between the row of an operation and its start would make twins and no takeover.
    ticker = setInterval(() => {
      tick = tick.then(() => successor.runTimer('startDueJobs'));
      tick.catch(() => undefined);
    }, 1_000);
  }, TEST_MS);
  afterAll(async () => {
    clearInterval(ticker);
    await tick;
  });

  test.concurrent.for(Object.keys(held))(
    '%s is refused when it wakes, and the successor does not wait for ever',
    async (name) => {
      const stopped = frozen.get(name);
      if (stopped === undefined) throw new Error(`nobody is frozen ${name}`);
      const { scene, change, operation } = stopped;
      await change(4);
      const ended = await successor.succeeded(operation, TAKEOVER_MS);
      expect(ended.result).toBe('complete');
      expect(await scene.head()).toBe(2);
      await scene.expectSettled(successor);
      const before = await scene.everything();
      expect(await wakeUp(stopped)).toMatchObject({ ok: false, code: 'fenced' });
      await scene.expectUntouched(before);
      expect((await successor.operation(operation)).status).toBe('succeeded');
      await scene.expectHeadIsTruth('after waking up');
    },
  );

  test.concurrent('is refused while the successor is still working, and does not end its operation', async () => {
    const { scene, operation, epoch } = early;
    await scene.takenOver(epoch, TAKEOVER_MS);
    expect(await wakeUp(early)).toMatchObject({ ok: false, code: 'fenced' });
    expect((await successor.operation(operation)).status).toBe('running');
    await slowUnits(early, false);
    expect((await successor.succeeded(operation)).result).toBe('complete');
    await scene.completeAfter(successor, await successor.operation(operation));
    await scene.expectHeadIsTruth('after both');
  });

  test.concurrent('past an abandon does not write into a new session with the same point and epoch', async () => {
    const { scene, change, operation, epoch } = sleeper;
    const { db } = installation;
    const no = await tenantNumber(db, scene.tenantId);
    expect((await successor.ended(operation, TAKEOVER_MS)).status).toBe('canceled');
    await change(4);
    await slowUnits(sleeper);
    // what a repository restored from an older copy could come to
    await db.owner.rows('update lease set epoch = $2 - 1 where tenant_no = $1', [no, epoch]);
    const next = await successor.startBackup(scene.tenantId, { mode: 'full', types: tracked });
    await scene.rowsWritten();
    const [session] = await db.owner.rows<{ epoch: number; point: number }>(
      `select epoch, point from session where tenant_no = $1 and state = 'open'`,
      [no],
    );
    expect(session).toEqual({ epoch, point: (await scene.head()) + 1 });
    expect(await wakeUp(sleeper)).toMatchObject({ ok: false });
    await slowUnits(sleeper, false);
    await scene.completeAfter(successor, await successor.succeeded(next));
    await scene.expectHeadIsTruth('after the new session');
  });
});

const slow = new Set<string>();

/** Makes every request for administrative units of a tenant slow, or quick again. */
async function slowUnits({ scene: { tenantId } }: Scene, isSlow = true): Promise<void> {
  if (isSlow) slow.add(tenantId);
  else slow.delete(tenantId);
  const rules = [...slow].flatMap((id) =>
    ['/directory/administrativeUnits', '/directory/administrativeUnits/**'].map((path) => ({
      name: `slow ${path} of ${id}`,
      match: { path, tenantId: id },
      fault: { kind: 'delay', milliseconds: 3_000 } as const,
    })),
  );
  await installation.control.faults(...rules);
}

test(
  'activities that run twice, late and in another order change nothing',
  async () => {
    const app = new AppProcess(installation, 'chaos');
    apps.push(app);
    await app.start({ chaos: seed });
    const { scene, change } = await takeScene(app);
    await change(8);
    await app.succeeded(await app.startBackup(scene.tenantId, { types: tracked }));
    await scene.expectHeadIsTruth('incremental backup');
  },
  TEST_MS,
);
