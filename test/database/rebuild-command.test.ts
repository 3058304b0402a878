// The way an administrator goes: the timer finds what is due, Azurite holds the copy, the command
// rebuilds. Waits of the orchestration are left out: its one step is called here.
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyContext } from '../../functions/copy-parts.ts';
import type { OrchestrationClient } from '../../functions/durable/orchestration-client.ts';
import { createServices, type Services, useServices } from '../../functions/services.ts';
import { startTenantCopies } from '../../functions/timers/start-tenant-copies.ts';
import { type Azurite, startAzurite } from '../../local/stack/azurite.ts';
import { readSettings } from '../../shared/settings/settings.ts';
import { copyTenantSlice } from '../../shared/tenant-backup/copy-slice.ts';
import { type CopyScene, startCopyScene } from '../support/copy-scene.ts';
import { openFolder } from '../support/open-folder.ts';
import { allRows, copyKeyBytes } from '../support/tenant-copies.ts';

let scene: CopyScene;
let azurite: Azurite;
let services: Services;
let container: string;
let keyFile: string;

beforeAll(async () => {
  scene = await startCopyScene(7);
  const folder = path.join(scene.folder, 'azurite');
  azurite = await startAzurite(folder, path.join(scene.folder, 'azurite.log'));
  const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  await blobs.createContainer('copies');
  container = `${azurite.connectionString};Container=copies`;
  keyFile = path.join(scene.folder, 'copy-key');
  await writeFile(keyFile, copyKeyBytes);
  await mkdir(path.join(scene.folder, 'second'));
  const settings = readSettings({
    POSTGRES_URL: scene.lab.db.appUrl,
    API_TENANT_IDS: scene.tenant.tenantId,
    API_AUDIENCE: 'api://entra-backup',
    REPOSITORY_KEY: keyFile,
    TENANT_COPY_REPOSITORIES: `${container},file://${path.join(scene.folder, 'second')}`,
    TENANT_COPY_KEY: keyFile,
  });
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  services = createServices(settings, { database: scene.lab.db.database, logger });
  useServices(services);
});
afterAll(async () => {
  useServices(undefined);
  await services.network.close();
  await azurite.stop();
  await scene.close();
});

/** Knows no instance, and remembers what was started. */
function clientWith(started: unknown[]): OrchestrationClient {
  return {
    getStatus: async () => await Promise.reject(new Error('The status replied with HTTP 404')),
    startNew: async (name: string, options: unknown) => {
      started.push([name, options]);
      return await Promise.resolve('');
    },
  } as unknown as OrchestrationClient;
}

async function copyDue(): Promise<unknown[]> {
  const started: unknown[] = [];
  await startTenantCopies(services, clientWith(started));
  if (started.length === 0) return started;
  for (const place of [0, 1]) {
    const context = await copyContext(scene.tenant.tenantNo, place);
    const slice = await copyTenantSlice(context, new Date(Date.now() + 60_000));
    expect(slice.state).toBe('copied');
  }
  return started;
}

function command(url: string, ...words: readonly string[]) {
  const script = path.join(import.meta.dirname, '..', '..', 'local', 'rebuild.ts');
  const { TENANT_COPY_KEY: _, ...env } = process.env;
  return spawnSync(process.execPath, [script, ...words], {
    encoding: 'utf8',
    env: { ...env, POSTGRES_URL: url, POSTGRES_MIGRATION_URL: '' },
  });
}

it('what the timer finds due is copied to both containers and rebuilt by the command', async () => {
  const { tenantNo, tenantId } = scene.tenant;
  const instance = { instanceId: `copy:${tenantId}`, input: { tenantNo, containers: 2 } };
  expect(await copyDue()).toEqual([['copyTenant', instance]]);
  expect(await copyDue()).toEqual([]);
  await scene.changeAndBackUp();
  expect(await copyDue()).toEqual([['copyTenant', instance]]);
  expect(await copyDue()).toEqual([]);

  const db = await scene.newDatabase();
  const done = command(db.appUrl, '--from', container, '--key', keyFile);
  expect(done.stderr).toBe('');
  expect(done.stdout).toContain(`tenant ${tenantId} is rebuilt up to point 2`);
  const [row] = await db.owner.rows<{ no: number }>('select tenant_no as no from tenant');
  expect(await allRows(db, row?.no ?? 0)).toEqual(await allRows(scene.lab.db, tenantNo));
  const again = command(db.appUrl, '--from', container, '--key', keyFile);
  expect(again.status).toBe(1);
  expect(again.stderr).toContain(`tenantExists: the database holds the tenant ${tenantId}`);
  await scene.expectSame(openFolder(path.join(scene.folder, 'second')));
}, 180_000);

it('the command says what is missing or wrong', async () => {
  const db = await scene.newDatabase();
  const missing = command(db.appUrl, '--from', container);
  expect(missing.status).toBe(1);
  expect(missing.stderr).toContain('settingsInvalid: --key is missing');
  await mkdir(path.join(scene.folder, 'empty'));
  const empty = command(db.appUrl, '--from', path.join(scene.folder, 'empty'), '--key', keyFile);
  expect(empty.stderr).toContain('copyMissing');
  const asOwner = command(db.ownerUrl, '--from', container, '--key', keyFile);
  expect(asOwner.stderr).toContain('repositoryRole');
}, 180_000);
