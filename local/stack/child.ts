import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { guardChild } from '../child-guard.ts';

export interface ChildOptions {
  /** As it is called in messages. */
  readonly name: string;
  /** Program to run instead of this Node. */
  readonly command?: string;
  /** Arguments; for this Node the script comes first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** What the child writes goes here as well. */
  readonly logFile: string;
  /** Looks at each line of standard output; true = the child is ready. */
  readonly isReady: (line: string) => boolean;
  readonly readyWithinMs: number;
  /** Stop by a message over the IPC channel instead of SIGTERM. */
  readonly stopMessage?: string;
}

export interface Child {
  /** Resolves with what to tell when the child ends without having been asked to. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

const STOP_LIMIT_MS = 20_000;
const KEPT_LINES = 20;

/**
 * Starts a process of the stack and waits until it is ready. It is no member of the terminal's
 * process group: Ctrl-C reaches the stack alone, which stops its parts in order.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, args, env, cwd, logFile, stopMessage } = options;
  const child = spawn(options.command ?? process.execPath, [...args], {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', stopMessage === undefined ? 'ignore' : 'ipc'],
  });
  guardChild(child, { signal: 'TERM' });
  const tail: string[] = [];
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  let stopping = false;
  const died = ended.then(() => {
    log.end();
    if (stopping) return new Promise<string>(() => undefined);
    return `${name} ended by itself; its last lines (all in ${logFile}):\n${tail.join('\n')}`;
  });
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        if (tail.push(line) > KEPT_LINES) tail.shift();
        if (options.isReady(line)) resolve();
      });
    }
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    await end(child, ended, stopMessage);
  };
  const time = limit(name, options.readyWithinMs);
  try {
    await Promise.race([ready, failed(died), time.over]);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    time.stop();
  }
  return { died, stop };
}

async function failed(died: Promise<string>): Promise<never> {
  throw new Error(await died);
}

/** Rejects when the time is over; `stop` takes the timer away. */
function limit(name: string, ms: number): { readonly over: Promise<never>; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const handle = setTimeout(
    () => reject(new Error(`${name} was not ready within ${ms / 1000} s`)),
    ms,
  );
  return { over: promise, stop: () => clearTimeout(handle) };
}

async function end(
  child: ChildProcess,
  ended: Promise<void>,
  stopMessage: string | undefined,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  if (stopMessage !== undefined && child.connected) child.send(stopMessage);
  else child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}
