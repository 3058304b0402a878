import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { linesAt, residue, truthOf } from '../support/backup-truth.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  abandon,
  finish,
  open,
  runBackup,
  runStage,
  testContext,
  testTenant,
} from '../support/run-backup.ts';
import { ScriptedTenant } from '../support/scripted-tenant.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

function generator(seed: number): (below: number) => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

const uuid = (head: string, n: number): string =>
  `${head.repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const tracked = ['user', 'group', 'administrativeUnit'];
const relations: [string, string, string[]][] = [
  ['group.members', 'group', ['user', 'group']],
  ['group.owners', 'group', ['user']],
  ['administrativeUnit.members', 'administrativeUnit', ['user', 'group']],
  ['user.manager', 'user', ['user']],
];

/** The catalogue for a tenant whose `$expand` is cut at 2. */
const cutEarly: readonly ObjectType[] = objectTypes.map((type: ObjectType) => ({
  ...type,
  links: type.links.map((link) =>
    link.expandLimit === undefined ? link : { ...link, expandLimit: 2 },
  ),
}));

/** A tenant small enough that every page border and every pair of changes meets. */
function randomTenant(random: Random): ScriptedTenant {
  const tenant = new ScriptedTenant();
  Object.assign(tenant, { listPage: 2, deltaPage: 2, linkPage: 2, expandLimit: 2 });
  const sizes: Record<string, [string, number]> = {
    user: ['a', 5],
    group: ['b', 3],
    administrativeUnit: ['c', 2],
    namedLocation: ['d', 3],
  };
  for (const [type, [head, count]] of Object.entries(sizes)) {
    for (let n = 0; n < count; n += 1) {
      tenant.create(type, uuid(head, n), { displayName: `${random(9)}` });
    }
  }
  for (let n = 0; n < 12; n += 1) change(tenant, random, 'link');
  return tenant;
}

type Random = (below: number) => number;

function pickFrom(
  tenant: ScriptedTenant,
  random: Random,
  state: string,
  types: readonly string[],
): string | undefined {
  const some = [...tenant.objects.values()].filter(
    (found) => found.state === state && types.includes(found.type),
  );
  return some[random(some.length)]?.id;
}

function change(tenant: ScriptedTenant, random: Random, only?: string): void {
  const kind = only ?? ['set', 'bin', 'undelete', 'purge', 'create', 'link', 'link'][random(7)];
  const pick = (state: string, types: readonly string[]) => pickFrom(tenant, random, state, types);
  if (kind === 'link') {
    changeLink(tenant, random);
    return;
  }
  if (kind === 'create') {
    const [type = 'user', head = 'a'] = [
      ['user', 'a'],
      ['group', 'b'],
      ['administrativeUnit', 'c'],
    ][random(3)] as string[];
    const id = uuid(head, 100 + tenant.objects.size);
    tenant.create(type, id, { displayName: `${random(9)}` });
    return;
  }
  const state = kind === 'undelete' || kind === 'purge' ? 'bin' : 'live';
  const id = pick(state, kind === 'set' ? [...tracked, 'namedLocation'] : tracked);
  if (id === undefined) return;
  if (kind === 'set') tenant.set(id, { displayName: `${random(9)}` });
  if (kind === 'bin') tenant.bin(id);
  if (kind === 'undelete') tenant.undelete(id);
  if (kind === 'purge') tenant.purge(id);
}

function changeLink(tenant: ScriptedTenant, random: Random): void {
  const [name, owner, targets] = relations[random(relations.length)] ?? relations[0]!;
  const source = pickFrom(tenant, random, 'live', [owner]);
  const target = pickFrom(tenant, random, 'live', targets);
  if (source === undefined || target === undefined || source === target) return;
  if (tenant.links.has(`${name} ${source} ${target}`)) {
    tenant.unlink(name, source, target);
    return;
  }
  if (name === 'user.manager') {
    const former = [...tenant.links].filter((text) => text.startsWith(`${name} ${source} `));
    for (const text of former) tenant.unlink(name, source, text.split(' ')[2] ?? '');
  }
  tenant.link(name, source, target);
}

/** What has happened to the tenant since a number. */
function history(tenant: ScriptedTenant, since: number): string[] {
  return tenant.log
    .filter((entry) => entry.seq > since)
    .map(({ seq, id, link }) => `    ${seq} ${id} ${tenant.get(id).state} ${JSON.stringify(link)}`);
}

const collections: Record<string, string> = {
  user: '/users',
  group: '/groups',
  administrativeUnit: '/directory/administrativeUnits',
};

/** Changes, expiring cursors and a broken collection, each within a budget, before any request. */
function disturb(tenant: ScriptedTenant, random: Random, trace: string[]): void {
  const broken = random(3) === 0 ? collections[tracked[random(3)] ?? ''] : undefined;
  const fails = random(12);
  let [seen, changes, expiries] = [0, 12, random(3) === 0 ? 1 : 0];
  tenant.before = (path) => {
    const before = tenant.seq;
    if (changes > 0 && random(4) === 0) {
      changes -= 1;
      change(tenant, random);
    }
    trace.push(`  ${path}`, ...history(tenant, before));
    if (expiries > 0 && random(15) === 0) {
      expiries -= 1;
      tenant.expired.set(tracked[random(3)] ?? '', tenant.seq - random(3));
    }
    if (broken === undefined || !path.startsWith(broken)) return;
    seen += 1;
    if (seen > fails) throw new BackupError('graphBadRequest', 'broken on purpose');
  };
}

async function runSeed(seed: number): Promise<void> {
  const trace: string[] = [];
  const random = generator(seed);
  const tenant = randomTenant(random);
  tenant.omitsBinMembers = random(2) === 0;
  const tenantNo = await db.addTenant(randomUUID());
  const registered = testTenant(tenantNo);
  const make = () => testContext(db, registered, tenant.graph(), { catalogue: cutEarly });
  const snapshots = new Map<number, string[]>();
  const backup = async (stop: number): Promise<void> => {
    const request = { operationId: randomUUID(), mode: random(5) === 0 ? 'full' : 'auto' } as const;
    const fence = await open(make, request);
    for (let stage = 0; await runStage(make, fence); stage += 1) {
      if (stage !== stop) continue;
      await abandon(make, fence);
      expect(await residue(db, tenantNo)).toBe(0);
      return;
    }
    const { point } = await finish(make, fence);
    trace.push(`point ${point} ${request.mode}`);
    snapshots.set(point, await linesAt(db, tenantNo, point));
  };
  for (let n = 0; n < 4; n += 1) {
    disturb(tenant, random, trace);
    await backup(random(6) === 0 ? random(6) : -1);
    const before = tenant.seq;
    for (let k = 0; k < random(6); k += 1) change(tenant, random);
    trace.push(...history(tenant, before));
  }
  tenant.before = () => undefined;
  await backup(-1);
  const last = await runBackup(make);
  const head = await linesAt(db, tenantNo, last.point);
  const truth = truthOf(tenant);
  if (head.join() !== truth.join()) console.log(trace.join('\n'));
  expect(head, `seed ${seed}`).toEqual(truth);
  for (const [point, lines] of snapshots) {
    expect(await linesAt(db, tenantNo, point), `seed ${seed}, point ${point}`).toEqual(lines);
  }
  expect(await residue(db, tenantNo)).toBe(0);
}

test('whatever changes and fails while sessions run, two quiet ones later all equals the tenant', async () => {
  const start = Number(process.env['BACKUP_SEED'] ?? randomInt(1_000_000));
  const runs = Number(process.env['BACKUP_RUNS'] ?? 3);
  console.log(`seeds ${start} to ${start + runs - 1}`);
  for (let seed = start; seed < start + runs; seed += 1) await runSeed(seed);
}, 600_000);
