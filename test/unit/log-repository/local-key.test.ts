import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createLocalKey,
  ensureLocalKeyFile,
  openLocalKey,
} from '../../../shared/encryption/local-key.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'entra-backup-key-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

describe('a local key', () => {
  it('wraps and unwraps, from a file with raw bytes, hexadecimal or base64', async () => {
    const key = randomBytes(32);
    const dataKey = randomBytes(32);
    const wrapped = await createLocalKey(key).wrap(dataKey);
    expect(wrapped.bytes).toHaveLength(40);
    const texts = [key, `${key.toString('hex')}\n`, `${key.toString('base64')}\n`];
    for (const [number, text] of texts.entries()) {
      const file = path.join(folder, `key-${number}`);
      await writeFile(file, text);
      expect(await openLocalKey(file).unwrap(wrapped)).toEqual(dataKey);
    }
  });

  it('wraps as the test vector of RFC 3394, 4.6 says', async () => {
    const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
    const key = hex('000102030405060708090A0B0C0D0E0F 101112131415161718191A1B1C1D1E1F');
    const data = hex('00112233445566778899AABBCCDDEEFF 000102030405060708090A0B0C0D0E0F');
    const wrapped = await createLocalKey(key).wrap(data);
    expect(wrapped.bytes).toEqual(
      hex('28C9F404C4B810F4CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21'),
    );
  });

  it('does not open what another key wrapped, nor what was changed', async () => {
    const own = createLocalKey(randomBytes(32));
    const wrapped = await own.wrap(randomBytes(32));
    const other = createLocalKey(randomBytes(32));
    await expect(other.unwrap(wrapped)).rejects.toMatchObject({ code: 'keyWrong' });
    const posing = { ...wrapped, keyId: other.keyId };
    await expect(other.unwrap(posing)).rejects.toMatchObject({ code: 'keyWrong' });
    for (let place = 0; place < wrapped.bytes.length; place++) {
      const bytes = Buffer.from(wrapped.bytes);
      bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
      await expect(own.unwrap({ ...wrapped, bytes })).rejects.toMatchObject({ code: 'keyWrong' });
    }
    const short = { ...wrapped, bytes: wrapped.bytes.subarray(1) };
    await expect(own.unwrap(short)).rejects.toMatchObject({ code: 'keyWrong' });
  });

  it('says what is wrong with its file without showing it', async () => {
    const file = path.join(folder, 'short');
    await writeFile(file, 'topsecret');
    const broken: unknown = expect.objectContaining({ code: 'settingsInvalid' });
    expect(() => openLocalKey(file)).toThrowError(broken as Error);
    expect(() => openLocalKey(file)).not.toThrowError('topsecret');
    const missing: unknown = expect.objectContaining({ code: 'keyUnavailable' });
    expect(() => openLocalKey(path.join(folder, 'none'))).toThrowError(missing as Error);
  });

  it('is made once, whoever comes first, for its owner alone', async () => {
    const file = path.join(folder, 'new', 'key');
    await Promise.all(Array.from({ length: 6 }, () => ensureLocalKeyFile(file)));
    const first = await readFile(file, 'utf8');
    await ensureLocalKeyFile(file);
    expect(await readFile(file, 'utf8')).toBe(first);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(openLocalKey(file).keyId).toMatch(/^local:[0-9a-f]{16}$/);
  });
});
