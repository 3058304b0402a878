import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { enumMembers, propertiesOf } from '../../local/graph-simulator/schema/csdl.ts';
import { idOf } from '../../local/graph-simulator/seed/dice.ts';
import { groupSizes, memberNumbers } from '../../local/graph-simulator/seed/memberships.ts';
import { nastyNames } from '../../local/graph-simulator/seed/nasty-values.ts';
import type { SeedPlan } from '../../local/graph-simulator/seed/seed-tenant.ts';
import { samplePlan, seedTenant } from '../../local/graph-simulator/seed/seed-tenant.ts';
import type {
  JsonObject,
  JsonValue,
  ObjectType,
  Relationship,
  SeedTarget,
} from '../../local/graph-simulator/types.ts';

const NOW = Date.UTC(2026, 10, 1);

interface Recorded {
  readonly type: ObjectType;
  readonly properties: JsonObject;
  readonly deleted: string | undefined;
}

/** Records what a seed writes, and refuses what a directory would: a second id, a second link. */
function record(plan: SeedPlan, now = NOW) {
  const objects = new Map<string, Recorded>();
  const links: { relationship: Relationship; source: string; target: string }[] = [];
  const seen = new Set<string>();
  let finished = 0;
  const target: SeedTarget = {
    tenantId: 't',
    now,
    setDomains: () => undefined,
    setDisplayName: () => undefined,
    addObject: (type, id, properties, deleted) => {
      if (objects.has(id)) throw new Error(`id twice: ${id}`);
      objects.set(id, { type, properties, deleted });
    },
    addLink: (relationship, source, end) => {
      const key = `${relationship} ${source} ${end}`;
      if (seen.has(key)) throw new Error(`link twice: ${key}`);
      if (!objects.has(source) || !objects.has(end)) throw new Error(`unknown end: ${key}`);
      if (source === end) throw new Error(`link to itself: ${key}`);
      seen.add(key);
      links.push({ relationship, source, target: end });
    },
    finish: () => {
      finished += 1;
    },
  };
  const counts = seedTenant(target, plan);
  const of = (type: ObjectType) => [...objects.values()].filter((object) => object.type === type);
  return { objects, links, counts, of, finished };
}

const sample = record(samplePlan);

