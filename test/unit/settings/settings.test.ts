import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { BackupError } from '../../../shared/errors/backup-error.ts';
import { Secret } from '../../../shared/settings/secret.ts';
import { platformSettings, settingRows } from '../../../shared/settings/setting-rows.ts';
import { readSettings } from '../../../shared/settings/settings.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-settings-'));
const pem = path.join(folder, 'reader.pem');
writeFileSync(pem, 'certificate');
afterAll(() => rmSync(folder, { recursive: true }));

const tenantId = '11111111-1111-4111-8111-111111111111';
const clientId = '22222222-2222-4222-8222-222222222222';
const good = {
  POSTGRES_URL: 'postgres://entra_backup_app:planted-password@127.0.0.1:5432/entra_backup',
  API_TENANT_IDS: `${tenantId}, ${clientId.toUpperCase()}`,
  API_AUDIENCE: 'api://entra-backup',
  REPOSITORY_KEY: 'https://vault.contoso.example/keys/repository',
};

function problems(env: Record<string, string | undefined>): string[] {
  try {
    readSettings(env);
  } catch (error) {
    expect(error).toBeInstanceOf(BackupError);
    expect((error as BackupError).code).toBe('settingsInvalid');
    return (error as BackupError).message.split('\n').slice(1);
  }
  return [];
}

