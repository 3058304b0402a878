import { randomInt, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CandidateSelection,
  listCandidates,
} from '../../shared/repository/comparison-candidates.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { addLink, addObject, addPoint, addVersion } from './points-fixture.ts';

// A tenant as plain data: for each object its state at points 1..POINTS, for each link whether it is
// there. The comparison by SQL must equal the comparison of the two states, member by member.
const POINTS = 4;
type State = 'absent' | 'bin' | 1 | 2 | 3;

interface Model {
  readonly users: readonly (readonly State[])[];
  readonly groups: readonly (readonly State[])[];
  /** group index, user index, points at which the link row is valid. */
  readonly links: readonly { group: number; user: number; at: readonly boolean[] }[];
  /** user index -> user index, by creation again. */
  readonly map: readonly (readonly [number, number])[];
  readonly pair: readonly [number, number];
  readonly selected: readonly number[];
}

const state = fc.constantFrom<State>('absent', 'bin', 1, 1, 1, 2, 3);
const states = fc.array(state, { minLength: POINTS, maxLength: POINTS });
const point = fc.integer({ min: 1, max: POINTS });
const model: fc.Arbitrary<Model> = fc.record({
  users: fc.array(states, { minLength: 5, maxLength: 5 }),
  groups: fc.array(states, { minLength: 2, maxLength: 2 }),
  links: fc.uniqueArray(
    fc.record({
      group: fc.integer({ min: 0, max: 1 }),
      user: fc.integer({ min: 0, max: 4 }),
      at: fc.array(fc.boolean(), { minLength: POINTS, maxLength: POINTS }),
    }),
    { selector: (link) => `${link.group} ${link.user}`, maxLength: 8 },
  ),
  map: fc.constantFrom(
    [],
    [[0, 1]],
    [
      [0, 1],
      [1, 2],
    ],
  ) as fc.Arbitrary<[number, number][]>,
  pair: fc.tuple(point, point),
  selected: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
});

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

interface Keys {
  readonly users: readonly number[];
  readonly groups: readonly number[];
}

/** Runs of equal values: the interval [from, to) of each, `to` undefined for one that goes on. */
function runs<Value>(values: readonly Value[]): { value: Value; from: number; to?: number }[] {
  const found: { value: Value; from: number; to?: number }[] = [];
  values.forEach((value, index) => {
    const last = found.at(-1);
    if (last !== undefined && last.value === value) return;
    if (last !== undefined) last.to = index + 1;
    found.push({ value, from: index + 1 });
  });
  return found;
}

async function insertObject(tx: Transaction, type: string, history: readonly State[]) {
  const key = await addObject(tx, type, randomUUID());
  for (const { value, from, to } of runs(history)) {
    if (value === 'absent') continue;
    await addVersion(tx, {
      key,
      type,
      from,
      ...(to === undefined ? {} : { to }),
      state: value === 'bin' ? 'softDeleted' : 'live',
      body: value === 'bin' ? null : `{"content":${value}}`,
    });
  }
  return key;
}

/** Points at which the link row is valid: never where its target is gone (a backup closes it). */
function validAt(given: Model, link: Model['links'][number]): boolean[] {
  return link.at.map((valid, index) => valid && given.users[link.user]?.[index] !== 'absent');
}

async function insertModel(tx: Transaction, given: Model): Promise<Keys> {
  for (let number = 1; number <= POINTS; number += 1) await addPoint(tx, number);
  const keys = { users: [] as number[], groups: [] as number[] };
  for (const history of given.users) keys.users.push(await insertObject(tx, 'user', history));
  for (const history of given.groups) keys.groups.push(await insertObject(tx, 'group', history));
  for (const link of given.links) {
    const [source, target] = [keys.groups[link.group] ?? 0, keys.users[link.user] ?? 0];
    for (const { value, from, to } of runs(validAt(given, link))) {
      if (value) await addLink(tx, 'group.members', source, target, from, to);
    }
    // an embedded link between the same ends is never shown
    await addLink(tx, 'group:embedded', source, target, 2, undefined, 'embedded');
  }
  for (const [old, now] of given.map) {
    await tx.change(
      `insert into identity_map (tenant_no, old_key, new_key, source) values ($1, $2, $3, 'manual')`,
      [tx.tenantNo, keys.users[old], keys.users[now]],
    );
  }
  return keys;
}

type Live = (user: number, at: number) => boolean;

/** Where `user`, live at `a`, lives at `b` under another, mapped id; nearest first. */
function offersFor(user: number, given: Model, [a, b]: readonly [number, number], live: Live) {
  if (!live(user, a) || live(user, b)) return [];
  const found: { from: number; to: number; depth: number }[] = [];
  const next = new Map(given.map.map(([old, now]) => [old, now]));
  const back = new Map(given.map.map(([old, now]) => [now, old]));
  for (const way of [next, back]) {
    let depth = 1;
    for (let at = way.get(user); at !== undefined; at = way.get(at), depth += 1) {
      if (live(at, b) && !live(at, a)) found.push({ from: user, to: at, depth });
    }
  }
  return found.sort((one, two) => one.depth - two.depth || one.to - two.to).slice(0, 1);
}

function partners(given: Model): Map<number, number> {
  const live: Live = (user, at) => typeof given.users[user]?.[at - 1] === 'number';
  const offers = given.users.flatMap((_, user) => offersFor(user, given, given.pair, live));
  offers.sort((one, two) => one.depth - two.depth || two.from - one.from);
  const result = new Map<number, number>();
  const taken = new Set<number>();
  for (const { from, to } of offers) {
    if (!taken.has(to)) result.set(from, to);
    taken.add(to);
  }
  return result;
}