describe('a seeded tenant', () => {
  test('has exactly the asked numbers of live objects and some in the recycle bin', () => {
    const live = (type: ObjectType) => sample.of(type).filter(({ deleted }) => !deleted).length;
    expect(live('user')).toBe(2_000);
    expect(live('group')).toBe(400);
    expect(live('administrativeUnit')).toBe(sample.counts.administrativeUnits);
    expect(live('conditionalAccessPolicy')).toBe(12);
    expect(live('namedLocation')).toBe(6);
    expect(sample.of('scopedRoleMembership').length).toBeGreaterThan(3);
    expect(sample.of('user').length - 2_000).toBe(sample.counts.deletedUsers);
    expect(sample.counts.links).toBe(sample.links.length);
    expect(sample.finished).toBe(1);
    for (const { deleted } of sample.objects.values()) {
      const age = deleted ? NOW - Date.parse(deleted) : 1;
      expect(age).toBeGreaterThan(0);
      expect(age).toBeLessThan(29 * 86_400_000);
    }
  });

  test('is the same for the same seed and another for another', () => {
    const digest = (plan: SeedPlan) => {
      const { objects, links } = record(plan);
      const text = JSON.stringify([[...objects], links]);
      return createHash('sha256').update(text).digest('hex');
    };
    expect(digest({ users: 60, groups: 20 })).toBe(digest({ users: 60, groups: 20 }));
    expect(digest({ users: 60, groups: 20, seed: 2 })).not.toBe(digest({ users: 60, groups: 20 }));
  });

  test('fills more than 40 user properties, each absent, null or empty somewhere', () => {
    const users = sample.of('user').map(({ properties }) => properties);
    const names = new Set(users.flatMap((properties) => Object.keys(properties)));
    expect(names.size).toBeGreaterThan(50);
    const absent = [...names].filter((name) => users.some((user) => !(name in user)));
    const nulls = [...names].filter((name) => users.some((user) => user[name] === null));
    const empty = [...names].filter((name) =>
      users.some((user) => Array.isArray(user[name]) && user[name].length === 0),
    );
    expect(absent.length).toBeGreaterThan(20);
    expect(nulls.length).toBeGreaterThan(6);
    expect(empty.length).toBeGreaterThan(5);
  });

  test('uses only names, types and enum values of the metadata, in every object', () => {
    for (const { type, properties } of sample.objects.values()) {
      const named = String(properties['@odata.type'] ?? `microsoft.graph.${type}`);
      expectTyped(properties, named.replace('#', ''), type);
    }
  });

  test('holds unique addresses and names: a directory would refuse the second', () => {
    const addresses = sample
      .of('user')
      .flatMap(({ properties }) => properties['proxyAddresses'] as string[])
      .map((address) => address.toLowerCase());
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const [type, property] of [
      ['user', 'userPrincipalName'],
      ['group', 'mailNickname'],
    ] as const) {
      const values = sample.of(type).map(({ properties }) => properties[property]);
      expect(new Set(values).size).toBe(values.length);
    }
  });

  test('has guests, disabled users, managers, security attributes and all kinds of groups', () => {
    const users = sample.of('user').map(({ properties }) => properties);
    const groups = sample.of('group').map(({ properties }) => properties);
    const some = (objects: JsonObject[], test: (object: JsonObject) => boolean) =>
      objects.filter(test).length;
    expect(some(users, (user) => user['userType'] === 'Guest')).toBeGreaterThan(50);
    expect(some(users, (user) => user['accountEnabled'] === false)).toBeGreaterThan(50);
    expect(some(users, (user) => user['onPremisesSyncEnabled'] === true)).toBeGreaterThan(100);
    expect(some(users, (user) => 'customSecurityAttributes' in user)).toBeGreaterThan(100);
    const links = (name: Relationship) => sample.links.filter((l) => l.relationship === name);
    expect(links('manager').length).toBeGreaterThan(1_500);
    expect(links('owners').length).toBeGreaterThan(300);
    const has = (type: string) => (group: JsonObject) =>
      (group['groupTypes'] as string[]).includes(type);
    expect(some(groups, has('Unified'))).toBeGreaterThan(50);
    expect(some(groups, has('DynamicMembership'))).toBeGreaterThan(10);
    expect(some(groups, (group) => group['isAssignableToRole'] === true)).toBeGreaterThan(3);
    const typesIn = new Set(links('members').map((l) => sample.objects.get(l.target)?.type));
    expect([...typesIn].sort()).toEqual(['device', 'group', 'servicePrincipal', 'user']);
  });

  test('every user has at most one manager, and the tree has no cycle', () => {
    const managers = sample.links.filter((link) => link.relationship === 'manager');
    expect(new Set(managers.map((link) => link.source)).size).toBe(managers.length);
    const of = new Map(managers.map((link) => [link.source, link.target]));
    for (const start of of.keys()) {
      let at: string | undefined = start;
      let steps = 0;
      for (; at; at = of.get(at)) steps += 1;
      expect(steps).toBeLessThan(20);
    }
  });

  test('policies refer to users, groups, roles, locations, constants and to nobody', () => {
    const text = JSON.stringify(sample.of('conditionalAccessPolicy').map((p) => p.properties));
    for (const constant of ['"All"', '"None"', '"GuestsOrExternalUsers"', '"AllTrusted"']) {
      expect(text).toContain(constant);
    }
    const ids = text.match(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
    const types = new Set(ids.map((id) => sample.objects.get(id)?.type ?? 'nobody'));
    for (const type of ['user', 'group', 'namedLocation', 'nobody']) expect(types).toContain(type);
    const deleted = ids.filter((id) => sample.objects.get(id)?.deleted !== undefined);
    expect(deleted.length).toBeGreaterThan(0);
  });

  test('every nasty name is some display name and survives JSON byte for byte', () => {
    const names = new Set(sample.of('user').map(({ properties }) => properties['displayName']));
    for (const name of nastyNames) {
      expect(names).toContain(name);
      expect(JSON.parse(JSON.stringify(name))).toBe(name);
    }
    const longest = sample.of('group').map(({ properties }) => properties['description']);
    expect(longest.some((text) => typeof text === 'string' && text.length === 65_536)).toBe(true);
  });

  test('a plan that cannot be is refused', () => {
    expect(() => record({ users: 49 })).toThrow('at least 50 users, not 49');
    expect(() => record({ users: 50, groups: 9 })).toThrow('at least 10 groups, not 9');
    expect(record({ users: 50 }).counts).toMatchObject({ users: 50, groups: 10 });
  });
});

