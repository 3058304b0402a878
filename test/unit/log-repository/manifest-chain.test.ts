import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isBackupError } from '../../../shared/errors/backup-error.ts';
import {
  appendManifest,
  type ChainLink,
  readHead,
  readLink,
} from '../../../shared/log-repository/chain.ts';
import { type WalkOptions, walkChain } from '../../../shared/log-repository/chain-walk.ts';
import { DirectoryLogStore } from '../../../shared/log-repository/directory-log-store.ts';
import { manifestName } from '../../../shared/log-repository/log-names.ts';
import type { LogStore } from '../../../shared/log-repository/log-store.ts';
import {
  encodeManifest,
  type Manifest,
  type ManifestContent,
  manifestHash,
  parseManifest,
} from '../../../shared/log-repository/manifest.ts';
import { tenantA, tenantB } from '../../support/log-fixtures.ts';

const chain = { tenant: tenantA, source: 'signIns' };
let folder: string;
let store: LogStore;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'entra-backup-chain-'));
  store = new DirectoryLogStore(folder);
});
afterEach(async () => await rm(folder, { recursive: true }));

const window = (): ManifestContent => ({
  kind: 'window',
  createdDateTime: '2026-03-04T06:10:00.000Z',
  writer: randomUUID(),
  segments: [],
  window: {
    from: '2026-03-04T05:00:00Z',
    to: '2026-03-04T06:00:00.0000000Z',
    ...{ sweep: 0, read: 0, new: 0, changed: 0, requests: 1 },
  },
});

async function append(head: ChainLink | undefined, more: Partial<ManifestContent> = {}) {
  const appended = await appendManifest(store, chain, head, { ...window(), ...more });
  if (appended.outcome === 'lost') throw new Error('lost');
  return appended.link;
}

async function build(count: number): Promise<ChainLink[]> {
  const links: ChainLink[] = [];
  while (links.length < count) links.push(await append(links.at(-1)));
  return links;
}

async function walked(options: WalkOptions = {}): Promise<number[] | string> {
  const numbers: number[] = [];
  try {
    for await (const { number } of walkChain(store, chain, options)) numbers.push(number);
  } catch (error) {
    return isBackupError(error) ? error.code : String(error);
  }
  return numbers;
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return isBackupError(error) ? error.code : String(error);
  }
  return 'nothing thrown';
}

const fileOf = (number: number): string => path.join(folder, manifestName(chain, number));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, place) => place + 1);

describe('the chain of manifests', () => {
  it('begins with nothing and grows by numbers without gaps', async () => {
    expect(await readHead(store, chain)).toBeUndefined();
    expect(await readHead(store, chain, 5)).toBeUndefined();
    expect(await walked()).toEqual([]);
    const links = await build(25);
    expect(links[0]?.manifest.previous).toBeNull();
    expect(links[24]?.manifest.previous).toBe(links[23]?.sha256);
    expect(await walked()).toEqual(upTo(25));
    expect(await readHead(store, chain)).toEqual(links[24]);
  });

  it('finds its head from every hint, right, old, too new or absurd', async () => {
    const links = await build(37);
    for (const hint of [...upTo(40), 1_000_000, 0, -1]) {
      expect((await readHead(store, chain, hint))?.sha256).toBe(links[36]?.sha256);
    }
  });

  it('does not list when the hint is right', async () => {
    await build(12);
    const silent: LogStore = Object.assign(new DirectoryLogStore(folder), {
      list: () => {
        throw new Error('listed');
      },
    });
    expect((await readHead(silent, chain, 12))?.number).toBe(12);
    expect((await readHead(silent, chain, 3))?.number).toBe(12);
  });

  it('lets one of many writers of the same number win, and tells the others', async () => {
    const head = await append(undefined);
    const contents = Array.from({ length: 8 }, window);
    const outcomes = await Promise.all(
      contents.map((content) => appendManifest(store, chain, head, content)),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'appended')).toHaveLength(1);
    const winner = outcomes.findIndex(({ outcome }) => outcome === 'appended');
    expect((await readHead(store, chain))?.manifest.writer).toBe(contents[winner]?.writer);
    const again = await appendManifest(store, chain, head, contents[winner] ?? window());
    expect(again.outcome).toBe('appended');
  });

  it('can be walked on from a link that is known, and up to a number', async () => {
    const links = await build(20);
    const after = links[9];
    if (after === undefined) throw new Error('too short');
    expect(await walked({ after })).toEqual(upTo(20).slice(10));
    expect(await walked({ through: 7 })).toEqual(upTo(7));
    const forged = { number: 10, sha256: 'f'.repeat(64) };
    expect(await walked({ after: forged })).toBe('chainBroken');
  });
});

