import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardChild } from './child-guard.ts';
import type { Account } from './postgres-account.ts';

/** One PostgreSQL server process and how to start it. */
export interface ServerOptions {
  readonly native: string;
  readonly data: string;
  readonly port: number;
  readonly account: Account | undefined;
  /** `name=value` settings of the server. */
  readonly settings: readonly string[];
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;

function program(native: string, name: string): string {
  return path.join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

/** Messages in English, no PG* variable of the user, a working folder that the account may enter. */
function surroundings(options: Pick<ServerOptions, 'data' | 'account'>): {
  env: NodeJS.ProcessEnv;
  cwd: string;
  uid?: number;
  gid?: number;
} {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  const env = { ...Object.fromEntries(own), LC_ALL: 'C', LANG: 'C' };
  return { env, cwd: path.dirname(options.data), ...options.account };
}

/** Makes the cluster unless it is there; a killed attempt leaves nothing that counts. */
export function initialise(options: ServerOptions, superPassword: string): void {
  if (existsSync(path.join(options.data, 'PG_VERSION'))) return;
  const unfinished = `${options.data}.new`;
  const passwordFile = `${options.data}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, `${superPassword}\n`, { mode: 0o600 });
  if (options.account) chownSync(passwordFile, options.account.uid, options.account.gid);
  try {
    execFileSync(
      program(options.native, 'initdb'),
      [
        `--pgdata=${unfinished}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { ...surroundings(options), stdio: 'pipe' },
    );
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString('utf8').trim() ?? '';
    throw new Error(`initdb failed: ${said} (after an install without scripts: npm rebuild)`, {
      cause: error,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, options.data);
}

/**
 * Ends a server that an earlier, killed process left behind on the same data, and removes a pid file
 * whose number now belongs to another program. The caller holds the lock of the folder.
 */
export function endLeftover(options: ServerOptions): void {
  const file = path.join(options.data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = readFileSync(file, 'utf8').split('\n')[0]?.trim() ?? '';
  if (process.platform !== 'win32') {
    const command = spawnSync('ps', ['-o', 'args=', '-p', pid], { encoding: 'utf8' });
    if (!command.error && !command.stdout.includes(options.data)) {
      rmSync(file, { force: true });
      return;
    }
  }
  spawnSync(
    program(options.native, 'pg_ctl'),
    ['stop', '-D', options.data, '-m', 'fast', '-w', '-t', '30'],
    { ...surroundings(options), stdio: 'ignore' },
  );
}

/** A running server; `stop` ends its connections and waits until it is gone. */
export interface Server {
  stop(): Promise<void>;
}

/** Starts the server and resolves when it accepts connections. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const logFile = path.join(path.dirname(options.data), 'server.log');
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(
    program(options.native, 'postgres'),
    [
      '-D',
      options.data,
      '-p',
      String(options.port),
      ...options.settings.flatMap((setting) => ['-c', setting]),
    ],
    // its own process group: Ctrl-C in the terminal reaches the stack first, which then stops it
    { ...surroundings(options), stdio: ['ignore', log, log], detached: true },
  );
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  guardChild(child, { signal: 'INT', ...options.account });
  try {
    await untilReady(child, options.data, logFile);
  } catch (error) {
    await end(child, ended);
    throw error;
  }
  return { stop: () => end(child, ended) };
}

async function untilReady(child: ChildProcess, data: string, logFile: string): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) break;
    if (isReady(path.join(data, 'postmaster.pid'), child.pid)) return;
    await sleep(20);
  }
  const said = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
  throw new Error(`postgresql did not start; its log ends with:\n${said}`);
}

/** Line 1 is the process id, line 8 its state. */
function isReady(file: string, pid: number): boolean {
  if (!existsSync(file)) return false;
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}
