// The app as `npm run build` makes it, in a folder of its own: another build may replace dist/ while
// processes of a test are started again and again.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';

export const checkout = path.resolve(import.meta.dirname, '..', '..');

export interface BuiltApp {
  /** What the functions host takes as `--app`. */
  readonly directory: string;
  remove(): void;
}

/** Builds the app; the folder lies below node_modules so that packages are found from it. */
export function buildApp(): BuiltApp {
  execFileSync(process.execPath, [path.join(checkout, 'local', 'build.ts')], { cwd: checkout });
  const parent = path.join(checkout, 'node_modules', '.cache');
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(path.join(parent, 'test-app-'));
  for (const name of ['package.json', 'host.json', 'dist/functions']) {
    cpSync(path.join(checkout, name), path.join(directory, name), { recursive: true });
  }
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
