// Values that are legal in a directory and break careless code. Every tenant seeded with `nasty`
// has them in display names, job titles and descriptions.
import type { JsonObject, JsonValue } from '../types.ts';

/** Display names. Escapes keep this file readable and its bytes plain. */
export const nastyNames: readonly [string, ...string[]] = [
  'User "double" and \'single\' quotes',
  'A&B #1 100% ?x=y+z',
  "'; DROP TABLE object; --",
  "=cmd|'/C calc'!A0",
  '+1 plus first',
  '-1 minus first',
  '@at first',
  '\ttab first',
  '\rreturn first',
  'line one\r\nline two',
  'right to left \u202Eelif',
  '\u0645\u0633\u062A\u062E\u062F\u0645 1',
  '\u7528\u6237 \u30E6\u30FC\u30B6\u30FC \uC0AC\uC6A9\uC790',
  'family \u{1F469}\u200D\u{1F469}\u200D\u{1F467} of one glyph',
  'composed \u00E9',
  'decomposed e\u0301',
  'sharp \u00DF and dotted \u0130',
  'high surrogate alone \uD83D',
  'low surrogate alone \uDE00',
  'null \u0000 inside',
  '\uFEFFbyte order mark first',
  'not a character \uFFFE',
  'escape \u001B[31m red',
  '<script>alert(1)</script>',
  'javascript:alert(1)',
  '../../etc/passwd',
  'C:\\temp\\%TEMP%\\_',
  '__proto__',
  'constructor',
  ' spaces around ',
  'a'.repeat(256),
  '\u{1F600}'.repeat(64),
];

/** 64 KB in which every 1,024th character is not ASCII. */
export const longDescription = `${'x'.repeat(1_023)}\u00FC`.repeat(64);

/** Attribute values whose names are those of object members. */
export const nastyAttributes: JsonObject = Object.fromEntries<JsonValue>([
  ['@odata.type', '#microsoft.graph.customSecurityAttributeValue'],
  ['__proto__', 'a value, not a prototype'],
  ['constructor', true],
  ['hasOwnProperty@odata.type', '#Int32'],
  ['hasOwnProperty', 2_147_483_647],
  ['toString@odata.type', '#Collection(String)'],
  ['toString', ['b', 'a', 'b']],
]);
