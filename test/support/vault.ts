import { rmSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { createLocalJWKSet } from 'jose';
import { ensureCertificates } from '../../local/graph-simulator/certificates.ts';
import { signToken } from '../../local/graph-simulator/sign-in/jwt.ts';
import { createSigningKey } from '../../local/graph-simulator/sign-in/signing-key.ts';
import { startVaultSimulator, type VaultOptions } from '../../local/vault-simulator/server.ts';
import type { VaultKeyOptions } from '../../shared/encryption/vault-key.ts';

export const PRINCIPAL = 'c1c2c3c4-0000-4000-8000-000000000001';
const TENANT = 'a1b2c3d4-0000-4000-8000-000000000001';
const url = `https://login.microsoftonline.com/${TENANT}`;
const issuer = `${url}/v2.0`;
export const enough = ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'];

export type TestVault = Awaited<ReturnType<typeof startVault>>;

/** Certificates of the first one for all: two authorities of one name cannot be told apart. */
let certificates: string | undefined;

async function newState(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vault-'));
  if (certificates === undefined) {
    certificates = await mkdtemp(path.join(tmpdir(), 'vault-certificates-'));
    await ensureCertificates(certificates);
    const made = certificates;
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  await cp(certificates, folder, { recursive: true });
  return folder;
}

/** A vault whose authority is this process: `token` makes what the credential would get. */
export async function startVault(options: Partial<VaultOptions> = {}) {
  const stateDir = options.stateDir ?? (await newState());
  const signing = createSigningKey();
  const keys = createLocalJWKSet({ keys: [signing.jwk] });
  const vault = await startVaultSimulator({
    authority: { url, issuer, keys },
    ...options,
    stateDir,
  });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), vault.ca]);
  vault.grant(PRINCIPAL, enough);
  const token = (claims: Readonly<Record<string, unknown>> = {}): string => {
    const now = Math.floor(Date.now() / 1000);
    const usual = { aud: 'https://vault.azure.net', iss: issuer, oid: PRINCIPAL, tid: TENANT };
    const all = { ...usual, iat: now, nbf: now, exp: now + 3600, ...claims };
    return signToken(all, signing.kid, signing.privateKey);
  };
  const asked: string[] = [];
  const credential: VaultKeyOptions['credential'] = {
    getToken: (scopes) => {
      asked.push(...[scopes].flat());
      const expiresOnTimestamp = Date.now() + 3_600_000;
      return Promise.resolve({ token: token(), expiresOnTimestamp });
    },
  };
  const wrapper: VaultKeyOptions = {
    credential,
    disableChallengeResourceVerification: true,
    timeoutMs: 20_000,
    client: { retryOptions: { maxRetries: 2, retryDelayInMs: 5, maxRetryDelayInMs: 10 } },
  };
  return {
    ...vault,
    token,
    credential,
    wrapper,
    /** Scopes that the clients asked the credential for. */
    asked,
    close: async () => {
      await vault.close();
      if (options.stateDir === undefined) await rm(stateDir, { recursive: true });
    },
  };
}
