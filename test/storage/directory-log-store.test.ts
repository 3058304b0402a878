import { readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { openLogStore } from '../../shared/log-repository/open-log-store.ts';
import { Secret } from '../../shared/settings/secret.ts';
import { all, code, DAY, newFolder, openFolder } from '../support/log-stores.ts';

describe('a folder as a log repository', () => {
  it('does not take a missing folder for an empty repository', async () => {
    const folder = path.join(await newFolder(), 'not-mounted');
    const store = openFolder(folder);
    expect(await code(store.create('a/1', Buffer.from('x')))).toBe('logStoreMissing');
    expect(await code(all(store.list('')))).toBe('logStoreMissing');
    expect(await code(store.check())).toBe('logStoreMissing');
  });

  it('leaves no half-written file and clears what killed writers left a day ago', async () => {
    const folder = await newFolder();
    await openFolder(folder).create('a/1', Buffer.from('x'));
    const incoming = path.join(folder, '.incoming');
    expect(await readdir(incoming)).toEqual([]);
    for (const name of ['old', 'young']) await writeFile(path.join(incoming, name), 'half');
    const old = new Date(Date.now() - 2 * DAY);
    await utimes(path.join(incoming, 'old'), old, old);
    const store = openFolder(folder);
    await store.create('a/2', Buffer.from('x'));
    expect(await readdir(incoming)).toEqual(['young']);
    expect((await all(store.list(''))).map(({ name }) => name)).toEqual(['a/1', 'a/2']);
  });

  it('does not follow a link out of itself', async () => {
    const [folder, outside] = [await newFolder(), await newFolder()];
    await symlink(outside, path.join(folder, 'a'));
    await writeFile(path.join(outside, 'secret'), 'x');
    const store = openFolder(folder);
    expect(await code(store.create('a/1', Buffer.from('x')))).toBe('logStoreRefused');
    expect(await readdir(outside)).toEqual(['secret']);
    expect(await all(store.list(''))).toEqual([]);
  });
});

describe('the address of a log repository', () => {
  it.each([
    ['https://account.blob.core.windows.net/', 'names no container'],
    ['https://account.blob.core.windows.net/a/b', 'names no container'],
    ['https://account.blob.core.windows.net/logs', 'needs an identity'],
    ['AccountName=a;AccountKey=topsecret', 'no Container'],
    ['AccountName=a;AccountKey=topsecret;Container=UPPER', 'no Container'],
    ['nonsense=topsecret;Container=logs', 'cannot be read'],
    ['file://otherhost/x', 'no folder of this machine'],
  ])('%s is refused without being shown', (address, message) => {
    const open = (): LogStore => openLogStore(new Secret(address));
    expect(open).toThrowError(expect.objectContaining({ code: 'settingsInvalid' }));
    expect(open).toThrowError(message);
    expect(open).not.toThrowError('topsecret');
  });

  it('shows neither keys nor signatures in the description', () => {
    const signed = 'https://account.blob.core.windows.net/logs?sv=2024&sig=topsecret';
    expect(openLogStore(new Secret(signed)).description).toBe('the container account/logs');
  });
});
