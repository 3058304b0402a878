import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VaultReply, VaultRequest } from '../../local/vault-simulator/vault-request.ts';
import type { KeyWrapper, WrappedKey } from '../../shared/encryption/key-wrapper.ts';
import { openKeyWrapper } from '../../shared/encryption/open-key-wrapper.ts';
import { openVaultKey, type VaultKeyOptions } from '../../shared/encryption/vault-key.ts';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import { systemClock } from '../../shared/model/clock.ts';
import { enough, PRINCIPAL, startVault, type TestVault } from '../support/vault.ts';

let vault: TestVault;
let folder: string;
let fault: (request: VaultRequest) => VaultReply | undefined;
beforeAll(async () => {
  vault = await startVault({ fault: (request) => fault(request) });
  await vault.keys.create('logs');
  await vault.keys.create('other');
  folder = await mkdtemp(path.join(tmpdir(), 'entra-backup-key-'));
});
beforeEach(() => {
  fault = () => undefined;
  vault.grant(PRINCIPAL, enough);
});
afterAll(async () => {
  await vault.close();
  await rm(folder, { recursive: true });
});

function vaultKey(name = 'logs', options: Partial<VaultKeyOptions> = {}): KeyWrapper {
  const open = (address: string): KeyWrapper =>
    openVaultKey(address, { ...vault.wrapper, ...options });
  return openKeyWrapper(`${vault.origin}/keys/${name}`, { openVaultKey: open });
}

async function keyFile(): Promise<KeyWrapper> {
  const file = path.join(folder, randomBytes(4).toString('hex'));
  await writeFile(file, randomBytes(32).toString('hex'));
  return openKeyWrapper(file);
}

async function problem(act: Promise<unknown>) {
  const error = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isBackupError(error)) return error;
  throw new Error('no backup error was thrown', { cause: error });
}

const kinds: [string, () => Promise<KeyWrapper>, () => Promise<KeyWrapper>][] = [
  ['a key file', keyFile, keyFile],
  ['a Key Vault key', async () => vaultKey(), async () => vaultKey('other')],
];

describe.each(kinds)('%s', (_, open, openOther) => {
  it('opens what it has wrapped, also in another process, and hides it in between', async () => {
    const keys = await open();
    for (let round = 0; round < 3; round += 1) {
      const dataKey = randomBytes(32);
      const wrapped = await keys.wrap(dataKey);
      expect(wrapped.bytes.includes(dataKey)).toBe(false);
      expect(wrapped.keyId.startsWith(keys.keyId)).toBe(true);
      expect(await keys.unwrap(wrapped)).toEqual(dataKey);
      const stored = { ...wrapped, bytes: Buffer.from(wrapped.bytes) };
      expect(await keys.unwrap(stored)).toEqual(dataKey);
    }
  });

  it('opens nothing that another key has wrapped', async () => {
    const [keys, other] = [await open(), await openOther()];
    const wrapped = await other.wrap(randomBytes(32));
    expect((await problem(keys.unwrap(wrapped))).code).toBe('keyWrong');
    const own = await keys.wrap(randomBytes(32));
    const relabelled = { ...wrapped, keyId: own.keyId };
    expect((await problem(keys.unwrap(relabelled))).code).toBe('keyWrong');
    expect((await problem(keys.unwrap({ ...own, algorithm: 'RSA1_5' }))).code).toBe('keyWrong');
  });

  it('opens nothing that was changed, cut or lengthened', async () => {
    const keys = await open();
    const { bytes, ...rest } = await keys.wrap(randomBytes(32));
    const flipped = Buffer.from(bytes);
    flipped[7]! ^= 1;
    const others = [flipped, bytes.subarray(1), Buffer.concat([bytes, bytes]), Buffer.alloc(0)];
    for (const wrong of others) {
      expect((await problem(keys.unwrap({ ...rest, bytes: wrong }))).code).toBe('keyWrong');
    }
    expect(await keys.unwrap({ ...rest, bytes })).toHaveLength(32);
  });

  it('gives each caller bytes of its own', async () => {
    const keys = await open();
    const dataKey = randomBytes(32);
    const wrapped = await keys.wrap(dataKey);
    (await keys.unwrap(wrapped)).fill(0);
    expect(await keys.unwrap(wrapped)).toEqual(dataKey);
  });
});