describe('a broken chain is named', () => {
  it('when a manifest is missing anywhere but at the end', async () => {
    await build(6);
    for (const number of [1, 3, 5]) {
      const bytes = await readFile(fileOf(number));
      await rm(fileOf(number));
      expect(await walked()).toBe('chainBroken');
      await writeFile(fileOf(number), bytes);
    }
    expect(await walked()).toEqual(upTo(6));
  });

  it('when a bit of any manifest is flipped, the newest included', {
    timeout: 60_000,
  }, async () => {
    await build(3);
    for (const number of [2, 3]) {
      const bytes = await readFile(fileOf(number));
      for (let place = 0; place < bytes.length; place++) {
        const damaged = Buffer.from(bytes);
        damaged.writeUInt8(damaged.readUInt8(place) ^ (1 << randomInt(8)), place);
        const found = codeOf(() => parseManifest(damaged, chain, number));
        expect(['manifestDamaged', 'containerVersion'], `byte ${place}`).toContain(found);
      }
    }
  });

  it('when two manifests change places, or one comes from elsewhere', async () => {
    await build(4);
    const [two, three] = await Promise.all([readFile(fileOf(2)), readFile(fileOf(3))]);
    await writeFile(fileOf(2), three);
    await writeFile(fileOf(3), two);
    expect(await walked()).toBe('manifestForeign');
    await writeFile(fileOf(2), two);
    const { manifest } = await readLink(store, chain, 4);
    await writeFile(fileOf(3), encodeManifest({ ...manifest, number: 3 }));
    expect(await walked()).toBe('chainBroken');
    await writeFile(fileOf(3), encodeManifest({ ...manifest, number: 3, tenant: tenantB }));
    expect(await walked()).toBe('manifestForeign');
    await writeFile(fileOf(3), encodeManifest({ ...manifest, number: 3, source: 'provisioning' }));
    expect(await walked()).toBe('manifestForeign');
  });

  it('when something else lies among the manifests', async () => {
    await build(2);
    await writeFile(path.join(path.dirname(fileOf(1)), 'notes.txt'), 'x');
    expect(await walked()).toBe('chainBroken');
  });

  it.each(['', '{', '[]', 'null', '{"version":1}', '{"version":2}', '{"a":1,"a":2}', '\0'])(
    'when a manifest is %j',
    async (text) => {
      await mkdir(path.dirname(fileOf(1)), { recursive: true });
      await writeFile(fileOf(1), text);
      const code =
        text.includes('2}') && !text.includes('a') ? 'containerVersion' : 'manifestDamaged';
      expect(await walked()).toBe(code);
      await expect(readHead(store, chain)).rejects.toMatchObject({ code });
    },
  );
});

describe('a checkpoint', () => {
  const checkpointOf = (
    links: readonly ChainLink[],
    through: number,
  ): Partial<ManifestContent> => ({
    kind: 'checkpoint',
    checkpoint: {
      ...{ firstNumber: 1, removedThrough: through },
      manifestSha256: links[through - 1]?.sha256 ?? '',
      hours: { '2026-03-04T05': { records: 7, versions: 1, complete: true } },
    },
  });

  it('lets the manifests before it go, one after another', async () => {
    const links = await build(8);
    const head = await append(links[7], checkpointOf(links, 5));
    await append(head);
    for (const number of upTo(5)) {
      await rm(fileOf(number));
      expect(await walked()).toEqual(upTo(10).slice(number));
    }
    expect((await readHead(store, chain, 2))?.number).toBe(10);
    await rm(fileOf(6));
    expect(await walked()).toBe('chainBroken');
  });

  it('explains only the manifests that it names', async () => {
    const links = await build(8);
    const wrong = { ...checkpointOf(links, 5).checkpoint, manifestSha256: 'a'.repeat(64) };
    const checkpoint = wrong as NonNullable<Manifest['checkpoint']>;
    await append(links[7], { kind: 'checkpoint', checkpoint });
    for (const number of upTo(5)) {
      await rm(fileOf(number));
      expect(await walked()).toBe('chainBroken');
    }
  });
});

describe('a manifest', () => {
  it('has one text, whatever the order of its members, and reads back as it was', async () => {
    const { manifest } = await append(undefined, { copyOf: 'c'.repeat(64) });
    const reversed = Object.fromEntries(Object.entries(manifest).reverse()) as Manifest;
    expect(encodeManifest(reversed)).toEqual(encodeManifest(manifest));
    expect(parseManifest(encodeManifest(manifest), chain, 1)).toEqual(manifest);
    expect(manifestHash(encodeManifest(manifest))).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is not written when a member is wrong', async () => {
    const wrong = { ...window(), writer: '' };
    await expect(appendManifest(store, chain, undefined, wrong)).rejects.toThrow('writer');
    const gap = { from: 'yesterday', to: '2026-03-04T06:00:00Z', reason: 'lost' };
    await expect(append(undefined, { kind: 'gap', gap })).rejects.toThrow('gap.from');
    expect(await readHead(store, chain)).toBeUndefined();
  });
});
