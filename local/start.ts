// `npm start`: everything on this machine. Builds the application, starts PostgreSQL, Azurite, the
// simulator with a sample tenant and the application in the local functions host, takes a first
// backup and says what to try next. Never deployed.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { assertPortFree, freePort } from './free-port.ts';
import { removePostgres } from './postgres-folders.ts';
import { ApiClient } from './stack/api-client.ts';
import {
  applicationComponent,
  type Component,
  postgresComponent,
  type SimulatorComponent,
  type StackOptions,
  simulatorComponent,
  storageComponent,
} from './stack/components.ts';
import { coreToolsComponent, coreToolsMissing, findCoreTools } from './stack/core-tools.ts';
import {
  backupOnce,
  newestPoint,
  pointLine,
  progressLine,
  registerSampleTenant,
  startLogBackup,
} from './stack/first-backup.ts';
import { sampleTenant } from './stack/sample-tenant.ts';
import { stackState } from './stack/stack-state.ts';
import { tour } from './stack/tour.ts';

const checkout = path.resolve(import.meta.dirname, '..');

const usage = `usage: npm start -- [options]
  --once         end after the first backup
  --fresh        forget everything and begin again
  --port <n>     port of the API; 7071 unless given, 0 for any free one
  --state <dir>  where the state lives; .local unless given
  --func         Azure Functions Core Tools in place of the local functions host (npm run start:func)`;

interface Options {
  readonly once: boolean;
  readonly fresh: boolean;
  readonly func: boolean;
  readonly port: number;
  readonly state: string | undefined;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        func: { type: 'boolean', default: false },
        port: { type: 'string', default: '7071' },
        state: { type: 'string' },
      },
    });
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535) {
      throw new Error(`--port takes a number from 0 to 65535, not ${values.port}`);
    }
    const { once, fresh, func, state } = values;
    return { once, fresh, func, port, state };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
}

const started = performance.now();
const stopped = new AbortController();
const running: Component[] = [];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs one step and says how long it took. */
async function step<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  stopped.signal.throwIfAborted();
  const from = performance.now();
  const result = await work();
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  say(
    `${name.padEnd(12)} ${result === undefined ? 'is in the environment already' : `${seconds} s`}`,
  );
  return result;
}

async function component<T extends Component>(
  name: string,
  start: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const found = await step(name, start);
  if (found === undefined) return undefined;
  running.push(found);
  found.died?.then((message) => stopped.abort(new Error(message))).catch(() => undefined);
  return found;
}

function build(): true {
  const script = path.join(checkout, 'local', 'build.ts');
  const done = spawnSync(process.execPath, [script], { cwd: checkout, stdio: 'inherit' });
  if (done.status !== 0) throw new Error('the application could not be built; the reason is above');
  return true;
}

interface Started {
  readonly url: string;
  readonly simulator: SimulatorComponent | undefined;
  readonly hasLogs: boolean;
}

async function startAll(options: Options, folder: string): Promise<Started> {
  const func = options.func ? findCoreTools(process.env['PATH']) : undefined;
  if (options.func && func === undefined) throw new Error(coreToolsMissing);
  const port = options.port === 0 ? await freePort() : options.port;
  await assertPortFree(port, 'the API (--port)');
  const stack: StackOptions = {
    folder,
    checkout,
    state: await stackState(folder),
    env: process.env,
  };
  await step('build', build);
  await component('postgresql', () => postgresComponent(stack));
  await component('azurite', () => storageComponent(stack));
  const simulator = await component('simulator', () => simulatorComponent(stack));
  const added = Object.assign({}, ...running.map((each) => each.env)) as Record<string, string>;
  // what is in the environment already wins, except that a part brings all of its own settings
  const application = await component('application', () =>
    func === undefined
      ? applicationComponent(stack, port, added)
      : coreToolsComponent(func, stack, port, added),
  );
  const url = `http://127.0.0.1:${port}`;
  if (application === undefined) throw new Error('the application did not start');
  await fetch(`${url}/api/health/live`).then(async (response) => {
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the API answers /api/health/live with ${response.status}`);
  });
  say(`ready ${url}`);
  const hasLogs =
    (added['PRIMARY_LOG_REPOSITORY'] ?? process.env['PRIMARY_LOG_REPOSITORY']) !== undefined;
  return { url, simulator, hasLogs };
}

/** One line that is written over while it changes; plain lines where there is no terminal. */
function progressWriter(): { show(text: string): void; end(): void } {
  let last = '';
  const isTerminal = process.stdout.isTTY;
  return {
    show: (text) => {
      if (text === last) return;
      last = text;
      if (isTerminal) process.stdout.write(`\r\x1b[2K${text.slice(0, process.stdout.columns - 1)}`);
      else say(text);
    },
    end: () => {
      if (isTerminal && last !== '') process.stdout.write('\n');
    },
  };
}

async function firstBackup(
  options: Options,
  { url, hasLogs }: Pick<Started, 'url' | 'hasLogs'>,
  simulator: SimulatorComponent,
): Promise<void> {
  const api = new ApiClient(url, simulator.control);
  await registerSampleTenant(api, hasLogs);
  const before = await newestPoint(api);
  if (before === undefined || options.once) {
    const writer = progressWriter();
    try {
      await backupOnce(api, (operation) => writer.show(progressLine(operation)), stopped.signal);
    } finally {
      writer.end();
    }
  }
  const point = await newestPoint(api);
  if (point === undefined) throw new Error('the backup ended without a restore point');
  say(pointLine(point));
  say(`${((performance.now() - started) / 1000).toFixed(1)} s since the start`);
  if (options.once) {
    if (point.state !== 'complete') throw new Error('the first restore point is not complete');
    return;
  }
  if (hasLogs) await startLogBackup(api);
  const found = await api.call<{ value: { id: string }[] }>(
    'operator',
    'POST',
    `/api/tenants/${sampleTenant.tenantId}/restorePoints/${point.number}/objects/search`,
    { types: ['user'], top: 5 },
  );
  say(
    tour({
      url,
      controlOrigin: simulator.origin,
      controlToken: (await stackState(folder)).controlToken,
      caFile: simulator.caFile,
      stateOption: options.state,
      point: point.number,
      userIds: found.value.map((object) => object.id),
      hasLogs,
    }),
  );
  say('Ctrl-C stops everything; npm start goes on from here.');
}

async function stopAll(): Promise<void> {
  for (const each of running.splice(0).reverse()) await each.stop();
}

const options = readOptions();
const folder = path.resolve(options.state ?? path.join(checkout, '.local'));
const asked = new Error('stopped');
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => stopped.abort(asked));
}

try {
  await run();
} catch (error) {
  // what made it stop says more than what then failed
  const cause: unknown = stopped.signal.aborted ? stopped.signal.reason : error;
  if (cause === asked) say('stopped');
  else {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exitCode = 1;
  }
}

async function run(): Promise<void> {
  const lock = options.fresh ? forget() : lockFolder(folder);
  try {
    const stack = await startAll(options, folder);
    if (stack.simulator !== undefined) await firstBackup(options, stack, stack.simulator);
    if (options.once) return;
    await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve));
    throw stopped.signal.reason;
  } finally {
    await stopAll();
    lock.release();
  }
}

/** Removes all state, unless another process is using it. */
function forget(): FolderLock {
  lockFolder(folder).release();
  removePostgres(path.join(folder, 'postgres'));
  rmSync(folder, { recursive: true, force: true });
  return lockFolder(folder);
}