function changeLine(type: string, from: number | '-', to: number | '-'): string {
  const change = from === '-' ? 'added' : to === '-' ? 'removed' : 'modified';
  return `${type} ${from} ${to} ${change}`;
}

type ShownLinks = ReadonlyMap<string, readonly [group: number, user: number]>;

/** Links at a point whose group is live and whose user is not in the recycle bin. */
function shownAt(at: number, given: Model, mapped: ReadonlyMap<number, number>): ShownLinks {
  const links = new Map<string, readonly [number, number]>();
  for (const link of given.links) {
    const { group, user } = link;
    const valid = validAt(given, link);
    const source = given.groups[group]?.[at - 1];
    const target = given.users[user]?.[at - 1];
    if (!valid[at - 1] || typeof source !== 'number' || target === 'bin') continue;
    links.set(`${group} ${mapped.get(user) ?? user}`, [group, user]);
  }
  return links;
}

function expectedUsers(given: Model, mapped: Map<number, number>): string[] {
  const [a, b] = given.pair;
  const reached = new Set(mapped.values());
  return given.users.flatMap((history, user) => {
    const partner = mapped.get(user) ?? user;
    const from = history[a - 1];
    const to = given.users[partner]?.[b - 1];
    const is = typeof to === 'number';
    if (typeof from !== 'number') {
      return is && !reached.has(user) ? [changeLine('user', '-', user)] : [];
    }
    if (from === to && partner === user) return [];
    return [changeLine('user', user, is ? partner : '-')];
  });
}

/** Differences by looking at the two states one after the other. */
function expected(given: Model, selected: ReadonlySet<number> | undefined, either: boolean) {
  const [a, b] = given.pair;
  const mapped = partners(given);
  const inverse = new Map([...mapped].map(([from, to]) => [to, from]));
  const isSelected = (user: number): boolean =>
    selected === undefined ||
    [user, mapped.get(user), inverse.get(user)].some((each) => selected.has(each ?? -1));
  const lines = expectedUsers(given, mapped).filter((line) =>
    line.split(' ').some((word) => /^\d$/.test(word) && isSelected(Number(word))),
  );
  const [before, after] = [shownAt(a, given, mapped), shownAt(b, given, new Map())];
  const touched = new Set<number>();
  const only = (one: ShownLinks, two: ShownLinks, change: string): void => {
    for (const [name, [group, user]] of one) {
      const shown = selected === undefined || (either && isSelected(user));
      if (two.has(name) || !shown) continue;
      lines.push(`link ${group} ${user} ${change}`);
      touched.add(group);
    }
  };
  only(before, after, 'removed');
  only(after, before, 'added');
  for (const [group, history] of given.groups.entries()) {
    const [from, to] = [history[a - 1], history[b - 1]];
    const own = selected === undefined && from !== to;
    const [was, is] = [typeof from === 'number', typeof to === 'number'];
    if ((!own && !touched.has(group)) || (!was && !is)) continue;
    lines.push(changeLine('group', was ? group : '-', is ? group : '-'));
  }
  return lines.sort();
}

async function compare(given: Model, selection: 'all' | 'users', either: boolean) {
  const tenantNo = await db.addTenant(randomUUID());
  return await db.database.withTenant(tenantNo, async (tx) => {
    const keys = await insertModel(tx, given);
    const comparisonId = randomUUID();
    const chosen: CandidateSelection =
      selection === 'all'
        ? { except: [] }
        : { keys: given.selected.map((user) => keys.users[user] ?? 0), except: [] };
    await listCandidates(tx, {
      comparisonId,
      fromPoint: given.pair[0],
      toPoint: given.pair[1],
      types: ['user', 'group'],
      relationships: ['group.members'],
      selection: chosen,
      linkScope: either ? 'either' : 'source',
    });
    const index = (key: number | null): string | number => {
      if (key === null) return '-';
      const user = keys.users.indexOf(key);
      return user >= 0 ? user : keys.groups.indexOf(key);
    };
    const rows = await tx.rows<{
      no: number;
      type: string;
      from_key: number | null;
      to_key: number | null;
      change: string;
      link_count: number;
    }>('select * from difference where tenant_no = $1 order by no', [tenantNo]);
    const links = await tx.rows<{ no: number; target: number; change: string }>(
      'select * from difference_link where tenant_no = $1',
      [tenantNo],
    );
    for (const row of rows) {
      expect(links.filter((link) => link.no === row.no)).toHaveLength(row.link_count);
    }
    const lines = rows.map(
      (row) => `${row.type} ${index(row.from_key)} ${index(row.to_key)} ${row.change}`,
    );
    for (const link of links) {
      const source = rows.find((row) => row.no === link.no);
      lines.push(
        `link ${index(source?.to_key ?? source?.from_key ?? 0)} ${index(link.target)} ${link.change}`,
      );
    }
    return lines.sort();
  });
}

describe('the differences between two points', () => {
  const seed = randomInt(2 ** 31);
  it.each([
    ['everything', 'all', false],
    ['links of selected sources only', 'users', false],
    ['links of selected objects at either end', 'users', true],
  ] as const)(
    `equal a comparison of the two states: %s (seed ${seed})`,
    async (_, kind, either) => {
      await fc.assert(
        fc.asyncProperty(model, async (given) => {
          const selected = kind === 'all' ? undefined : new Set(given.selected);
          expect(await compare(given, kind, either)).toEqual(expected(given, selected, either));
        }),
        { seed, numRuns: 150 },
      );
    },
  );
});
