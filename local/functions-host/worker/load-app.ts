import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HostError } from '../host-error.ts';
import { type AppRegistrations, collectRegistrations } from './core-api.ts';

// ECMAScript modules are evaluated once per process, so a second host over the same directory
// reuses what the first import registered.
const loaded = new Map<string, Promise<AppRegistrations>>();

function readMain(directory: string): string {
  const file = join(directory, 'package.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HostError(`cannot read ${file}: the app directory needs a package.json`, { cause });
  }
  let main: unknown;
  try {
    main = (JSON.parse(text) as { main?: unknown }).main;
  } catch (cause) {
    throw new HostError(`${file} is not valid JSON`, { cause });
  }
  if (typeof main !== 'string' || main === '') {
    throw new HostError(
      `${file} has no "main": it must name the built entry files (a glob is fine)`,
    );
  }
  return main;
}

async function importEntries(directory: string): Promise<void> {
  const pattern = readMain(directory);
  const files = globSync(pattern, { cwd: directory }).sort();
  if (files.length === 0) {
    throw new HostError(
      `no file matches "main": "${pattern}" in ${directory}: build the app first`,
    );
  }
  for (const file of files) {
    await import(pathToFileURL(join(directory, file)).href);
  }
}

/**
 * Imports the entry files that package.json `main` names and returns what they registered.
 * @throws HostError when the directory is not an app; whatever the app throws passes through
 */
export function loadApp(directory: string): Promise<AppRegistrations> {
  const root = resolve(directory);
  let registrations = loaded.get(root);
  if (!registrations) {
    registrations = collectRegistrations(() => importEntries(root));
    loaded.set(root, registrations);
  }
  return registrations;
}
