import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectType } from '../../../shared/catalog/object-type.ts';
import { compareObject, type ObjectState } from '../../../shared/compare/compare-object.ts';
import {
  compareProperties,
  type PropertyRules,
} from '../../../shared/compare/compare-properties.ts';
import { currentIdOf, mentionedIds, rewriteIds } from '../../../shared/compare/rewrite-ids.ts';
import type { CanonicalRules } from '../../../shared/json/canonical-text.ts';
import type { JsonObject, JsonValue } from '../../../shared/json/json-value.ts';
import { parseJson } from '../../../shared/json/parse-json.ts';

const canonical: CanonicalRules = {
  volatile: new Set(['lastSeen']),
  unordered: new Set(['tags']),
  dropEmptyTopLevel: true,
};
const rules: PropertyRules = { canonical, ignored: new Set(['id']), identity: new Map() };
const all = new Set(['a', 'b', 'c', 'tags', 'list', 'rule']);
const oldId = '11111111-1111-4111-8111-111111111111';
const newId = '22222222-2222-4222-8222-222222222222';

const body = (value: unknown): JsonObject => parseJson(JSON.stringify(value)) as JsonObject;
const side = (value: unknown, captured: ReadonlySet<string> = all) => ({
  body: body(value),
  captured,
});

const seed = randomInt(2 ** 31);
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.uniqueArray(fc.string({ maxLength: 2 }), { maxLength: 3 }),
);
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'tags', 'list'), value);

describe('properties of two bodies', () => {
  it('differ by value, with the side that is empty left out', () => {
    const found = compareProperties(side({ a: 1, b: 'x', c: 2 }), side({ a: 1, c: 3 }), rules);
    expect(found).toEqual([
      { name: 'b', from: 'x' },
      { name: 'c', from: 2, to: 3 },
    ]);
  });

  it('show a property that was not read as not captured, never as cleared', () => {
    const found = compareProperties(side({ a: 'x' }), side({}, new Set(['b'])), rules);
    expect(found).toEqual([{ name: 'a', from: 'x', notCaptured: 'to' }]);
    const back = compareProperties(side({}, new Set(['b'])), side({ a: 'x' }), rules);
    expect(back).toEqual([{ name: 'a', to: 'x', notCaptured: 'from' }]);
    // captured and absent is empty
    expect(compareProperties(side({ a: 'x' }), side({}), rules)).toEqual([
      { name: 'a', from: 'x' },
    ]);
  });

  it('treat unordered arrays as sets and name the items', () => {
    expect(
      compareProperties(side({ tags: ['a', 'b'] }), side({ tags: ['b', 'a'] }), rules),
    ).toEqual([]);
    const [found] = compareProperties(
      side({ tags: ['a', 'b'] }),
      side({ tags: ['c', 'b'] }),
      rules,
    );
    expect(found).toMatchObject({ name: 'tags', added: ['c'], removed: ['a'] });
    expect(
      compareProperties(side({ list: ['a', 'b'] }), side({ list: ['b', 'a'] }), rules),
    ).toEqual([{ name: 'list', from: ['a', 'b'], to: ['b', 'a'] }]);
  });

  it('ignore the id, volatile properties and kinds of emptiness', () => {
    const from = side({ id: 'x', lastSeen: 1, tags: [], a: null });
    expect(compareProperties(from, side({ id: 'y', lastSeen: 2, b: {} }), rules)).toEqual([]);
  });

  it('keep numbers apart that JavaScript cannot tell apart', () => {
    const from = { body: parseJson('{"a":9007199254740993}') as JsonObject, captured: all };
    const to = { body: parseJson('{"a":9007199254740992}') as JsonObject, captured: all };
    expect(compareProperties(from, to, rules)).toHaveLength(1);
  });

  it('are equal when an id was replaced by the one the identity map names', () => {
    const mapped = { ...rules, identity: new Map([[oldId, newId]]) };
    const rule = (id: string): unknown => ({ rule: `user.objectId -in ["${id}"]`, tags: [id] });
    expect(compareProperties(side(rule(oldId)), side(rule(newId)), mapped)).toEqual([]);
    expect(compareProperties(side(rule(oldId)), side(rule(newId)), rules)).toHaveLength(2);
  });

  it(`are symmetric and empty for equal bodies (seed ${seed})`, () => {
    fc.assert(
      fc.property(object, object, (one, two) => {
        expect(compareProperties(side(one), side(one), rules)).toEqual([]);
        const there = compareProperties(side(one), side(two), rules);
        const back = compareProperties(side(two), side(one), rules);
        expect(back.map(({ name, from, to }) => [name, to, from])).toEqual(
          there.map(({ name, from, to }) => [name, from, to]),
        );
      }),
      { seed },
    );
  });
});

