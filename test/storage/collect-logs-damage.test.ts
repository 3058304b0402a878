// Workers that die or meet between any two steps, and caches that lie in ten ways at ten moments: no
// record is lost, none is stored twice.
import type { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheRepository } from '../../shared/cache/cache-repository.ts';
import { type CollectStep, collectSteps } from '../../shared/log-backup/collect-context.ts';
import { newTable, openCache, rawTable } from '../support/caches.ts';
import { Killed } from '../support/log-chaos.ts';
import {
  calm,
  DAY,
  HOUR,
  type LogLab,
  type LogTenant,
  RETENTION_DAYS,
  startLogLab,
} from '../support/log-lab.ts';

let lab: LogLab;
beforeAll(async () => {
  lab = await startLogLab();
});
afterAll(() => lab.close());

const right = { lost: [], doubled: [], invented: [] };

async function newTenant(table: string): Promise<{ tenant: LogTenant; end: number }> {
  const start = lab.clock.now().getTime();
  // the last sweep of its first hour and of its last one are less than a day apart
  const end = start + 18 * HOUR;
  const stream = {
    ...({ source: 'interactiveSignIns', from: start - 2 * HOUR, to: end, records: 80 } as const),
    ...{ bytes: 1200, lateShare: 0.2, latestHours: 20, changedShare: 0.2, keptShare: 0.5 },
    ...{ repeatedShare: 0.1, fullMinuteShare: 0.2, seed: start % 100_000 },
  };
  const tenant = await lab.addTenant({
    source: 'signIns',
    cache: openCache(table),
    changes: [calm, { kind: 'stream', stream }],
  });
  return { tenant, end };
}

async function finish(tenant: LogTenant, end: number): Promise<void> {
  lab.clock.advance(end + (RETENTION_DAYS - 1) * DAY + 2 * HOUR - lab.clock.now().getTime());
  await tenant.catchUp();
  expect(await tenant.defects()).toMatchObject(right);
}

/** Acts when `step` is reached for the first time. */
function once(
  step: CollectStep,
  act: () => Promise<void> | void,
): (at: CollectStep) => Promise<void> {
  let isDone = false;
  return async (at) => {
    if (isDone || at !== step) return;
    isDone = true;
    await act();
  };
}

describe('workers', () => {
  it('may be killed between any two steps', { timeout: 120_000 }, async () => {
    const { tenant, end } = await newTenant(newTable());
    const killed: CollectStep[] = [];
    for (const step of [...collectSteps, ...collectSteps]) {
      const reach = once(step, () => {
        killed.push(step);
        throw new Killed(step);
      });
      await tenant.catchUp({ reach, pageRecords: 3 }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      lab.clock.advance(75 * 60_000);
    }
    expect(killed).toEqual([...collectSteps, ...collectSteps]);
    await finish(tenant, end);
  });

  it('may meet between any two steps: the one that comes later starts over', {
    timeout: 120_000,
  }, async () => {
    const { tenant, end } = await newTenant(newTable());
    let met = 0;
    for (const step of [...collectSteps, ...collectSteps]) {
      const reach = once(step, async () => {
        met += 1;
        await tenant.catchUp({ pageRecords: 3 });
      });
      await tenant.catchUp({ reach, pageRecords: 3 });
      lab.clock.advance(75 * 60_000);
    }
    expect(met).toBe(2 * collectSteps.length);
    await finish(tenant, end);
  });

  it('may run side by side all the time', { timeout: 120_000 }, async () => {
    const { tenant, end } = await newTenant(newTable());
    for (let round = 0; round < 8; round += 1) {
      await Promise.all([tenant.catchUp(), tenant.catchUp(), tenant.catchUp()]);
      lab.clock.advance(3 * HOUR);
    }
    await finish(tenant, end);
  });
});

interface Scene {
  readonly tenant: LogTenant;
  readonly partition: string;
  readonly cache: CacheRepository;
  readonly raw: TableClient;
  /** Values as they were some moments ago. */
  readonly before: Map<string, Buffer>;
}

type Damage = (scene: Scene) => Promise<void>;

async function values({ cache, partition }: Scene): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for await (const { row } of cache.list(partition)) {
    const read = await cache.read(partition, row);
    if (read !== undefined) found.set(row, read.value);
  }
  return found;
}

