import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { ClientSecretCredential } from '@azure/identity';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Child, startChild } from '../../local/stack/child.ts';
import { openVaultKey } from '../../shared/encryption/vault-key.ts';
import {
  type Authority,
  READER,
  requestToken,
  secretForm,
  startAuthority,
  TENANT,
} from '../graph-simulator/support/authority.ts';

let authority: Authority;
let vault: Child;
let origin = '';

beforeAll(async () => {
  authority = await startAuthority();
  const checkout = path.join(import.meta.dirname, '..', '..');
  const main = path.join(checkout, 'local', 'vault-simulator', 'main.ts');
  vault = await startChild({
    name: 'vault',
    args: [
      ...[main, '--state', authority.stateDir, '--authority', `${authority.origin}/${TENANT}`],
      ...['--key', 'primary-logs', '--key', 'secondary-logs'],
      ...['--grant', `${READER}=keys/get,keys/wrapKey,keys/unwrapKey`],
    ],
    env: {},
    cwd: checkout,
    logFile: path.join(authority.stateDir, 'vault.log'),
    readyWithinMs: 30_000,
    isReady: (line) => {
      origin = /"origin":"([^"]+)"/.exec(line)?.[1] ?? origin;
      return origin !== '';
    },
  });
});
afterAll(async () => {
  await vault.stop();
  await authority.stop();
});

it('a vault process works with a credential of the identity library and its authority', async () => {
  const credential = new ClientSecretCredential(TENANT, READER, 'a good secret', {
    authorityHost: authority.origin,
    disableInstanceDiscovery: true,
  });
  const options = { credential, disableChallengeResourceVerification: true };
  const primary = openVaultKey(`${origin}/keys/primary-logs`, options);
  const secondary = openVaultKey(`${origin}/keys/secondary-logs`, options);
  const dataKey = randomBytes(32);
  const wrapped = await primary.wrap(dataKey);
  expect(await primary.unwrap(wrapped)).toEqual(dataKey);
  await expect(secondary.unwrap(wrapped)).rejects.toMatchObject({ code: 'keyWrong' });
});

it('a token for Graph is worth nothing at the vault', async () => {
  const { body } = await requestToken(authority, secretForm(authority));
  const answer = await fetch(`${origin}/keys/primary-logs?api-version=7.4`, {
    headers: { authorization: `Bearer ${String(body['access_token'])}` },
  });
  expect(answer.status).toBe(401);
});

it('a token for the vault is worth nothing at Graph', async () => {
  const scope = 'https://vault.azure.net/.default';
  const { body } = await requestToken(authority, secretForm(authority, { scope }));
  const check = authority.signIn.checkCaller(`Bearer ${String(body['access_token'])}`, Date.now());
  expect(check).toMatchObject({ ok: false });
});