describe('ids', () => {
  it('are followed over several creations and end at a loop', () => {
    expect(
      currentIdOf(
        new Map([
          ['a', 'b'],
          ['b', 'c'],
        ]),
        'a',
      ),
    ).toBe('c');
    expect(
      currentIdOf(
        new Map([
          ['a', 'b'],
          ['b', 'a'],
        ]),
        'a',
      ),
    ).toBe('b');
  });

  it('are found and rewritten at any depth without touching the original', () => {
    const original = body({ list: [{ target: oldId.toUpperCase() }], other: 'text' });
    const changed = rewriteIds(original, new Map([[oldId, newId]]));
    expect(changed).toEqual({ list: [{ target: newId }], other: 'text' });
    expect(original).toEqual({ list: [{ target: oldId.toUpperCase() }], other: 'text' });
    expect([...mentionedIds(original)]).toEqual([oldId]);
  });
});

describe('an object', () => {
  const type = {
    name: 'unit',
    facets: [{ name: 'attributes', select: [], permissions: { read: [], restore: [] } }],
    children: [{ name: 'role' }],
    restore: { readOnly: ['createdDateTime'] },
  } as unknown as ObjectType;
  const state = (id: string, own: unknown, attributes: unknown, roles: unknown[]): ObjectState => ({
    id,
    body: body(own),
    facets: new Map(attributes === undefined ? [] : [['attributes', body(attributes)]]),
    children: roles.map((role, index) => ({
      type: 'role',
      id: `${id}-${index}`,
      body: body(role),
    })),
  });
  const captured = { from: () => all, to: () => all };
  const plainRules = (): CanonicalRules => canonical;

  it('that was created again shows neither its new id nor what the service set', () => {
    const from = state(oldId, { id: oldId, createdDateTime: '1', a: 1 }, undefined, [{ a: oldId }]);
    const to = state(newId, { id: newId, createdDateTime: '2', a: 1 }, undefined, [{ a: newId }]);
    const sides = { from, to, captured };
    expect(compareObject(type, sides, plainRules, new Map([[oldId, newId]]))).toEqual({
      properties: [],
      parts: [],
    });
  });

  it('shows facets and children with it', () => {
    const from = state(oldId, { a: 1 }, { a: 1 }, [{ a: 1 }, { a: 2 }]);
    const to = state(oldId, { a: 1 }, { a: 2 }, [{ a: 1 }]);
    const found = compareObject(type, { from, to, captured }, plainRules, new Map());
    expect(found).toEqual({
      properties: [],
      parts: [
        {
          type: 'facet:attributes',
          change: 'modified',
          properties: [{ name: 'a', from: 1, to: 2 }],
        },
        { type: 'role', id: `${oldId}-1`, change: 'removed', properties: [{ name: 'a', from: 2 }] },
      ],
    });
  });

  it('whose facet was not read on one side does not show it as cleared', () => {
    const unread = {
      from: () => all,
      to: (part: string) => (part === 'unit' ? all : new Set<string>()),
    };
    const from = state(oldId, {}, { a: 1 }, []);
    const to = state(oldId, {}, undefined, []);
    const found = compareObject(type, { from, to, captured: unread }, plainRules, new Map());
    expect(found.parts[0]?.properties).toEqual([{ name: 'a', from: 1, notCaptured: 'to' }]);
  });
});