describe('group sizes', () => {
  test.each([
    [400, 2_000, 20_000],
    [25_000, 100_000, 1_000_000],
  ])(
    '%i groups of %i users hold about %i links, on every border of a page',
    (groups, users, links) => {
      const sizes = groupSizes(1, groups, users, links);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      expect(total).toBeGreaterThan(links * 0.98);
      expect(total).toBeLessThan(links * 1.02);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(users * 0.8);
      for (const border of [0, 1, 19, 20, 21, 99, 100, 101, 999, 1_000]) {
        expect(sizes).toContain(border);
      }
    },
  );

  test('the members of a group are different users in range', () => {
    for (const users of [50, 97, 2_000]) {
      const numbers = [...memberNumbers(3, 7, users, users)];
      expect(new Set(numbers).size).toBe(users);
      expect(Math.min(...numbers)).toBe(1);
      expect(Math.max(...numbers)).toBe(users);
    }
  });
});

test('ids are GUIDs of version 4 and differ over kinds, numbers and seeds', () => {
  const ids = new Set<string>();
  for (let n = 0; n < 20_000; n += 1) {
    ids.add(idOf(1, 'user', n));
    ids.add(idOf(1, 'group', n));
    ids.add(idOf(2, 'user', n));
  }
  expect(ids.size).toBe(60_000);
  for (const id of [...ids].slice(0, 1_000)) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

test('100,000 users, 25,000 groups and a million links take less than 10 s', () => {
  let objects = 0;
  let links = 0;
  const target: SeedTarget = {
    tenantId: 't',
    now: NOW,
    setDomains: () => undefined,
    setDisplayName: () => undefined,
    addObject: () => {
      objects += 1;
    },
    addLink: () => {
      links += 1;
    },
    finish: () => undefined,
  };
  const started = performance.now();
  const counts = seedTenant(target, { users: 100_000, groups: 25_000 });
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(objects).toBeGreaterThan(125_000);
  expect(links).toBe(counts.links);
  expect(links).toBeGreaterThan(1_000_000);
});

/** Checks names and values of an object or complex value against its CSDL type. */
function expectTyped(value: JsonObject, typeName: string, path: string): void {
  const known = propertiesOf(typeName);
  for (const [name, part] of Object.entries(value)) {
    if (name.includes('@odata.') || name === 'customSecurityAttributes') continue;
    const type = known.get(name);
    if (!type) throw new Error(`${path}: ${typeName} has no property ${name}`);
    if (part === null) continue;
    expect([path, name, Array.isArray(part)]).toEqual([path, name, type.collection]);
    const items = Array.isArray(part) ? (part as JsonValue[]) : [part];
    for (const item of items) expectValue(item, type.name, `${path}/${name}`);
  }
}

function expectValue(value: JsonValue, typeName: string, path: string): void {
  const members = enumMembers(typeName);
  if (members) {
    for (const part of String(value).split(',')) expect(members).toContain(part);
    return;
  }
  if (typeName.startsWith('microsoft.graph.')) {
    const derived = (value as JsonObject)['@odata.type'];
    expectTyped(value as JsonObject, String(derived ?? typeName).replace('#', ''), path);
    return;
  }
  const expected = { 'Edm.Boolean': 'boolean', 'Edm.Int32': 'number' }[typeName] ?? 'string';
  expect([path, typeof value]).toEqual([path, expected]);
  if (typeName === 'Edm.DateTimeOffset') expect(String(value)).toMatch(/^\d{4}-.*Z$/);
}