describe('settings', () => {
  it('are read with defaults', () => {
    const settings = readSettings(good);
    expect(settings.cloud).toBe('global');
    expect(settings.api.tenantIds).toEqual([tenantId, clientId]);
    expect(settings.postgres.hasPassword).toBe(true);
    expect(settings.postgres.url.reveal()).toBe(good.POSTGRES_URL);
    expect(settings).not.toHaveProperty('backupApp');
  });

  it('name every problem at once, one line each: name, what is wrong, what to put', () => {
    const lines = problems({
      POSTGRES_URL: 'mysql://nobody',
      CLOUD: 'moon',
      GRAPH_URL: 'http://graph.contoso.example',
      API_TENANT_IDS: 'contoso.example',
      PRIMARY_LOG_REPOSITORY_RETENTION_DAYS: '-1',
    });
    expect(lines).toEqual([
      'POSTGRES_URL: is not a PostgreSQL URL with user, host and database; put postgres://user[:password]@host:port/database',
      'CLOUD: is not a cloud of Microsoft Graph; put global, usgov, usgovdod or china',
      'GRAPH_URL: is not an https address without a path; put https://graph.microsoft.com',
      'PRIMARY_LOG_REPOSITORY_RETENTION_DAYS: is not a number of days from 1 to 36500; put 365',
      'REPOSITORY_KEY: is missing; put a Key Vault key address or a key file',
      'API_TENANT_IDS: is not a list of GUIDs separated by commas; put tenant ids separated by commas',
      'API_AUDIENCE: is missing; put api://<client id> or the client id',
    ]);
  });

  it('want a key for each log repository, and a primary of its own for the secondary', () => {
    const blob = (name: string): string => `https://${name}.blob.core.windows.net/logs`;
    const key = 'https://vault.contoso.example/keys/logs';
    const of = (more: Record<string, string>): string[] => problems({ ...good, ...more });
    expect(of({ PRIMARY_LOG_REPOSITORY: blob('one') })).toEqual([
      'PRIMARY_LOG_REPOSITORY_KEY: is missing; put a Key Vault key address or a key file',
    ]);
    const secondary = {
      SECONDARY_LOG_REPOSITORY: blob('two'),
      SECONDARY_LOG_REPOSITORY_KEY: key,
    };
    expect(of(secondary)).toEqual([
      'SECONDARY_LOG_REPOSITORY: has no primary; put PRIMARY_LOG_REPOSITORY, or remove it',
    ]);
    const primary = { PRIMARY_LOG_REPOSITORY: blob('one'), PRIMARY_LOG_REPOSITORY_KEY: key };
    expect(of({ ...primary, ...secondary, SECONDARY_LOG_REPOSITORY: blob('one') })).toEqual([
      'SECONDARY_LOG_REPOSITORY: is the primary itself; put another container or folder',
    ]);
    expect(of({ ...primary, ...secondary })).toEqual([]);
    const lost = { ...primary, PRIMARY_LOG_REPOSITORY_KEY: '/no/such/key' };
    expect(of(lost)).toHaveLength(1);
  });

  it('refuse a Key Vault reference that the platform did not resolve', () => {
    const reference = '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x)';
    for (const { name, put } of settingRows) {
      const [line] = problems({ ...good, [name]: reference });
      expect(line, name).toBe(
        `${name}: is a Key Vault reference that was not resolved (check the access of the identity); put ${put}`,
      );
    }
  });

  it('take the credential of an app in its three forms', () => {
    const app = { ...good, BACKUP_CLIENT_ID: clientId };
    const credential = (text: string, more = {}) =>
      readSettings({ ...app, BACKUP_CREDENTIAL: text, ...more }).backupApp?.credential;
    expect(credential('federated')).toEqual({ kind: 'federated' });
    expect(credential(`certificate:${pem}`)).toEqual({ kind: 'certificate', source: pem });
    const secret = credential('secret:READER_SECRET', { READER_SECRET: 'planted' });
    expect(secret?.kind === 'secret' && secret.value.reveal()).toBe('planted');
  });

  it('say what is wrong with a credential', () => {
    const app = { ...good, BACKUP_CLIENT_ID: clientId };
    const wrong = (text: string, more = {}) =>
      problems({ ...app, BACKUP_CREDENTIAL: text, ...more });
    const put = 'put federated, certificate:<address or file> or secret:<setting>';
    expect(wrong('planted-plain-secret')).toEqual([
      `BACKUP_CREDENTIAL: is not one of the three forms; ${put}`,
    ]);
    expect(wrong('secret:NOWHERE')).toEqual([
      `BACKUP_CREDENTIAL: names the setting NOWHERE, which is missing; ${put}`,
    ]);
    expect(wrong('certificate:nowhere.pem')[0]).toContain('certificate file that is not there');
    expect(wrong('secret:S', { S: 'planted', WEBSITE_INSTANCE_ID: 'x' })).toEqual([
      `BACKUP_CREDENTIAL: is a client secret, which Azure deployments refuse; ${put}`,
    ]);
    expect(problems(app)).toEqual([
      'BACKUP_CREDENTIAL: is missing; put it, or remove the other of the two',
    ]);
  });

  it('resolve the credential of a tenant’s own app, or say so', () => {
    const settings = readSettings({ ...good, OWN: 'planted' });
    expect(settings.credential('secret:OWN').kind).toBe('secret');
    expect(() => settings.credential('secret:OTHER')).toThrow(/OTHER, which is missing/);
  });

  it('never show a secret or a wrong value', () => {
    const env = {
      ...good,
      BACKUP_CLIENT_ID: clientId,
      BACKUP_CREDENTIAL: 'secret:S',
      S: 'planted',
    };
    const settings = readSettings({ ...env, CACHE_REPOSITORY: 'AccountName=a;AccountKey=planted' });
    const shown = [JSON.stringify(settings), inspect(settings, { depth: 9, showHidden: true })];
    expect(shown.join('\n')).not.toContain('planted');
    const lines = problems({ ...good, POSTGRES_URL: 'planted', BACKUP_CREDENTIAL: 'planted' });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toContain('planted');
  });
});

describe('a secret', () => {
  it('hides in text, JSON, templates and inspection', () => {
    const secret = new Secret('planted');
    const shown = [String(secret), `${secret}`, JSON.stringify({ secret }), inspect({ secret })];
    for (const text of shown) {
      expect(text).toContain('[secret]');
      expect(text).not.toContain('planted');
    }
    expect(secret.reveal()).toBe('planted');
  });
});

describe('local.settings.sample.json', () => {
  const sample = JSON.parse(
    readFileSync(new URL('../../../local.settings.sample.json', import.meta.url), 'utf8'),
  ) as { IsEncrypted: boolean; Values: Record<string, string> };

  it('holds known names only and values that are accepted', () => {
    const platform = platformSettings.filter((each) => each.where !== 'azure');
    const known = new Set<string>([...settingRows, ...platform].map((each) => each.name));
    expect(Object.keys(sample.Values).filter((name) => !known.has(name))).toEqual([]);
    expect(problems(sample.Values)).toEqual([]);
    for (const row of settingRows) {
      if ('required' in row && row.required) expect(sample.Values).toHaveProperty(row.name);
    }
  });
});
