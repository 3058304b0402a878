import { existsSync } from 'node:fs';
import { BackupError } from '../errors/backup-error.ts';
import { Secret } from './secret.ts';

/** How an app registration proves who it is (DESIGN 12). */
export type Credential =
  | { readonly kind: 'federated' }
  /** Address of a Key Vault certificate, or a PEM file with certificate and key. */
  | { readonly kind: 'certificate'; readonly source: string }
  /** Local stack only. */
  | { readonly kind: 'secret'; readonly value: Secret };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `federated`, `certificate:<address or file>` or `secret:<setting>`; the last names another
 * setting that holds the value. Answers what is wrong as text.
 */
export function parseCredential(text: string, env: Environment): Credential | string {
  if (text === 'federated') return { kind: 'federated' };
  const [kind, rest] = splitOnce(text);
  if (rest === '') return 'is not one of the three forms';
  if (kind === 'certificate') return certificate(rest);
  return kind === 'secret' ? secret(rest, env) : 'is not one of the three forms';
}

/** The same for the credential of a tenant's own app; throws `settingsInvalid`. */
export function resolveCredential(text: string, env: Environment): Credential {
  const credential = parseCredential(text, env);
  if (typeof credential !== 'string') return credential;
  throw new BackupError('settingsInvalid', `credential of the application ${credential}`);
}

function certificate(source: string): Credential | string {
  const there = source.startsWith('https://') ? URL.canParse(source) : existsSync(source);
  return there ? { kind: 'certificate', source } : 'names a certificate file that is not there';
}

function secret(name: string, env: Environment): Credential | string {
  // Client secrets are a convenience of the local stack.
  if (isOnAzure(env)) return 'is a client secret, which Azure deployments refuse';
  const value = env[name];
  if (value === undefined || value === '') return `names the setting ${name}, which is missing`;
  return { kind: 'secret', value: new Secret(value) };
}

function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** The platform names the app, and on most plans the instance; nothing on a laptop does. */
export function isOnAzure(env: Environment): boolean {
  return Boolean(env['WEBSITE_SITE_NAME'] || env['WEBSITE_INSTANCE_ID']);
}
