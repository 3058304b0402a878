import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JSONWebKeySet } from 'jose';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectIdOf } from '../../local/graph-simulator/sign-in/user-token.ts';
import { readSimulatorFile } from '../../local/graph-simulator/simulator-file.ts';

const TENANT = 'a1b2c3d4-0000-4000-8000-000000000001';

let stateDir: string;
let simulator: ChildProcess;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'simulator-token-'));
  simulator = spawn(
    process.execPath,
    ['local/graph-simulator/main.ts', '--state', stateDir, '--api-tenant', TENANT],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (!simulator.stdout) throw new Error('no output of the simulator');
  await once(createInterface({ input: simulator.stdout }), 'line');
});
afterAll(async () => {
  if (simulator.exitCode === null) {
    simulator.kill('SIGTERM');
    await once(simulator, 'exit');
  }
  await rm(stateDir, { recursive: true, force: true });
});

/** Runs the command; answers what it printed and how it ended. */
function token(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['local/token.ts', ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

async function publishedKeys(url: string, caFile: string) {
  const dispatcher = new Agent({ connect: { ca: await readFile(caFile, 'utf8') } });
  const response = await fetch(`${url}/${TENANT}/discovery/v2.0/keys`, { dispatcher });
  const keys = (await response.json()) as JSONWebKeySet;
  await dispatcher.close();
  return createLocalJWKSet(keys);
}

test('the command prints a token the API accepts, with the object id of the name', async () => {
  const file = await readSimulatorFile(stateDir);
  if (!file) throw new Error('no simulator.json');
  expect((await stat(join(stateDir, 'simulator.json'))).mode & 0o077).toBe(0);
  const printed = await token(
    ...['--user', 'operator@contoso.example', '--roles', 'Restore.Operator, Backup.Reader'],
    ...['--state', stateDir, '--show-id', '--minutes', '5'],
  );
  expect(printed.code).toBe(0);
  expect(printed.stderr).toBe(`object id ${objectIdOf('operator@contoso.example')}\n`);
  const keys = await publishedKeys(file.url, file.caFile);
  const { payload } = await jwtVerify(printed.stdout.trim(), keys, {
    issuer: `${file.url}/${TENANT}/v2.0`,
    audience: 'api://entra-backup',
    algorithms: ['RS256'],
  });
  expect(payload['roles']).toEqual(['Restore.Operator', 'Backup.Reader']);
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
});

test.each([
  [['--roles', 'Backup.Reader'], /^usage:/],
  [['--user', 'x', '--rolls', 'y'], /Unknown option '--rolls'[\s\S]*usage:/],
  [['--user', 'x', '--minutes', 'soon'], /--minutes takes a positive number, not soon/],
  [['--user', 'x', '--flaw', 'bad'], /unknown flaw bad; known are expired,/],
])('wrong use %j ends with what to do', async (args, message) => {
  const printed = await token(...args, '--state', stateDir);
  expect(printed).toMatchObject({ code: 1, stdout: '' });
  expect(printed.stderr).toMatch(message);
});

test('without a running simulator the command says how to start one', async () => {
  const printed = await token('--user', 'x', '--state', join(stateDir, 'nothing'));
  expect(printed).toMatchObject({ code: 1, stdout: '' });
  expect(printed.stderr).toMatch(/no simulator runs with the state folder .* npm start/);
});

test('a simulator that is told to end takes its file away', async () => {
  simulator.kill('SIGTERM');
  const [code] = (await once(simulator, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(await readSimulatorFile(stateDir)).toBeUndefined();
});
