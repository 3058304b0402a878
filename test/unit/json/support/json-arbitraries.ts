import fc from 'fast-check';

/** Names that hurt: prototypes, annotations, empty, with quotes, not ASCII, lone surrogates. */
const names = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'a',
    'b',
    'c',
    'id',
    '',
    'a.b',
    '$',
    '0',
    '10',
    '2',
    'é',
    '\u{1f600}',
    '\ud800',
    'x"y',
    'x\\y',
    'value',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

const numberTexts = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '-0',
    '0',
    '1.0',
    '1.00',
    '1e400',
    '-1E5',
    '1e5',
    '9007199254740993',
    '0.1',
    '1e-7',
    '1E+2',
    '123456789012345678901234567890',
    '0.10',
    '5e-324',
    '-0.0',
  ),
);

const strings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '"', '\\', '\\"', '\u0000', '\ud800', '\udfff\ud800', '\ufeff', ' 1.0 '),
);

/** Text of any JSON value, with white space in odd places and names in any order. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false', ' null ', '\n[]\t', '{ }'),
    numberTexts,
    strings.map((text) => JSON.stringify(text)),
    fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join(' ,')}]`),
    objectText(tie('value')),
  ),
})).value;

export function objectText(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .uniqueArray(fc.tuple(names, value), { selector: ([name]) => name, maxLength: 6 })
    .map((members) => {
      const texts = members.map(([name, text]) => `${JSON.stringify(name)} : ${text}`);
      return `{${texts.join(',\r\n')}}`;
    });
}
