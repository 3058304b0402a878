import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppProcess } from '../support/app-process.ts';
import { CrashScene, tracked } from '../support/crash-scene.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { changeAtRandom, generator } from '../support/random-changes.ts';

const seed = Number(process.env['KILL_SEED'] ?? randomInt(1_000_000));
const kills = Number(process.env['KILLS'] ?? 50);
const random = generator(seed);

let installation: Installation;
let app: AppProcess;
let scene: CrashScene;

beforeAll(async () => {
  console.log(`KILL_SEED=${seed}`);
  installation = await createInstallation();
  app = new AppProcess(installation);
  await app.start();
  const plan = { users: 50, groups: 20, links: 150, administrativeUnits: 3, seed };
  scene = new CrashScene(installation, await installation.addTenant(plan));
  await app.register(scene.tenantId);
  await app.backup(scene.tenantId);
  await scene.expectHeadIsTruth('first backup');
}, 400_000);
afterAll(async () => {
  await app.kill();
  await installation.close();
});

interface Run {
  readonly operation: string;
  /** Milliseconds since the start of the backup. */
  readonly at: number;
}

/** How long backups take, so that kills are spread over whole ones on any machine. */
const durations = { full: 0, auto: 0 };

async function measure(mode: 'full' | 'auto'): Promise<void> {
  const begun = Date.now();
  await app.backup(scene.tenantId, { mode, types: tracked });
  durations[mode] = Date.now() - begun;
  await scene.expectHeadIsTruth(`${mode} backup without a kill`);
}

/** Starts a backup, kills the app at a random moment of it and starts the app again. */
async function killOnce(): Promise<Run> {
  await changeAtRandom(installation.control, scene.tenantId, random, 3);
  const mode = random(3) === 0 ? 'full' : 'auto';
  const operation = await app.startBackup(scene.tenantId, { mode, types: tracked });
  const at = random(durations[mode]);
  await sleep(at);
  await app.kill();
  await scene.expectPointsUnchanged();
  await app.start();
  return { operation, at };
}

test(`after each of ${kills} kills at random moments the next point equals the tenant`, async () => {
  await measure('full');
  await measure('auto');
  let undisturbed = 0;
  for (let left = kills; left > 0; left -= 1) {
    const head = await scene.head();
    const { operation, at } = await killOnce();
    if ((await app.operation(operation)).status === 'succeeded') undisturbed += 1;
    await scene.expectNothingHalfVisible(app, [head, head + 1]);
    // the app may die once more while it recovers
    if (left > 1 && random(4) === 0) {
      left -= 1;
      await sleep(random(durations.auto));
      await app.kill();
      await app.start();
    }
    const ended = await app.ended(operation);
    await scene.completeAfter(app, ended);
    await scene.expectHeadIsTruth(`kill ${kills - left + 1} after ${at} ms`);
  }
  // most kills hit a backup that was under way
  expect(undisturbed).toBeLessThan(kills / 2);
}, 1_200_000);
