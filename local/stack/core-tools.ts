// The application inside the genuine functions host: Azure Functions Core Tools, when this machine has
// them. They are never installed by this project, because their own installation downloads a host.
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child.ts';
import { applicationEnv, type Component, logFile, type StackOptions } from './components.ts';

/** The first start downloads the extension bundle. */
const READY_MS = 300_000;

export const coreToolsMissing = `func is not on the PATH: npm run start:func needs Azure Functions Core Tools 4.
Get them with npm install -g azure-functions-core-tools@4, or see
https://learn.microsoft.com/azure/azure-functions/functions-run-local. npm start needs none of it.`;

/** Path of Core Tools; undefined when they are not on the PATH. */
export function findCoreTools(searched: string | undefined): string | undefined {
  const names = process.platform === 'win32' ? ['func.exe'] : ['func'];
  const folders = (searched ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return folders
    .flatMap((folder) => names.map((name) => path.resolve(folder, name)))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Starts `func start` in the checkout with the settings of the stack; ready when the API is alive. */
export async function coreToolsComponent(
  func: string,
  options: StackOptions,
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<Component> {
  const child = await startChild({
    name: 'application',
    command: func,
    args: ['start', '--port', String(port)],
    env: applicationEnv(options, env),
    cwd: options.checkout,
    logFile: logFile(options.folder, 'application'),
    readyWithinMs: READY_MS,
    isReady: () => true,
  });
  try {
    await Promise.race([answering(port), died(child.died)]);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { name: 'application', env: {}, ...child };
}

async function died(message: Promise<string>): Promise<never> {
  throw new Error(await message);
}

async function answering(port: number): Promise<void> {
  for (const end = Date.now() + READY_MS; Date.now() < end; await sleep(250)) {
    const response = await fetch(`http://127.0.0.1:${port}/api/health/live`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
  }
  throw new Error(`func did not answer /api/health/live within ${READY_MS / 1000} s`);
}
