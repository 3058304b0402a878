// One Azurite for all files of the project `storage`; each file works in containers of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startAzurite } from '../../local/stack/azurite.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the test run's Azurite. */
    azurite: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-azurite-'));
  const azurite = await startAzurite(folder, path.join(folder, 'azurite.log'));
  project.provide('azurite', azurite.connectionString);
  return async () => {
    await azurite.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
