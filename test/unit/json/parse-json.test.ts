import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBackupError } from '../../../shared/errors/backup-error.ts';
import { parseExactly } from '../../../shared/json/exact-parser.ts';
import { isJsonObject, JsonNumber, type JsonValue } from '../../../shared/json/json-value.ts';
import { parseJson, parseJsonWithDefects } from '../../../shared/json/parse-json.ts';
import { writeJson } from '../../../shared/json/write-json.ts';
import { jsonText } from './support/json-arbitraries.ts';

/** The value as JSON.parse would have it. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.source);
  if (Array.isArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

/** By variable: the linter takes the literal for the accessor that these objects do not have. */
const proto = '__proto__';

describe('parseJson', () => {
  it('gives the same values as JSON.parse', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(plain(parseJson(text))).toEqual(plain(JSON.parse(text) as JsonValue));
      }),
      { numRuns: 3_000 },
    );
  });

  it('gives the same values by both of its ways, from text and from bytes', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const exact = parseExactly(text, 64);
        expect(exact.defects).toEqual([]);
        expect(parseJson(text)).toEqual(exact.value);
        expect(parseJson(Buffer.from(text))).toEqual(exact.value);
      }),
      { numRuns: 3_000 },
    );
  });

  it('keeps every number as it was written', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const tokens = (source: string): string[] =>
          source.replace(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?\d[\d.eE+-]*/g) ?? [];
        // A name such as "10" comes first in JavaScript, so members may change places.
        expect(tokens(writeJson(parseJson(text))).sort()).toEqual(tokens(text).sort());
      }),
      { numRuns: 3_000 },
    );
  });

  it.each(['1.0', '1.00', '1e400', '-0', '9007199254740993', '1E5', '0.10'])(
    'keeps %s in a JsonNumber',
    (source) => {
      expect(parseJson(source)).toEqual(new JsonNumber(source));
      expect(writeJson(parseJson(source))).toBe(source);
    },
  );

  it.each(['0', '-1', '1.5', '1e+21', '9007199254740991', '5e-324'])(
    'leaves %s a number',
    (source) => {
      expect(parseJson(source)).toBe(Number(source));
    },
  );

  it('has no inherited names: __proto__, constructor and the like are data', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":2,"toString":3,"x":{}}';
    const object = parseJson(text);
    if (!isJsonObject(object)) throw new Error('not an object');
    expect(Object.keys(object)).toEqual(['__proto__', 'constructor', 'toString', 'x']);
    expect(object[proto]).toEqual({ polluted: 1 });
    expect(object['hasOwnProperty']).toBeUndefined();
    const inner = object['x'];
    if (!isJsonObject(inner)) throw new Error('not an object');
    expect(inner[proto]).toBeUndefined();
    expect(inner['constructor']).toBeUndefined();
    inner[proto] = 'data';
    expect(Object.keys(inner)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['{"a":1,"a":1}', ['a']],
    ['{"a":1,"\\u0061":2}', ['a']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
    ['{"x":[{"b":{"c":1,"d":2,"c":3}}]}', ['x', 0, 'b', 'c']],
    ['{"a":{},"a":{"b":1}}', ['a']],
  ])('notices the repeated name in %s', (text, path) => {
    const { defects } = parseJsonWithDefects(text);
    expect(defects).toEqual([{ kind: 'duplicateKey', path }]);
    expect(() => parseJson(text)).toThrow('repeats a name');
  });

  it('notices any one repeated name in any object', () => {
    fc.assert(
      fc.property(jsonText, fc.string({ unit: 'binary', maxLength: 4 }), (text, name) => {
        const key = JSON.stringify(name);
        const { defects } = parseJsonWithDefects(`[${text},{${key}:${text},"other":1,${key}:2}]`);
        expect(defects).toEqual(
          name === 'other'
            ? [1, 2].map(() => ({ kind: 'duplicateKey', path: [1, name] }))
            : [{ kind: 'duplicateKey', path: [1, name] }],
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('goes as deep as the limit and no deeper, without recursion of its own', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(parseJsonWithDefects(nested(64)).defects).toEqual([]);
    expect(parseJsonWithDefects(nested(65)).defects).toMatchObject([{ kind: 'tooDeep' }]);
    expect(parseJsonWithDefects(nested(200_000)).defects).toMatchObject([{ kind: 'tooDeep' }]);
    expect(parseJsonWithDefects('{"a":{"b":{}}}', { depth: 2 }).defects).toEqual([
      { kind: 'tooDeep', path: ['a', 'b'] },
    ]);
    const beside = `{"deep":${nested(100)},"after":["]","\\"}"],"n":1.0}`;
    const { value } = parseJsonWithDefects(beside);
    expect(value).toMatchObject({ after: [']', '"}'], n: { source: '1.0' } });
  });

  it.each([
    '',
    ' ',
    '{',
    '{"a":1,}',
    '[1,]',
    "{'a':1}",
    'NaN',
    '01',
    '"\n"',
    '{"a" 1}',
    '1 2',
    '+1',
  ])('refuses %j and quotes nothing of it', (text) => {
    try {
      parseJson(text);
      expect.unreachable();
    } catch (error) {
      expect(isBackupError(error, 'graphBadAnswer')).toBe(true);
      expect((error as Error).message).toBe('the answer is not valid json');
      expect((error as Error).cause).toBeUndefined();
    }
  });

  it('refuses bytes that are not UTF-8 instead of replacing them', () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(() => parseJson(bytes)).toThrow('not valid utf-8');
  });

  it('accepts a byte order mark at the start and keeps one inside', () => {
    expect(parseJson(Buffer.from('\ufeff{"a":"\ufeff"}'))).toEqual({ a: '\ufeff' });
  });
});
