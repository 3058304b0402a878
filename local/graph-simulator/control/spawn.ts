// Starts the simulator as a process of its own, for benchmarks and tests that measure or kill the
// process beside it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ControlClient } from './client.ts';

export type SpawnOptions = {
  readonly stateDir: string;
  readonly port?: number;
  readonly ledgerFile?: string;
  /** Id of a tenant that is filled with the sample population. */
  readonly sampleTenantId?: string;
  readonly persist?: boolean;
};

export type SimulatorProcess = {
  readonly origin: string;
  readonly port: number;
  readonly ca: string;
  readonly caFile: string;
  readonly controlToken: string;
  readonly control: ControlClient;
  readonly pid: number;
  /** Ends it in good order; throws when it ended with another code than 0. */
  stop(): Promise<void>;
};

const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Throws when the process ends before it says where it listens. */
export async function spawnSimulator(options: SpawnOptions): Promise<SimulatorProcess> {
  const child = spawn(process.execPath, [mainFile, ...argumentsOf(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await firstLine(child);
  const said = JSON.parse(line) as {
    readonly origin: string;
    readonly port: number;
    readonly caFile: string;
    readonly controlToken: string;
  };
  const ca = await readFile(said.caFile, 'utf8');
  const { origin, controlToken } = said;
  return {
    ...said,
    ca,
    control: new ControlClient({ origin, token: controlToken, ca }),
    pid: child.pid ?? 0,
    stop: async () => {
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.kill('SIGTERM');
      const [code] = await ended;
      if (code !== 0) {
        throw new Error(`the simulator ended with code ${code}`);
      }
    },
  };
}

function argumentsOf(options: SpawnOptions): string[] {
  const { stateDir, port, ledgerFile, sampleTenantId, persist } = options;
  return [
    ...['--state', stateDir],
    ...(port === undefined ? [] : ['--port', String(port)]),
    ...(ledgerFile === undefined ? [] : ['--ledger', ledgerFile]),
    ...(sampleTenantId === undefined ? [] : ['--sample', sampleTenantId]),
    ...(persist === true ? ['--persist'] : []),
  ];
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) {
    throw new Error('the simulator has no output');
  }
  const lines = createInterface({ input: child.stdout });
  const line = once(lines, 'line') as Promise<[string]>;
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const first = await Promise.race([line, ended]);
  if (typeof first[0] !== 'string') {
    throw new Error(`the simulator ended with code ${first[0]} before it was ready`);
  }
  return first[0];
}
