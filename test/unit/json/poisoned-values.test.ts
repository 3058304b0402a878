import { describe, expect, it } from 'vitest';
import { canonicalText, contentHash } from '../../../shared/json/canonical-text.ts';
import { isJsonObject } from '../../../shared/json/json-value.ts';
import { parseJson } from '../../../shared/json/parse-json.ts';

const rules = {
  volatile: new Set<string>(),
  unordered: new Set<string>(),
  dropEmptyTopLevel: false,
};

/** Values and names of failure-model 2.5 as JSON text of one member. */
const poison: [string, string][] = [
  ['NUL', String.raw`"v":"a\u0000b"`],
  ['high surrogate alone', String.raw`"v":"a\ud800b"`],
  ['low surrogate alone', String.raw`"v":"a\udc00b"`],
  ['surrogates the wrong way round', String.raw`"v":"\udc00\ud800"`],
  ['U+FFFE', '"v":"\ufffe"'],
  ['byte order mark', '"v":"\ufeff"'],
  ['right-to-left override', '"v":"\u202egnp.exe"'],
  ['composed', '"v":"\u00e9"'],
  ['decomposed', '"v":"e\u0301"'],
  ['emoji', '"v":"\u{1f469}\u200d\u{1f680}"'],
  ['1 MiB', `"v":"${'x'.repeat(1_048_576)}"`],
  ['100,000 members', `"v":[${new Array<string>(100_000).fill('{"id":"m"}').join(',')}]`],
  ['20,000 values', `"v":{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":${i}`).join(',')}}`],
  ['__proto__', '"__proto__":"v"'],
  ['__proto__ object', '"__proto__":{"admin":true}'],
  ['constructor', '"constructor":{"prototype":{"admin":true}}'],
  ['prototype', '"prototype":1'],
  ['toString', '"toString":7,"valueOf":1'],
  ['hasOwnProperty', '"hasOwnProperty":false'],
  ['2^53+1', '"v":9007199254740993'],
  ['1e400', '"v":1e400'],
  ['-0', '"v":-0'],
  ['1.00', '"v":1.00'],
  ['empty name', '"":"v"'],
  ['name with dots', '"a.b.c":"v"'],
  ['dollar', '"$":"v","$ref":"x"'],
  ['annotation as value', '"v":"@odata.type"'],
  ['year 1', '"v":"0001-01-01T00:00:00Z"'],
  ['year 9999', '"v":"9999-12-31T23:59:59.9999999Z"'],
  ['leap second', '"v":"2016-12-31T23:59:60Z"'],
  ['SQL', `"v":"'; DROP TABLE object; --"`],
  ['wildcards', String.raw`"v":"%_\\"`],
  ['formula =', '"v":"=cmd|\' /C calc\'!A0"'],
  ['formula +', '"v":"+1+1"'],
  ['formula -', '"v":"-1+1"'],
  ['formula @', '"v":"@SUM(1)"'],
  ['tab first', String.raw`"v":"\tx"`],
  ['CR first', String.raw`"v":"\rx"`],
  ['script', '"v":"<script>alert(1)</script>"'],
  ['javascript:', '"v":"javascript:alert(1)"'],
  ['ANSI', String.raw`"v":"\u001b[31mred"`],
  ['CRLF', String.raw`"v":"a\r\nINFO forged"`],
  ['path', '"v":"../../etc/passwd"'],
  ['long UPN', `"v":"${'u'.repeat(5_000)}@contoso.example"`],
  ['case', '"v":"A","V":"a"'],
  ['line separators', '"v":"\u2028\u2029"'],
];

describe('poisoned data', () => {
  it('is at least 40 named values', () => {
    expect(poison.length).toBeGreaterThanOrEqual(40);
  });

  it.each(poison)('%s keeps its text and hash through parse, text and parse', (_name, member) => {
    const source = parseJson(`{"id":"x",${member}}`);
    if (!isJsonObject(source)) throw new Error('not an object');
    const text = canonicalText(source, rules);
    const again = parseJson(Buffer.from(text, 'utf8'));
    if (!isJsonObject(again)) throw new Error('not an object');
    const second = canonicalText(again, rules);
    expect(second === text).toBe(true);
    expect(contentHash(second)).toEqual(contentHash(text));
    expect(text.isWellFormed()).toBe(true);
    expect(JSON.parse(text)).toEqual(JSON.parse(`{"id":"x",${member}}`));
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});