describe('a Key Vault key', () => {
  const dataKey = randomBytes(32);

  it('asks for a token of the resource that the challenge names', async () => {
    vault.asked.length = 0;
    await vaultKey().wrap(dataKey);
    expect(new Set(vault.asked)).toEqual(new Set(['https://vault.azure.net/.default']));
  });

  it('sends no token to a vault elsewhere unless it is told to', async () => {
    vault.asked.length = 0;
    const keys = vaultKey('logs', { disableChallengeResourceVerification: false });
    const error = await problem(keys.wrap(dataKey));
    expect(error.code).toBe('keyUnavailable');
    expect(String(error.cause)).toContain('does not match the requested domain');
    expect(vault.asked).toEqual([]);
  });

  it('asks the vault once for a data key that is opened often, and again after a while', async () => {
    let skip = 0;
    const clock = { ...systemClock, now: () => new Date(Date.now() + skip) };
    const keys = vaultKey('logs', { clock });
    const wrapped = await keys.wrap(dataKey);
    const unwraps = (): number =>
      vault.ledger.filter((line) => line.path.endsWith('/unwrapkey') && line.status === 200).length;
    const before = unwraps();
    await Promise.all(Array.from({ length: 20 }, () => keys.unwrap(wrapped)));
    await keys.unwrap(wrapped);
    expect(unwraps() - before).toBe(1);
    skip = 6 * 60_000;
    await keys.unwrap(wrapped);
    expect(unwraps() - before).toBe(2);
  });

  it('wraps with the newest version and goes on opening what older ones wrapped', async () => {
    await vault.keys.create('rotating');
    let skip = 0;
    const clock = { ...systemClock, now: () => new Date(Date.now() + skip) };
    const keys = vaultKey('rotating', { clock });
    const wrapped: WrappedKey[] = [await keys.wrap(dataKey)];
    for (let round = 0; round < 3; round += 1) {
      await vault.keys.create('rotating');
      skip += 6 * 60_000;
      wrapped.push(await keys.wrap(dataKey));
    }
    expect(new Set(wrapped.map(({ keyId }) => keyId)).size).toBe(4);
    expect(wrapped.at(-1)?.keyId).toContain(vault.keys.find('rotating').found.version);
    const fresh = vaultKey('rotating');
    for (const each of wrapped) expect(await fresh.unwrap(each)).toEqual(dataKey);
    const pinned = vaultKey(`rotating/${vault.keys.find('rotating').found.version}`);
    expect(await pinned.unwrap(wrapped[0]!)).toEqual(dataKey);
    expect((await pinned.wrap(dataKey)).keyId).toBe(wrapped[3]?.keyId);
  });

  it('opens with an expired version, but does not wrap with it', async () => {
    const { version } = await vault.keys.create('expiring');
    const wrapped = await vaultKey('expiring').wrap(dataKey);
    await vault.keys.update('expiring', version, { exp: Math.floor(Date.now() / 1000) - 10 });
    const keys = vaultKey('expiring');
    expect(await keys.unwrap(wrapped)).toEqual(dataKey);
    const error = await problem(keys.wrap(dataKey));
    expect([error.code, error.details['inner']]).toEqual(['keyUnavailable', 'KeyExpired']);
    expect(error.message).toContain('has expired');
  });

  it('turns to the new version at once when the one it knew was retired', async () => {
    const { version } = await vault.keys.create('retired');
    const keys = vaultKey('retired');
    await keys.wrap(dataKey);
    const next = await vault.keys.create('retired');
    await vault.keys.update('retired', version, { enabled: false });
    expect((await keys.wrap(dataKey)).keyId).toContain(next.version);
  });

  const outcomes: [string, string, () => unknown][] = [
    [
      'KeyDisabled',
      'it is disabled',
      async () => {
        const { version } = vault.keys.find('broken').found;
        await vault.keys.update('broken', version, { enabled: false });
      },
    ],
    ['ForbiddenByRbac', 'may not use it', () => vault.grant(PRINCIPAL, [])],
    ['KeyNotFound', 'not in the vault', () => vault.keys.delete('broken')],
    [
      'Throttled',
      'asked too often',
      () => {
        const body = { error: { code: 'Throttled', message: 'too many' } };
        fault = () => ({ status: 429, headers: { 'retry-after': '0' }, body });
      },
    ],
    [
      'InternalServerError',
      'does not answer well',
      () => {
        const body = { error: { code: 'InternalServerError', message: 'x' } };
        fault = () => ({ status: 500, body });
      },
    ],
  ];
  it.each(outcomes)('says so when it cannot be used: %s', async (inner, message, breakIt) => {
    await vault.keys.create('broken');
    const wrapped = await vaultKey('broken').wrap(dataKey);
    await breakIt();
    const keys = vaultKey('broken');
    for (const act of [() => keys.wrap(dataKey), () => keys.unwrap(wrapped)]) {
      const error = await problem(act());
      expect([error.code, error.details['inner']]).toEqual(['keyUnavailable', inner]);
      expect(error.message).toContain(message);
      expect(error.cause).toBeInstanceOf(Error);
      expect(error.hint).toMatch(/\.$/);
    }
    await vault.keys.delete('broken');
  });

  it('waits as the vault asks and goes on', async () => {
    let refusals = 1;
    const body = { error: { code: 'Throttled', message: 'too many' } };
    fault = ({ path: where }) =>
      where.endsWith('wrapkey') && refusals-- > 0
        ? { status: 429, headers: { 'retry-after': '1' }, body }
        : undefined;
    const started = performance.now();
    await vaultKey().wrap(dataKey);
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  it('does not remember a failure', async () => {
    const keys = vaultKey();
    const wrapped = await keys.wrap(dataKey);
    vault.grant(PRINCIPAL, []);
    expect((await problem(keys.unwrap(wrapped))).code).toBe('keyUnavailable');
    vault.grant(PRINCIPAL, enough);
    expect(await keys.unwrap(wrapped)).toEqual(dataKey);
  });

  it('is unavailable when the vault is not there', async () => {
    const keys = openVaultKey('https://localhost:9/keys/logs', vault.wrapper);
    const error = await problem(keys.wrap(dataKey));
    expect([error.code, error.details['inner']]).toEqual(['keyUnavailable', 'ECONNREFUSED']);
  });

  it.each([
    'https://vault.example/keys',
    'https://vault.example/keys/',
    'https://vault.example/keys/a_b',
    'https://vault.example/keys/a/b',
    'https://vault.example/secrets/a',
    'https://vault.example/keys/a?x=1',
    'https://',
  ])('refuses the address %s', (address) => {
    expect(() => openVaultKey(address, vault.wrapper)).toThrowError(
      expect.objectContaining({ code: 'settingsInvalid' }),
    );
  });
});
