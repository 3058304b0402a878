/**
 * What the vault does with keys. https://learn.microsoft.com/rest/api/keyvault/keys/operation-groups
 * Expired and not yet valid keys still unwrap, as documented under "date-time controlled operations":
 * https://learn.microsoft.com/azure/key-vault/keys/about-keys-details
 */
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import { type KeyChange, type KeyStore, type KeyVersion, keyOperations } from './key-store.ts';
import { badParameter, VaultError, type VaultReply, type VaultRequest } from './vault-request.ts';

export interface KeyCall {
  readonly request: VaultRequest;
  readonly keys: KeyStore;
  /** `https://localhost:8444`. */
  readonly origin: string;
  readonly now: Date;
  readonly name: string;
  /** Empty: the current one. */
  readonly version: string;
}

const MAXIMUM_RESULTS = 25;
const hashes: Readonly<Record<string, string>> = { 'RSA-OAEP-256': 'sha256', 'RSA-OAEP': 'sha1' };

export function getKey(call: KeyCall): VaultReply {
  const { key, found } = call.keys.find(call.name, call.version);
  return { status: 200, body: bundle(call, key.name, found) };
}

/** Pages of at most 25, oldest first. */
export function listVersions(call: KeyCall): VaultReply {
  const { key } = call.keys.find(call.name);
  const { query } = call.request;
  const size = Number(query.get('maxresults') ?? MAXIMUM_RESULTS);
  const from = Number(query.get('$skiptoken') ?? 0);
  if (!Number.isInteger(size) || size < 1 || size > MAXIMUM_RESULTS || !Number.isInteger(from)) {
    throw badParameter('maxresults must be from 1 to 25');
  }
  const value = key.versions.slice(from, from + size).map((each) => ({
    kid: kid(call, key.name, each),
    attributes: attributes(each),
  }));
  const next = new URLSearchParams(query);
  next.set('$skiptoken', String(from + size));
  const isLast = from + size >= key.versions.length;
  const nextLink = isLast ? null : `${call.origin}${call.request.path}?${next}`;
  return { status: 200, body: { value, nextLink } };
}

export async function createKey(call: KeyCall): Promise<VaultReply> {
  const { body } = call.request;
  if (body['kty'] !== 'RSA' || (body['key_size'] ?? 2048) !== 2048) {
    throw badParameter('this vault makes RSA keys of 2048 bit only');
  }
  const made = await call.keys.create(call.name, changeOf(body), operationsOf(body['key_ops']));
  return { status: 200, body: bundle(call, call.keys.find(call.name).key.name, made) };
}

export async function rotateKey(call: KeyCall): Promise<VaultReply> {
  const { key, found } = call.keys.find(call.name);
  const made = await call.keys.create(key.name, {}, found.operations);
  return { status: 200, body: bundle(call, key.name, made) };
}

export async function updateKey(call: KeyCall): Promise<VaultReply> {
  const { key, found } = call.keys.find(call.name, call.version);
  if (call.request.body['key_ops'] !== undefined) {
    found.operations = operationsOf(call.request.body['key_ops']);
  }
  await call.keys.update(key.name, found.version, changeOf(call.request.body));
  return { status: 200, body: bundle(call, key.name, found) };
}

export function wrapKey(call: KeyCall): VaultReply {
  return operate(call, 'wrapKey', (found, hash, value) =>
    publicEncrypt(padded(found.publicKey, hash), value),
  );
}

export function unwrapKey(call: KeyCall): VaultReply {
  return operate(call, 'unwrapKey', (found, hash, value) =>
    privateDecrypt(padded(found.privateKey, hash), value),
  );
}

function operate(
  call: KeyCall,
  operation: 'wrapKey' | 'unwrapKey',
  act: (found: KeyVersion, hash: string, value: Buffer) => Buffer,
): VaultReply {
  const { key, found } = call.keys.find(call.name, call.version);
  assertUsable(found, operation, call.now);
  const { alg, value } = call.request.body;
  const hash = typeof alg === 'string' ? hashes[alg] : undefined;
  if (hash === undefined) throw badParameter('Property alg has invalid value');
  if (typeof value !== 'string' || !/^[\w-]+$/.test(value)) {
    throw badParameter('Property value has invalid value');
  }
  try {
    const result = act(found, hash, Buffer.from(value, 'base64url'));
    const answer = { kid: kid(call, key.name, found), value: result.toString('base64url') };
    return { status: 200, body: answer };
  } catch {
    throw badParameter('The parameter is incorrect.');
  }
}

function assertUsable(found: KeyVersion, operation: 'wrapKey' | 'unwrapKey', now: Date): void {
  const { enabled, nbf, exp } = found.attributes;
  const seconds = now.getTime() / 1000;
  const refuse = (what: string, inner: string): VaultError =>
    new VaultError(403, 'Forbidden', `Operation ${operation} is not allowed on ${what}.`, {
      inner,
    });
  if (!enabled) throw refuse('a disabled key', 'KeyDisabled');
  if (!found.operations.includes(operation)) {
    throw refuse('this key', 'KeyOperationForbidden');
  }
  if (operation === 'unwrapKey') return;
  if (exp !== undefined && seconds >= exp) throw refuse('an expired key', 'KeyExpired');
  if (nbf !== undefined && seconds < nbf)
    throw refuse('a key that is not yet valid', 'KeyNotYetValid');
}

function padded(
  key: KeyObject,
  oaepHash: string,
): { key: KeyObject; oaepHash: string; padding: number } {
  return { key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING };
}

function bundle(call: KeyCall, name: string, found: KeyVersion): object {
  const { n, e } = found.publicKey.export({ format: 'jwk' });
  return {
    key: { kid: kid(call, name, found), kty: 'RSA', key_ops: found.operations, n, e },
    attributes: attributes(found),
  };
}

function attributes(found: KeyVersion): object {
  return { ...found.attributes, recoveryLevel: 'Recoverable+Purgeable', recoverableDays: 90 };
}

function kid(call: KeyCall, name: string, found: KeyVersion): string {
  return `${call.origin}/keys/${name}/${found.version}`;
}

function operationsOf(given: unknown): readonly string[] {
  if (given === undefined) return keyOperations;
  const known: readonly string[] = keyOperations;
  const isList =
    Array.isArray(given) && given.every((each: unknown) => known.includes(String(each)));
  if (!isList) throw badParameter('Property key_ops has invalid value');
  return (given as unknown[]).map(String);
}

function changeOf(body: VaultRequest['body']): KeyChange {
  const given = body['attributes'] ?? {};
  if (typeof given !== 'object') throw badParameter('Property attributes has invalid value');
  const { enabled, nbf, exp } = given as Record<string, unknown>;
  if (enabled !== undefined && typeof enabled !== 'boolean') {
    throw badParameter('Property attributes.enabled has invalid value');
  }
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...time('nbf', nbf),
    ...time('exp', exp),
  };
}

function time(name: 'nbf' | 'exp', value: unknown): KeyChange {
  if (value === undefined) return {};
  if (!Number.isSafeInteger(value) || Number(value) < 0) {
    throw badParameter(`Property attributes.${name} has invalid value`);
  }
  return { [name]: Number(value) };
}
