import { randomBytes } from 'node:crypto';
import type { TableEntity } from '@azure/data-tables';
import { describe, expect, it } from 'vitest';
import { newTable, openCache, rawTable } from '../support/caches.ts';

const table = newTable();
const cache = openCache(table);
const raw = rawTable(table);

type Entity = TableEntity<Record<string, unknown>>;

async function entities(partition: string): Promise<Entity[]> {
  const found: Entity[] = [];
  const queryOptions = { filter: `PartitionKey eq '${partition}'` };
  for await (const entity of raw.listEntities({ queryOptions })) found.push(entity as Entity);
  return found;
}

async function change(entity: Entity | undefined, how: (entity: Entity) => void): Promise<void> {
  if (entity === undefined) throw new Error('nothing to damage');
  how(entity);
  await raw.upsertEntity(entity, 'Replace');
}

function flip(entity: Entity, name: string): void {
  const bytes = Buffer.from(entity[name] as Uint8Array);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  entity[name] = bytes;
}

const head = (all: Entity[], row: string): Entity | undefined =>
  all.find(({ rowKey }) => rowKey === `${row}!`);
const part = (all: Entity[], row: string): Entity | undefined =>
  all.find(({ rowKey }) => rowKey?.startsWith(`${row}!`) && !rowKey.endsWith('!'));

type Damage = (all: Entity[]) => Promise<void>;
/** To the value of row `a`; `b` is a sound one beside it, of equal length. */
const damages: Record<string, Damage> = {
  'a flipped bit': (all) => change(head(all, 'a'), (it) => flip(it, 'd0')),
  'a flipped bit in a part': (all) => change(part(all, 'a'), (it) => flip(it, 'd0')),
  'a flipped bit in the checksum': (all) => change(head(all, 'a'), (it) => flip(it, 'sum')),
  'a cut property': (all) =>
    change(head(all, 'a'), (it) => {
      it['d2'] = Buffer.from(it['d2'] as Uint8Array).subarray(0, 1000);
    }),
  'a lost property': (all) => change(head(all, 'a'), (it) => delete it['d1']),
  'two swapped properties': (all) =>
    change(head(all, 'a'), (it) => {
      [it['d1'], it['d2']] = [it['d2'], it['d1']];
    }),
  'a property of another type': (all) =>
    change(head(all, 'a'), (it) => {
      it['d0'] = 'text';
    }),
  'a lost part': async (all) => {
    const lost = part(all, 'a');
    await raw.deleteEntity(lost?.partitionKey ?? '', lost?.rowKey ?? '');
  },
  'another length': (all) =>
    change(head(all, 'a'), (it) => {
      it['bytes'] = Number(it['bytes']) - 1;
    }),
  'no length': (all) => change(head(all, 'a'), (it) => delete it['bytes']),
  'no mark': (all) => change(head(all, 'a'), (it) => delete it['mark']),
  'the parts of another write': (all) =>
    change(head(all, 'a'), (it) => {
      it['mark'] = 'ffffffffffffffff';
    }),
  'another version': (all) =>
    change(head(all, 'a'), (it) => {
      it['version'] = 2;
    }),
  'the whole value of another row': (all) => {
    const other = head(all, 'b');
    const parts = all.filter(({ rowKey }) => rowKey?.startsWith('b!') && rowKey !== 'b!');
    return Promise.all([
      change({ ...other, rowKey: 'a!' } as Entity, () => undefined),
      ...parts.map((it) =>
        change({ ...it, rowKey: it.rowKey?.replace('b!', 'a!') } as Entity, () => undefined),
      ),
    ]).then(() => undefined);
  },
  'nothing but its keys': async (all) => {
    const it = head(all, 'a');
    const keys = { partitionKey: it?.partitionKey ?? '', rowKey: it?.rowKey ?? '' };
    await raw.upsertEntity(keys, 'Replace');
  },
};

describe('damage in the cache', () => {
  it.each(Object.keys(damages))('is noticed: %s', async (name) => {
    const partition = randomBytes(6).toString('hex');
    const [a, b] = [randomBytes(730_000), randomBytes(730_000)];
    await cache.write(partition, 'a', a, undefined);
    await cache.write(partition, 'b', b, undefined);
    await damages[name]?.(await entities(partition));
    const before = cache.counts.damaged;
    expect(await cache.read(partition, 'a')).toBeUndefined();
    expect(cache.counts.damaged).toBe(before + 1);
    expect((await cache.read(partition, 'b'))?.value.equals(b)).toBe(true);
    // what cannot be read is no obstacle, and the next one meets the new value
    const written = await cache.write(partition, 'a', a, undefined);
    expect(written).not.toBe('conflict');
    expect((await cache.read(partition, 'a'))?.value.equals(a)).toBe(true);
    expect(await cache.write(partition, 'a', b, undefined)).toBe('conflict');
  });

  it('is noticed: a value moved to another partition', async () => {
    await cache.write('from', 'a', Buffer.from('value'), undefined);
    const [moved] = await entities('from');
    await raw.upsertEntity({ ...moved, partitionKey: 'to', rowKey: 'a!' }, 'Replace');
    expect(await cache.read('to', 'a')).toBeUndefined();
    expect((await cache.read('from', 'a'))?.value.toString()).toBe('value');
  });

  it('does not stop a listing, nor the removal of what has expired', async () => {
    const mine = newTable();
    const other = openCache(mine);
    const expires = new Date('2026-01-01T00:00:00Z');
    await other.write('p', 'sound', Buffer.from('1'), undefined, { expires });
    await other.write('p', 'broken', Buffer.from('2'), undefined, { expires });
    await rawTable(mine).upsertEntity(
      { partitionKey: 'p', rowKey: 'broken!', bytes: 'many', expires },
      'Replace',
    );
    await rawTable(mine).upsertEntity({ partitionKey: 'p', rowKey: 'foreign' }, 'Replace');
    const listed: string[] = [];
    for await (const { row } of other.list('p')) listed.push(row);
    expect(listed).toEqual(['sound']);
    expect(await other.expire(new Date('2026-01-01T00:00:00Z'))).toBe(2);
  });
});
