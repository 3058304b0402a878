import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { restoreTarget } from '../../../functions/log-restores.ts';
import { createServices } from '../../../functions/services.ts';
import { isBackupError } from '../../../shared/errors/backup-error.ts';
import { readSettings } from '../../../shared/settings/settings.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-target-'));
const key = path.join(folder, 'key');
writeFileSync(key, randomBytes(32));
afterAll(() => rmSync(folder, { recursive: true }));

const address = 'https://account.blob.core.windows.net/restored';
const emulator = [
  'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1',
  `AccountKey=${randomBytes(16).toString('base64')}`,
  'BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;Container=restored',
].join(';');
const environment = {
  POSTGRES_URL: 'postgres://entra_backup_app:secret@127.0.0.1:5432/entra_backup',
  API_TENANT_IDS: '11111111-1111-4111-8111-111111111111',
  API_AUDIENCE: 'api://entra-backup',
  REPOSITORY_KEY: key,
  PRIMARY_LOG_REPOSITORY: pathToFileURL(path.join(folder, 'logs')).href,
  PRIMARY_LOG_REPOSITORY_KEY: key,
};
const open = (list: string | undefined) => {
  const services = createServices(
    readSettings(
      list === undefined ? environment : { ...environment, LOG_RESTORE_CONTAINERS: list },
    ),
  );
  return (container: string): string => {
    try {
      return restoreTarget(services, container).description;
    } catch (error) {
      if (!isBackupError(error, 'invalidParameter')) throw error;
      return error.message;
    }
  };
};
const none = 'container is none of LOG_RESTORE_CONTAINERS';

describe('the container that logs are restored to', () => {
  it('is one of the settings, by its address or its name', () => {
    const target = open(`${address}?sv=2024-08-04&sig=c2ln, ${emulator}`);
    expect(target(address)).toBe('the container account/restored');
    expect(target(`${address}/`)).toBe('the container account/restored');
    expect(target('account/restored')).toBe('the container account/restored');
    expect(target('devstoreaccount1/restored')).toBe('the container devstoreaccount1/restored');
  });

  it.each([
    'https://account.blob.core.windows.net/restored?sv=2024-08-04&sig=b3RoZXI',
    'https://account.blob.core.windows.net/restored/deeper',
    'https://account.blob.core.windows.net/other',
    'https://other.blob.core.windows.net/restored',
    'http://account.blob.core.windows.net/restored',
    'https://user@account.blob.core.windows.net/restored',
    'http://169.254.169.254/latest',
    'file:///etc',
    emulator,
    'restored',
    '',
  ])('is not %s', (container) => {
    expect(open(address)(container)).toBe(none);
    expect(open(undefined)(container)).toBe(none);
  });

  it('is never a repository of the product, also when the settings list it', () => {
    const logs = environment.PRIMARY_LOG_REPOSITORY;
    expect(open(logs)(logs)).toBe('container is a repository of the product');
  });

  it('is no folder on Azure', () => {
    const env = { ...environment, LOG_RESTORE_CONTAINERS: 'file:///somewhere' };
    expect(() => readSettings(env)).not.toThrow();
    expect(() => readSettings({ ...env, WEBSITE_SITE_NAME: 'backup' })).toThrow(
      /LOG_RESTORE_CONTAINERS: names a folder, which Azure deployments refuse/,
    );
  });
});
