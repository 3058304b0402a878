import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';

const MAIN = join(import.meta.dirname, '../../../local/functions-host/main.ts');
export const SAMPLE_APP = join(import.meta.dirname, '../apps/sample');

/** A directory that is removed after the tests of the file. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'functions-host-'));
  scratch.push(directory);
  return directory;
}

const scratch: string[] = [];

afterAll(() => {
  for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export interface HostProcessOptions {
  directory?: string;
  app?: string;
  port?: number;
  hub?: string;
  environment?: Record<string, string>;
  arguments?: string[];
}

/** The host as its own process, over a hub file that outlives it. */
export class HostProcess {
  readonly directory: string;
  readonly port: number;
  readonly hub: string;
  readonly effectsFile: string;
  output = '';
  #child: ChildProcess | undefined;
  readonly #options: HostProcessOptions;

  private constructor(options: HostProcessOptions, port: number) {
    this.#options = options;
    this.directory = options.directory ?? scratchDirectory();
    this.port = port;
    this.hub = options.hub ?? join(this.directory, 'hub.sqlite');
    this.effectsFile = join(this.directory, 'effects.txt');
  }

  static async create(options: HostProcessOptions = {}): Promise<HostProcess> {
    return new HostProcess(options, options.port ?? (await freePort()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the process without waiting; the exit code comes from `exited`. */
  spawn(): ChildProcess {
    const { app = SAMPLE_APP, environment = {}, arguments: more = [] } = this.#options;
    const options = ['--app', app, '--port', String(this.port), '--hub', this.hub, ...more];
    const child = spawn(process.execPath, [MAIN, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        TASKHUB_NAME: 'TestHub',
        EFFECTS_FILE: this.effectsFile,
        ...environment,
      },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    this.#child = child;
    return child;
  }

  /** Starts the process and waits for its ready line; false when it died before. */
  async start(): Promise<boolean> {
    this.output = '';
    const child = this.spawn();
    while (!this.output.includes('ready http')) {
      if (child.exitCode !== null || child.signalCode !== null) return false;
      await sleep(10);
    }
    return true;
  }

  get running(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || !this.running) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  effects(): string[] {
    try {
      return readFileSync(this.effectsFile, 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  }

  async status(id: string): Promise<InstanceStatus | undefined> {
    const response = await fetch(`${this.url}/durabletask/instances/${id}`);
    return response.status === 404 ? undefined : ((await response.json()) as InstanceStatus);
  }

  /** Waits until an instance is in a state. */
  async waitFor(
    id: string,
    until: (status: InstanceStatus) => boolean,
    timeoutMs = 60_000,
  ): Promise<InstanceStatus> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const status = await this.status(id);
      if (status && until(status)) return status;
      if (Date.now() > end) throw new Error(`instance ${id} stays ${JSON.stringify(status)}`);
      await sleep(15);
    }
  }

  post(path: string, body: unknown): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  }
}

export interface InstanceStatus {
  runtimeStatus: string;
  output: unknown;
  customStatus: unknown;
  input: unknown;
}

export const isOver = (status: InstanceStatus): boolean =>
  ['Completed', 'Failed', 'Terminated'].includes(status.runtimeStatus);