/** Writes sound values, whatever is there. */
async function put({ cache, partition }: Scene, all: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [row, value] of all) {
    const found = await cache.read(partition, row);
    await cache.write(partition, row, value, found?.etag);
  }
}

async function changeState(scene: Scene, change: (state: Record<string, unknown>) => void) {
  const found = (await values(scene)).get('state');
  if (found === undefined) return;
  const stored = JSON.parse(found.toString()) as { state: Record<string, unknown> };
  change(stored.state);
  await put(scene, new Map([['state', Buffer.from(JSON.stringify(stored))]]));
}

async function changeEntities(
  { raw }: Scene,
  change: (entity: Record<string, unknown>) => void,
): Promise<void> {
  for await (const entity of raw.listEntities()) {
    change(entity);
    await raw.upsertEntity(entity as never, 'Replace');
  }
}

let other: Map<string, Buffer> | undefined;

const damages: Readonly<Record<string, Damage>> = {
  destroyed: async ({ raw }) => {
    for await (const { partitionKey = '', rowKey = '' } of raw.listEntities()) {
      await raw.deleteEntity(partitionKey, rowKey);
    }
  },
  moved: async ({ tenant }) => {
    tenant.cache = openCache(newTable());
  },
  garbled: (scene) =>
    changeEntities(scene, (entity) => {
      const bytes = Buffer.from(entity['d0'] as Uint8Array);
      bytes[bytes.length >>> 1]! ^= 1;
      entity['d0'] = bytes;
    }),
  'of another form': (scene) =>
    changeEntities(scene, (entity) => {
      entity['d0'] = 'text';
    }),
  older: (scene) => put(scene, scene.before),
  'older in its hours only': (scene) =>
    put(scene, new Map([...scene.before].filter(([row]) => row !== 'state'))),
  newer: (scene) =>
    changeState(scene, (state) => {
      state['number'] = Number(state['number']) + 5;
    }),
  'of another chain': (scene) =>
    changeState(scene, (state) => {
      state['sha256'] = 'f'.repeat(64);
      state['hours'] = {};
    }),
  "another tenant's": async (scene) => {
    if (other !== undefined) await put(scene, other);
  },
  'cut and swapped, with right checksums': async (scene) => {
    const all = [...(await values(scene))];
    const cut = all.map(([row, value], at) => {
      const taken = row === 'state' ? all[at + 1]?.[1] : value.subarray(0, value.length - 16);
      return [row, taken ?? value] as const;
    });
    await put(scene, new Map(cut));
  },
};

describe('a cache', () => {
  it.each(Object.entries(damages))(
    'may be %s at any moment',
    { timeout: 120_000 },
    async (_, damage) => {
      const table = newTable();
      const { tenant, end } = await newTenant(table);
      const scene: Scene = {
        tenant,
        partition: `logs/${tenant.tenantId}/signIns`,
        cache: openCache(table),
        raw: rawTable(table),
        before: new Map(),
      };
      let hits = 0;
      const hit = async (): Promise<void> => {
        const now = await values(scene);
        await damage(scene);
        hits += 1;
        scene.before.clear();
        for (const [row, value] of now) scene.before.set(row, value);
      };
      await tenant.catchUp();
      for (const step of collectSteps) {
        lab.clock.advance(2 * HOUR);
        await tenant.catchUp({ reach: once(step, hit), pageRecords: 3 });
      }
      for (let between = 0; between < 2; between += 1) {
        await hit();
        lab.clock.advance(2 * HOUR);
        await tenant.catchUp();
      }
      expect(hits).toBe(10);
      await finish(tenant, end);
      other = await values({ ...scene, cache: tenant.cache });
    },
  );
});
