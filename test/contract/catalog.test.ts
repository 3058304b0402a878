import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import documented from '../../shared/catalog/data/documented-permissions.json' with {
  type: 'json',
};
import {
  canonicalRulesOf,
  captureOf,
  permissionLists,
  referenceSpace,
  restoreOrder,
} from '../../shared/catalog/derive.ts';
import { foreignSpaces, objectType, objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { nameForTargets, wellKnownName } from '../../shared/catalog/well-known.ts';
import { deltaTypes, graphPaths, graphPermissions, memberType, typeAt } from './graph-names.ts';

const types: readonly ObjectType[] = objectTypes;
const folder = new URL('../../shared/catalog/types/', import.meta.url);
const fileOf = (name: string): string =>
  `${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`;
const known = new Set([...types.map((type) => type.name), ...Object.keys(foreignSpaces)]);
const csdlName = (name: string): string => `microsoft.graph.${name}`;

/** The entry itself and the types derived from it. */
const familyOf = (type: ObjectType): string[] => [
  csdlName(type.name),
  ...(type.derivedTypes ?? []),
];
const hasProperty = (type: ObjectType, name: string): boolean =>
  familyOf(type).some((member) => memberType(member, name) !== undefined);

describe('the catalogue', () => {
  it('has one file per type and nothing else in the folder', () => {
    expect(readdirSync(folder).sort()).toEqual(types.map((type) => fileOf(type.name)).sort());
    expect(new Set(types.map((type) => type.name)).size).toBe(types.length);
  });

  it('restores in an order in which every `after` comes first', () => {
    const order = restoreOrder().map((type) => type.name);
    for (const type of types) {
      for (const name of type.restore.after) {
        expect(order.indexOf(name), `${name} before ${type.name}`).toBeLessThan(
          order.indexOf(type.name),
        );
      }
    }
    const [first, second] = types;
    const cycle = [
      { ...first, restore: { ...first?.restore, after: [second?.name] } },
      { ...second, restore: { ...second?.restore, after: [first?.name] } },
    ] as ObjectType[];
    expect(() => restoreOrder(cycle)).toThrow(/cycle/);
  });

  it('asks the reader for no permission that can write', () => {
    expect(
      permissionLists().read.filter((name) => /ReadWrite|DeleteRestore|Create/.test(name)),
    ).toEqual([]);
    expect(permissionLists().restore).toContain('User.ReadWrite.All');
  });

  it('has 40 properties of a user and more', () => {
    expect(objectType('user').select.length).toBeGreaterThanOrEqual(40);
  });
});

describe.each(types.map((type) => [type.name, type] as const))('%s', (name, type) => {
  const parts = [...type.links, ...type.children, ...type.facets];

  it('has a camel-case name and a short file that is plain data', () => {
    expect(name).toMatch(/^[a-z][A-Za-z]+$/);
    const text = readFileSync(new URL(fileOf(name), folder), 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThan(name === 'user' ? 80 : 60);
    expect(text).not.toMatch(/\bawait\b|\bfunction\b|process\./);
  });

  it('selects the id and only properties that the type has, each once', () => {
    expect(type.select).toContain('id');
    expect(new Set(type.select).size).toBe(type.select.length);
    expect(type.select.filter((property) => !hasProperty(type, property))).toEqual([]);
    for (const part of [...type.facets]) {
      expect(part.select.filter((property) => !hasProperty(type, property))).toEqual([]);
      expect(part.select).toContain('id');
    }
  });

  it('leaves out what Graph refuses in lists or counts under another quota', () => {
    // https://learn.microsoft.com/graph/known-issues, https://learn.microsoft.com/graph/api/group-get
    const refused =
      /^(aboutMe|birthday|hireDate|interests|mySite|pastProjects|preferredName|responsibilities|schools|skills|mailboxSettings|deviceEnrollmentLimit|print|signInActivity|customSecurityAttributes|allowExternalSenders|autoSubscribeNewMembers|hideFromAddressLists|hideFromOutlookClients|isSubscribedByMail|unseenCount)$/;
    expect(type.select.filter((property) => refused.test(property))).toEqual([]);
  });

  it('names only properties that exist in its rules', () => {
    const { required, createOnly, readOnly, naturalKey } = type.restore;
    const named = [
      ...[...required, ...createOnly, ...readOnly, ...naturalKey],
      ...[type.label, ...type.searchable],
      ...Object.keys(type.permissions.properties ?? {}),
    ];
    expect(named.filter((property) => !hasProperty(type, property))).toEqual([]);
    expect(readOnly.filter((property) => required.includes(property))).toEqual([]);
    expect(createOnly.filter((property) => readOnly.includes(property))).toEqual([]);
    const paths = [...type.unordered, ...type.volatile];
    const exists = (path: string): boolean =>
      familyOf(type).some((member) => typeAt(member, path) !== undefined);
    expect(paths.filter((path) => !exists(path))).toEqual([]);
  });

  it('reads paths that exist, by delta only where Graph has it', () => {
    const id = `${type.collection}/{id}`;
    const expected = [type.collection, id];
    for (const part of [...type.links, ...type.children]) expected.push(`${id}/${part.path}`);
    if (type.recycleBin) {
      expected.push(`/directory/deletedItems/${type.recycleBin.replace('microsoft.', '')}`);
    }
    expect(expected.filter((path) => !graphPaths.has(path))).toEqual([]);
    expect(type.changeTracking === 'delta').toBe(deltaTypes.has(csdlName(name)));
  });

  it('has links to known types, with a way back that exists', () => {
    for (const link of type.links) {
      expect(link.name).toBe(`${name}.${link.path}`);
      expect(link.targets.filter((target) => !known.has(target))).toEqual([]);
      const target = types.find((other) => link.targets.includes(other.name));
      expect(graphPaths, link.name).toContain(`${target?.collection}/{id}/${link.reverse?.path}`);
      expect(link.reverse?.sourceCast).toBe(csdlName(name));
    }
  });

  it('has references at places that exist, to known types', () => {
    for (const reference of type.references) {
      expect(reference.name).toBe(`${name}:${reference.path}`);
      expect(typeAt(csdlName(name), reference.path), reference.path).toBe('Edm.String');
      expect(reference.targets.filter((target) => !known.has(target))).toEqual([]);
      expect(referenceSpace(reference)).not.toBe('');
    }
    for (const child of type.children) {
      for (const reference of child.references) {
        expect(typeAt(csdlName(child.name), reference.path), reference.path).toBe('Edm.String');
        expect(reference.targets.filter((target) => !known.has(target))).toEqual([]);
      }
      const properties = [...child.select, ...child.create];
      expect(properties.filter((p) => !memberType(csdlName(child.name), p))).toEqual([]);
    }
  });

  it('asks for permissions that exist or carry a page of the documentation', () => {
    const needed = [type.permissions, ...parts.map((part) => part.permissions)]
      .concat(Object.values(type.permissions.properties ?? {}) as (typeof type.permissions)[])
      .flatMap((each) => [...(each.read ?? []), ...(each.restore ?? [])]);
    expect(needed).not.toEqual([]);
    const documentedNames = new Set(Object.keys(documented.permissions));
    const unknown = needed.filter((p) => !graphPermissions.has(p) && !documentedNames.has(p));
    expect(unknown).toEqual([]);
    expect(type.documentation).toMatch(/^https:\/\/learn\.microsoft\.com\/graph\//);
  });

  it('says what a re-creation loses', () => {
    expect(type.restore.lost.length).toBeGreaterThan(0);
    for (const sentence of type.restore.lost) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});

describe('what follows from an entry', () => {
  it('keeps one rules object per entry, because rules are compiled once', () => {
    for (const type of types) expect(canonicalRulesOf(type)).toBe(canonicalRulesOf(type));
  });

  it('drops empty members for types read by delta only', () => {
    expect(canonicalRulesOf(objectType('user')).dropEmptyTopLevel).toBe(true);
    expect(canonicalRulesOf(objectType('conditionalAccessPolicy')).dropEmptyTopLevel).toBe(false);
  });

  it('does not count a property as captured without its permission', () => {
    const user = objectType('user');
    const poor = captureOf(user, new Set(['User.Read.All']));
    expect(poor.missing).toEqual([
      { property: 'employeeLeaveDateTime', permission: 'User-LifeCycleInfo.Read.All' },
    ]);
    expect(poor.captured).not.toContain('employeeLeaveDateTime');
    expect(poor.select?.split(',')).not.toContain('employeeLeaveDateTime');
    const rich = captureOf(user, new Set(permissionLists().read));
    expect(rich.captured).toEqual(user.select);
  });

  it('sends no $select where Graph knows the derived types only', () => {
    const capture = captureOf(objectType('namedLocation'), new Set());
    expect(capture.select).toBeUndefined();
    expect(capture.captured).toContain('ipRanges');
  });

  it('names constants, role templates and first-party applications', () => {
    const policy = objectType('conditionalAccessPolicy');
    const at = (path: string) => {
      const found = policy.references.find((reference) => reference.path.endsWith(path));
      if (found === undefined) throw new Error(path);
      return found;
    };
    expect(wellKnownName(at('includeUsers[]'), 'All')).toBe('All');
    expect(wellKnownName(at('includeGroups[]'), 'All')).toBeUndefined();
    const administrators = '62e90394-69f5-4237-9190-012177145e10';
    expect(wellKnownName(at('excludeRoles[]'), administrators)).toBe('Global Administrator');
    const graph = '00000003-0000-0000-c000-000000000000';
    expect(nameForTargets(['application'], graph)).toBe('Microsoft Graph');
    expect(nameForTargets(['application'], 'constructor')).toBeUndefined();
  });

  it('keeps the data files small, sorted and with source and licence', () => {
    const data = new URL('../../shared/catalog/data/', import.meta.url);
    for (const file of readdirSync(data)) {
      const text = readFileSync(new URL(file, data), 'utf8');
      const content = JSON.parse(text) as { source: string; licence: string; names?: object };
      expect(content.source, file).toMatch(/^https:\/\/learn\.microsoft\.com\//);
      expect(content.licence, file).toMatch(/Microsoft/);
      expect(text.length, file).toBeLessThan(10_000);
    }
    expect(existsSync(new URL('role-templates.json', data))).toBe(true);
  });
});
