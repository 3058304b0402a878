// Four hours of sign-ins in a folder of their own, to be searched and damaged.
import type { SearchRequest } from '../../shared/log-backup/search-context.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { newFastFolder, openFolder } from './log-stores.ts';
import { hourTime, numbersOf, randomRecord, SearchScene, type TrueRecord } from './search-scene.ts';

export const HOURS = 4;

export const all: SearchRequest = {
  sources: ['signIns'],
  from: hourTime(0),
  to: hourTime(HOURS),
  filters: {},
  versions: 'newest',
};
export const one: SearchRequest = { ...all, filters: { actor: 'USER0001@contoso.example' } };

export async function fill(target: SearchScene): Promise<void> {
  const pick = numbersOf(7);
  for (let hour = 0; hour < HOURS; hour += 1) {
    const records = Array.from({ length: 25 }, (_, number) =>
      randomRecord('signIns', hour, number, pick),
    );
    await target.window('signIns', [hour, hour + 1], records);
  }
}

export async function fourHours() {
  const folder = await newFastFolder();
  const scene = new SearchScene(openFolder(folder));
  await fill(scene);
  return {
    folder,
    scene,
    /** Another process: it has read nothing of the repository yet. */
    anew: (more: Partial<ReturnType<SearchScene['context']>> = {}) =>
      scene.context({ store: openFolder(folder), ...more }),
    nameIn: async (hour: number, end: string): Promise<string> => {
      const place = hourTime(hour).slice(0, 13).replaceAll(/[-T]/g, '/');
      for await (const { name } of scene.store.list(`${scene.tenant}/signIns/${place}/`)) {
        if (name.endsWith(end)) return name;
      }
      throw new Error(`nothing ends with ${end}`);
    },
    /** Changes one bit; negative places count from the end. */
    flip: async (name: string, at: number): Promise<void> => {
      const bytes = (await scene.store.read(name)) ?? Buffer.alloc(0);
      const place = at < 0 ? bytes.length + at : at;
      await scene.store.remove(name);
      bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
      await scene.store.create(name, bytes);
    },
    without: (hour: number): TrueRecord[] =>
      scene.truth.filter(({ time }) => !time.startsWith(hourTime(hour).slice(0, 13))),
  };
}

export type FourHours = Awaited<ReturnType<typeof fourHours>>;

export const textsOf = (records: readonly TrueRecord[]): string[] =>
  records.map(({ text }) => text).sort();

/** The calls of a store, to be replaced one by one. */
export function pass(store: LogStore): LogStore {
  return {
    description: store.description,
    create: async (name, content) => await store.create(name, content),
    read: async (name, range) => await store.read(name, range),
    readStream: (name) => store.readStream(name),
    head: async (name) => await store.head(name),
    list: (prefix, options) => store.list(prefix, options),
    remove: async (name) => await store.remove(name),
    check: async () => await store.check(),
  };
}
