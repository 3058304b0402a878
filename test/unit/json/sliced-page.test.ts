import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBackupError } from '../../../shared/errors/backup-error.ts';
import { pickMembers } from '../../../shared/json/picked-members.ts';
import { slicePage } from '../../../shared/json/sliced-page.ts';

const seed = randomInt(2 ** 31);

/** JSON with white space, escapes and numbers as somebody else may write them. */
const record = fc
  .tuple(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.nat(3))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

function pageOf(records: readonly string[], link: string): string {
  return `{ "@odata.context" : "c", "value":[ ${records.join(' ,\n')} ],"@odata.nextLink":${JSON.stringify(link)}}`;
}

describe('a page cut into the bytes of its items', () => {
  test(`keeps each item byte for byte (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(record), fc.webUrl(), (records, link) => {
        const page = slicePage(Buffer.from(pageOf(records, link)));
        expect(page.items.map(String)).toEqual(records);
        expect(page.envelope['@odata.nextLink']).toBe(link);
      }),
      { seed },
    );
  });

  test(`is refused when a byte less or another byte makes it no JSON (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1 }),
        fc.nat(),
        fc.nat(255),
        (records, at, byte) => {
          const whole = Buffer.from(pageOf(records, 'https://graph.contoso.example/next'));
          expect(() => slicePage(whole.subarray(0, at % whole.length))).toThrow();
          const changed = Buffer.from(whole);
          changed[at % whole.length] = byte;
          let isJson = true;
          try {
            JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(changed));
          } catch {
            isJson = false;
          }
          if (!isJson) expect(() => slicePage(changed)).toThrow();
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  test.each([
    ['<html></html>'],
    ['[]'],
    ['{}'],
    ['{"value":{}}'],
    ['{"value":null}'],
    ['{"value":[1]}'],
    ['{"value":[],"value":[]}'],
    ['{"value":[]}x'],
    ['{"value":[{"a":01}]}'],
    ['{"value":[{"a":"\\x"}]}'],
    ['{"value":[{"a":"\u0001"}]}'],
    ['{"value":[{"a":tru}]}'],
    ['{"value":[{"a":1,}]}'],
    [`{"value":[{"a":${'['.repeat(200)}${']'.repeat(200)}}]}`],
    [''],
  ])('is never an empty page instead: %s', (text) => {
    try {
      slicePage(Buffer.from(text));
    } catch (error) {
      expect(isBackupError(error, 'graphBadAnswer')).toBe(true);
      return;
    }
    expect.unreachable('the page was taken');
  });

  test('that is not UTF-8 is refused', () => {
    expect(() => slicePage(Buffer.from('{"value":[{"a":"\xff"}]}', 'latin1'))).toThrow(/utf-8/);
  });
});

test('wanted members are found at any depth, through lists, with escapes, and nothing else', () => {
  const bytes = Buffer.from(
    `{"id":"1","x":{"id":"no"},"by":{"user":{"id":"u\\u00e4\\"","ip":null},"app":null},
      "targets":[{"id":"t1","other":{"id":"no"}},{"id":"t2"},{"id":7}],"idx":"no"}`,
  );
  const wanted = {
    id: 'id',
    by: { user: { id: 'actor', ip: 'address' } },
    targets: { id: 'target' },
  };
  expect(Object.fromEntries(pickMembers(bytes, wanted))).toEqual({
    id: ['1'],
    actor: ['u\u00e4"'],
    target: ['t1', 't2'],
  });
});
