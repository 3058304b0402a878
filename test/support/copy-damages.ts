// Ways to damage the files of a copy, and what a rebuild must say about each.
import { cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Damage {
  readonly what: string;
  /** Changes the files of the copy; answers the name that the error must say. */
  readonly damage: (files: CopyFiles) => Promise<string>;
  readonly codes: readonly string[];
}

export interface CopyFiles {
  readonly root: string;
  /** Names below the root, in order. */
  readonly segments: readonly string[];
  readonly manifests: readonly string[];
  at(name: string): string;
}

const first = (names: readonly string[]): string => names[0] ?? '';
const second = (names: readonly string[]): string => names[1] ?? '';
const last = (names: readonly string[]): string => names.at(-1) ?? '';

const flip = async (file: string, place: (length: number) => number): Promise<void> => {
  const bytes = await readFile(file);
  const at = place(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  await writeFile(file, bytes);
};

const flipped = (where: string, place: (length: number) => number): Damage => ({
  what: `a segment with a flipped bit in ${where}`,
  damage: async ({ segments, at }) => {
    await flip(at(second(segments)), place);
    return second(segments);
  },
  codes: [
    'containerDamaged',
    'containerVersion',
    'containerTruncated',
    'containerForeign',
    'keyWrong',
  ],
});

const swap = async (one: string, other: string): Promise<void> => {
  await rename(one, `${one}-away`);
  await rename(other, one);
  await rename(`${one}-away`, other);
};

export const damages: readonly Damage[] = [
  flipped('its beginning', () => 3),
  flipped('its wrapped key', () => 330),
  flipped('a frame', (length) => Math.floor(length / 2)),
  flipped('its footer', (length) => length - 40),
  flipped('its end', (length) => length - 2),
  {
    what: 'a missing segment',
    damage: async ({ segments, at }) => {
      await rm(at(second(segments)));
      return second(segments);
    },
    codes: ['logBlobMissing'],
  },
  {
    what: 'a segment that is cut off',
    damage: async ({ segments, at }) => {
      await truncate(at(last(segments)), 500);
      return last(segments);
    },
    codes: ['containerTruncated'],
  },
  {
    what: 'two segments that changed places',
    damage: async ({ segments, at }) => {
      await swap(at(first(segments)), at(second(segments)));
      return first(segments);
    },
    codes: ['containerForeign', 'containerTruncated', 'containerDamaged'],
  },
  {
    what: 'an extra file',
    damage: async ({ segments, at }) => {
      await cp(at(first(segments)), at(first(segments)).replace('.seg', '.old'));
      return first(segments).replace('.seg', '.old');
    },
    codes: ['copyDamaged'],
  },
  {
    what: 'a first manifest that is missing',
    damage: async ({ manifests, at }) => {
      await rm(at(first(manifests)));
      return first(manifests);
    },
    codes: ['chainBroken'],
  },
  {
    what: 'a manifest missing in the middle',
    damage: async ({ manifests, at }) => {
      await rm(at(second(manifests)));
      return second(manifests);
    },
    codes: ['chainBroken'],
  },
  {
    what: 'the last two manifests missing',
    damage: async ({ manifests, segments, at }) => {
      for (const name of manifests.slice(-2)) await rm(at(name));
      return first(segments.filter((name) => name.includes('/0000000003-')).sort());
    },
    codes: ['copyDamaged'],
  },
  {
    what: 'a manifest with a flipped bit',
    damage: async ({ manifests, at }) => {
      await flip(at(last(manifests)), (length) => Math.floor(length / 2));
      return last(manifests);
    },
    codes: ['manifestDamaged'],
  },
  {
    what: 'two manifests that changed places',
    damage: async ({ manifests, at }) => {
      await swap(at(first(manifests)), at(second(manifests)));
      return first(manifests);
    },
    codes: ['manifestForeign'],
  },
  {
    what: 'an extra manifest',
    damage: async ({ manifests, at }) => {
      const extra = last(manifests).replace('0003.json', '0004.json');
      await cp(at(last(manifests)), at(extra));
      return extra;
    },
    codes: ['manifestForeign'],
  },
];

/** The files of a copy in a folder. */
export async function filesOf(root: string): Promise<CopyFiles> {
  const names = (await readdir(root, { recursive: true })).sort();
  const manifests = names.filter((name) => name.endsWith('.json'));
  // in the order in which manifests name them
  const texts = await Promise.all(manifests.map((name) => readFile(path.join(root, name), 'utf8')));
  const segments = texts.flatMap((text) => [...text.matchAll(/"name":"([^"]+[.]seg)"/g)]);
  return {
    root,
    manifests,
    segments: segments.map(([, name = '']) => name),
    at: (name) => path.join(root, name),
  };
}
