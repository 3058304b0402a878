import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../local/folder-lock.ts';
import { readSimulatorFile } from '../../local/graph-simulator/simulator-file.ts';
import { removePostgres } from '../../local/postgres-folders.ts';
import { controlClient, sampleTenant } from '../../local/stack/sample-tenant.ts';

const testStart = Date.now();
const script = path.join(import.meta.dirname, '..', '..', 'local', 'start.ts');
const settings =
  /^(POSTGRES|GRAPH|LOGIN|CACHE|AzureWebJobs|BACKUP|RESTORE|API|PRIMARY|SECONDARY)_?/;
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !settings.test(name)),
);

interface Run {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly code: Promise<number | null>;
  until(pattern: RegExp, seconds: number): Promise<RegExpExecArray>;
}

describe('npm start', () => {
  let state = '';
  const children: ChildProcess[] = [];

  beforeEach(() => {
    state = mkdtempSync(path.join(tmpdir(), 'entra-backup-start-'));
    chmodSync(state, 0o755);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    removePostgres(path.join(state, 'postgres'));
    rmSync(state, { recursive: true, force: true });
  });

  function start(args: readonly string[], more: Readonly<Record<string, string>> = {}): Run {
    const child = spawn(process.execPath, [script, '--state', state, ...args], {
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
    }
    const code = once(child, 'close').then(([exit]) => exit as number | null);
    const until = async (pattern: RegExp, seconds: number): Promise<RegExpExecArray> => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
        const found = pattern.exec(text);
        if (found) return found;
        if (child.exitCode !== null || child.signalCode !== null) break;
      }
      throw new Error(`${pattern} did not appear in:\n${text}`);
    };
    return { child, text: () => text, code, until };
  }

  it('ends with a complete restore point of the sample tenant when told to run once', async () => {
    const run = start(['--once', '--port', '0']);
    expect(await run.code, run.text()).toBe(0);
    expect(run.text()).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+$/m);
    expect(run.text()).toMatch(/^restore point 1 is complete: .*2,000 users, 400 groups/m);
  });

  it('goes on after kill -9 in the middle of the first backup, and its tour works', async () => {
    const first = start(['--port', '0']);
    await first.until(/^ready /m, 90);
    await sleep(1500);
    first.child.kill('SIGKILL');
    await first.code;
    await sleep(3000);
    const second = start(['--port', '0']);
    await second.until(/^restore point \d+ is complete: .*2,000 users, 400 groups/m, 180);
    await second.until(/Ctrl-C stops everything/, 30);
    const printed = takeTour(second.text());
    expect(printed, printed).toMatch(/^1 complete \d{4}-/m);
    expect(printed.match(/^removed user /gm)).toHaveLength(5);
    expect(printed.match(/^\d+ undelete /gm)).toHaveLength(5);
    expect(printed).toMatch(/^approved$/m);
    expect(printed).toMatch(/^succeeded complete \{"done":5,"skipped":0,"conflict":0,"failed":0,/m);
    expect(printed).toMatch(/^directoryAudits (collecting|caughtUp) /m);
    expect(printed).toMatch(/^searched through \d{4}-/m);
    expect(printed).not.toMatch(/error|undefined is not/i);
    expect(await deletedUsers()).toEqual([]);
    second.child.kill('SIGINT');
    expect(await second.code, second.text()).toBe(0);
    expect(second.text()).toMatch(/^stopped$/m);
  }, 600_000);

  /** Runs the lines that `npm start` prints, as a reader would paste them. */
  function takeTour(text: string): string {
    const from = text.indexOf('  # 0  two people');
    const lines = text.slice(from, text.indexOf('Ctrl-C stops everything', from));
    const run = spawnSync('bash', ['-c', lines], {
      cwd: path.join(import.meta.dirname, '..', '..'),
      env,
      encoding: 'utf8',
      timeout: 200_000,
    });
    return `${run.stdout}\n${run.stderr}`;
  }

  /** Which of the users that the tour deleted are still in the recycle bin. */
  async function deletedUsers(): Promise<string[]> {
    const simulator = await readSimulatorFile(state);
    if (simulator === undefined) throw new Error('the simulator does not run');
    const control = await controlClient({ ...simulator, origin: simulator.url });
    const found: string[] = [];
    for await (const line of control.truth(sampleTenant.tenantId)) {
      const isUser = line.kind === 'object' && line.type === 'user' && line.state === 'deleted';
      // the ten that the sample tenant has in its recycle bin from the beginning
      if (isUser && Date.parse(line.deletedDateTime ?? '') > testStart) found.push(line.id);
    }
    return found;
  }

  it('says what is wrong with an option', async () => {
    const run = start(['--prot', '1']);
    expect(await run.code).toBe(2);
    expect(run.text()).toContain('--prot');
    expect(run.text()).toContain('usage: npm start');
    const port = start(['--port', '70710']);
    expect(await port.code).toBe(2);
    expect(port.text()).toContain('--port takes a number from 0 to 65535, not 70710');
  });

  /** Settings that leave nothing to start but the application. */
  const elsewhere = {
    GRAPH_URL: 'https://graph.contoso.example',
    POSTGRES_URL: 'postgres://entra_backup_app@database.contoso.example/entra_backup',
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  };

  it('runs in Core Tools when func is on the PATH: its arguments and settings', async () => {
    const bin = path.join(state, 'bin');
    mkdirSync(bin);
    const recorded = path.join(state, 'recorded.json');
    const fake = `#!${process.execPath}
      const { createServer } = require('node:http');
      const { writeFileSync } = require('node:fs');
      const { argv, env } = process;
      const cwd = process.cwd();
      writeFileSync(${JSON.stringify(recorded)}, JSON.stringify({ args: argv.slice(2), env, cwd }));
      console.log('Azure Functions Core Tools');
      setTimeout(() => createServer((request, response) => {
        response.statusCode = request.url === '/api/health/live' ? 200 : 404;
        response.end();
      }).listen(Number(argv[4]), '127.0.0.1'), 700);`;
    writeFileSync(path.join(bin, 'func'), fake, { mode: 0o755 });
    const PATH = `${bin}${path.delimiter}${env['PATH'] ?? ''}`;
    const run = start(['--func', '--port', '0'], { ...elsewhere, PATH });
    const [, port] = await run.until(/^ready http:\/\/127\.0\.0\.1:(\d+)$/m, 60);
    const seen = JSON.parse(readFileSync(recorded, 'utf8')) as {
      args: string[];
      env: Record<string, string>;
      cwd: string;
    };
    expect(seen.args).toEqual(['start', '--port', port]);
    expect(seen.cwd).toBe(path.join(import.meta.dirname, '..', '..'));
    expect(seen.env).toMatchObject({
      ...elsewhere,
      FUNCTIONS_WORKER_RUNTIME: 'node',
      TASKHUB_NAME: 'EntraBackup',
      RESTORE_SECRETS: path.join(state, 'restore-secrets'),
    });
    expect(seen.env['REPOSITORY_KEY']).toContain(state);
    run.child.kill('SIGINT');
    expect(await run.code, run.text()).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/api/health/live`)).rejects.toThrow();
  });

  it('says how to get Core Tools when func is not on the PATH, and starts nothing', async () => {
    const run = start(['--func', '--port', '0'], { ...elsewhere, PATH: path.join(state, 'bin') });
    expect(await run.code, run.text()).toBe(1);
    expect(run.text()).toContain('func is not on the PATH');
    expect(run.text()).toContain('azure-functions-core-tools@4');
    expect(run.text()).not.toContain('build');
  });

  it('starts no simulator when an address of Graph is given, and names missing settings', async () => {
    const run = start(['--port', '0'], { GRAPH_URL: 'https://graph.contoso.example' });
    expect(await run.code).toBe(1);
    expect(run.text()).toMatch(/^simulator +is in the environment already$/m);
    expect(run.text()).toContain('API_TENANT_IDS: is missing; put tenant ids separated by commas');
    expect(run.text()).toContain('API_AUDIENCE: is missing; put');
    expect(run.text()).not.toContain('POSTGRES_URL');
  });

  it('says which port is taken and which folder is in use; fresh forgets only what nobody uses', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const old = path.join(state, 'old');
    writeFileSync(old, '');
    const taken = start(['--port', String(port)]);
    expect(await taken.code).toBe(1);
    expect(taken.text()).toContain(`port ${port} for the API (--port) is in use`);
    const lock = lockFolder(state);
    const used = start(['--fresh', '--port', '0']);
    expect(await used.code).toBe(1);
    expect(used.text()).toContain(`folder ${state} is in use by another process`);
    expect(existsSync(old)).toBe(true);
    lock.release();
    const fresh = start(['--fresh', '--port', String(port)]);
    expect(await fresh.code).toBe(1);
    expect(existsSync(old)).toBe(false);
    server.close();
  });
});
