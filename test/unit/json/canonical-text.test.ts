import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CanonicalRules,
  canonicalText,
  contentHash,
} from '../../../shared/json/canonical-text.ts';
import { isJsonObject, type JsonObject } from '../../../shared/json/json-value.ts';
import { parseJson } from '../../../shared/json/parse-json.ts';
import { jsonText, objectText } from './support/json-arbitraries.ts';

const noRules: CanonicalRules = {
  volatile: new Set(),
  unordered: new Set(),
  dropEmptyTopLevel: false,
};

function objectOf(text: string): JsonObject {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new Error('not an object');
  return value;
}

const canonical = (text: string, rules: Partial<CanonicalRules> = {}): string =>
  canonicalText(objectOf(text), { ...noRules, ...rules });

const rulesets: CanonicalRules[] = [
  noRules,
  { ...noRules, dropEmptyTopLevel: true },
  {
    volatile: new Set(['a', 'b.c']),
    unordered: new Set(['id', 'c[]', 'value']),
    dropEmptyTopLevel: true,
  },
];

describe('canonical text', () => {
  it('is the same after it has been parsed and written again', () => {
    fc.assert(
      fc.property(objectText(jsonText), fc.constantFrom(...rulesets), (text, rules) => {
        const once = canonicalText(objectOf(text), rules);
        expect(canonicalText(objectOf(once), rules)).toBe(once);
      }),
      { numRuns: 3_000 },
    );
  });

  it('does not depend on the order of members', () => {
    const members = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 4 }), jsonText), {
      selector: ([name]) => name,
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        members.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          const write = (all: readonly (readonly [string, string])[]): string =>
            `{${all.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
          expect(canonical(write(shuffled))).toBe(canonical(write(list)));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on the order of arrays that are named unordered, and on no others', () => {
    const rules = { ...noRules, unordered: new Set(['list', 'deep.inner[]']) };
    fc.assert(
      fc.property(
        fc
          .array(jsonText, { maxLength: 6 })
          .chain((list) =>
            fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
          ),
        ([list, shuffled]) => {
          for (const [before, after] of [
            ['{"list":[', ']}'],
            ['{"deep":{"inner":[', ']}}'],
          ]) {
            expect(canonical(`${before}${shuffled.join(',')}${after}`, rules)).toBe(
              canonical(`${before}${list.join(',')}${after}`, rules),
            );
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(canonical('{"other":[2,1],"list":[2,1]}', rules)).toBe('{"list":[1,2],"other":[2,1]}');
  });

  it('reads the same after a null member was added or left out, at any depth', () => {
    expect(canonical('{"b":{"x":null,"y":1},"a":null}')).toBe('{"b":{"y":1}}');
    expect(canonical('{"a":[null,{"b":null}]}')).toBe('{"a":[null,{}]}');
  });

  it('sorts names by code unit', () => {
    const text = '{"\u{1f600}":1,"\uffff":2,"é":3,"z":4,"Z":5,"10":6,"9":7,"":8}';
    expect(canonical(text)).toBe('{"":8,"10":6,"9":7,"Z":5,"z":4,"é":3,"\u{1f600}":1,"\uffff":2}');
  });

  it('leaves out annotations at any depth, but keeps the type of a derived object', () => {
    const text = `{"@odata.context":"c","@odata.etag":"e","members@odata.context":"m",
      "@microsoft.graph.tips":"t","@odata.type":"#microsoft.graph.ipNamedLocation","name":"n",
      "list":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","@odata.id":"i","a@odata.type":"x"}]}`;
    expect(canonical(text, { baseType: 'microsoft.graph.namedLocation' })).toBe(
      '{"@odata.type":"#microsoft.graph.ipNamedLocation",' +
        '"list":[{"@odata.type":"#microsoft.graph.iPv4CidrRange"}],"name":"n"}',
    );
  });

  it('leaves out the type that the collection has anyway, so that list and delta agree', () => {
    const rules = { baseType: 'microsoft.graph.user', dropEmptyTopLevel: true };
    const list = '{"id":"a","businessPhones":[],"displayName":"n","mail":null}';
    const delta = '{"displayName":"n","@odata.type":"#microsoft.graph.User","id":"a"}';
    expect(canonical(delta, rules)).toBe(canonical(list, rules));
    expect(canonical('{"x":{"@odata.type":"#microsoft.graph.user"}}', rules)).toContain('@odata');
  });

  it('leaves out volatile properties by name and by path', () => {
    const volatile = new Set(['modified', 'settings.seen', 'list[].seen']);
    const text = '{"modified":1,"settings":{"seen":1,"modified":2},"list":[{"seen":1,"a":1}]}';
    expect(canonical(text, { volatile })).toBe('{"list":[{"a":1}],"settings":{"modified":2}}');
  });

  it('drops empty lists and objects at the top of delta-tracked types only', () => {
    const text = '{"a":[],"b":{},"c":{"d":null},"e":{"f":[]},"g":[[]]}';
    expect(canonical(text, { dropEmptyTopLevel: true })).toBe('{"e":{"f":[]},"g":[[]]}');
    expect(canonical(text)).toBe('{"a":[],"b":{},"c":{},"e":{"f":[]},"g":[[]]}');
  });

  it('writes strings in one way and numbers as they were sent', () => {
    const escaped = '{"s":"\\u0041\\/\\u00e9\\ud83d\\ude00\\ud800\\u0000\\n","n":[1.00,1e400,-0]}';
    expect(canonical(escaped)).toBe('{"n":[1.00,1e400,-0],"s":"A/é\u{1f600}\\ud800\\u0000\\n"}');
  });

  it('keeps hostile names as data', () => {
    expect(canonical('{"toString":1,"__proto__":{"constructor":2}}')).toBe(
      '{"__proto__":{"constructor":2},"toString":1}',
    );
  });

  it('stays right when objects of many shapes follow each other under the same rules', () => {
    const rules = { ...noRules };
    const subsets = fc.array(fc.subarray(['f', 'e', 'd', 'c', 'b', 'a', 'h', 'g']), {
      minLength: 20,
      maxLength: 60,
    });
    fc.assert(
      fc.property(subsets, (shapes) => {
        for (const names of shapes) {
          const text = `{${names.map((name) => `"${name}":"${name}"`).join(',')}}`;
          const sorted = [...names].sort().map((name) => `"${name}":"${name}"`);
          expect(canonicalText(objectOf(text), rules)).toBe(`{${sorted.join(',')}}`);
        }
      }),
    );
  });

  it('hashes as SHA-256 of its UTF-8 bytes', () => {
    const text = canonical('{"a":"é\u{1f600}"}');
    expect(contentHash(text)).toEqual(createHash('sha256').update(text, 'utf8').digest());
    expect(contentHash(text)).toHaveLength(32);
  });
});
