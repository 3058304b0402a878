import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppProcess } from '../support/app-process.ts';
import { CrashScene, tracked } from '../support/crash-scene.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { changeAtRandom, generator, type Random } from '../support/random-changes.ts';

const seed = Number(process.env['KILL_SEED'] ?? randomInt(1_000_000));
const kills = Number(process.env['KILLS'] ?? 50);
/** Apps with a tenant and a task hub each, killed beside each other. */
const LANES = 5;
const plan = { users: 50, groups: 20, links: 150, administrativeUnits: 3 };
// an app works on nothing but the operations of its own task hub
const environment = { 'AzureWebJobs.startDueJobs.Disabled': 'true' };

let installation: Installation;
const lanes: Lane[] = [];

beforeAll(async () => {
  console.log(`KILL_SEED=${seed}`);
  installation = await createInstallation();
  for (let n = 0; n < LANES; n += 1) lanes.push(await Lane.create(n));
}, 400_000);
afterAll(async () => {
  for (const { app } of lanes) await app.kill();
  await installation.close();
});

interface Run {
  readonly operation: string;
  /** Milliseconds since the start of the backup. */
  readonly at: number;
}

class Lane {
  readonly app: AppProcess;
  readonly scene: CrashScene;
  readonly #random: Random;
  /** How long backups take, so that kills are spread over whole ones on any machine. */
  readonly #durations = { full: 0, auto: 0 };
  /** Backups that had ended before the kill. */
  undisturbed = 0;

  private constructor(app: AppProcess, scene: CrashScene, random: Random) {
    this.app = app;
    this.scene = scene;
    this.#random = random;
  }

  static async create(n: number): Promise<Lane> {
    const app = new AppProcess(installation, `app-${n}`);
    await app.start({ environment });
    const tenantId = await installation.addTenant({ ...plan, seed: seed + n });
    await app.register(tenantId);
    return new Lane(app, new CrashScene(installation, tenantId), generator(seed + n));
  }

  async #measure(mode: 'full' | 'auto'): Promise<void> {
    const begun = Date.now();
    await this.app.backup(this.scene.tenantId, { mode, types: tracked });
    this.#durations[mode] = Date.now() - begun;
    await this.scene.expectHeadIsTruth(`${mode} backup without a kill`);
  }

  /** Starts a backup, kills the app at a random moment of it and starts the app again. */
  async #killOnce(): Promise<Run> {
    const { app, scene } = this;
    await changeAtRandom(installation.control, scene.tenantId, this.#random, 3);
    const mode = this.#random(3) === 0 ? 'full' : 'auto';
    const operation = await app.startBackup(scene.tenantId, { mode, types: tracked });
    const at = this.#random(this.#durations[mode]);
    await sleep(at);
    await this.#restart();
    return { operation, at };
  }

  async #restart(): Promise<void> {
    await this.app.kill();
    await this.scene.expectPointsUnchanged();
    await this.app.start({ environment });
  }

  /** Kills that many times; after each the next point must equal the tenant. */
  async run(count: number): Promise<void> {
    const { app, scene } = this;
    await app.backup(scene.tenantId);
    await scene.expectHeadIsTruth('first backup');
    await this.#measure('full');
    await this.#measure('auto');
    for (let left = count; left > 0; left -= 1) {
      const head = await scene.head();
      const { operation, at } = await this.#killOnce();
      if ((await app.operation(operation)).status === 'succeeded') this.undisturbed += 1;
      await scene.expectNothingHalfVisible(app, [head, head + 1]);
      // the app may die once more while it recovers
      if (left > 1 && this.#random(4) === 0) {
        left -= 1;
        await sleep(this.#random(this.#durations.auto));
        await this.#restart();
      }
      const ended = await app.ended(operation);
      await scene.completeAfter(app, ended);
      await scene.expectHeadIsTruth(`${app.name}: ${left} kills left, the last after ${at} ms`);
    }
  }
}

test(`after each of ${kills} kills at random moments the next point equals the tenant`, async () => {
  const runs = lanes.map(async (lane, n) => await lane.run(Math.ceil((kills - n) / LANES)));
  await Promise.all(runs);
  // most kills hit a backup that was under way
  const undisturbed = lanes.reduce((sum, lane) => sum + lane.undisturbed, 0);
  expect(undisturbed).toBeLessThan(kills / 2);
}, 1_200_000);
