// Walks over JSON as bytes, without building it: the records of a log are kept exactly as they were sent
// and only a few of their members are looked at. Checks the grammar on the way, so that a record cut
// off or garbled is found here and not by whoever reads the log years later.
import { BackupError } from '../errors/backup-error.ts';

/** Deepest nesting of arrays and objects that is accepted. */
const MAX_DEPTH = 64;

const [tab, lineFeed, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20];
const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Called with the place of a value; answers the place behind it. */
export type ValueVisitor = (valueAt: number) => number;
/** Called with the bytes of a name (between the quotes) and the place of its value. */
export type MemberVisitor = (nameStart: number, nameEnd: number, valueAt: number) => number;

/** Place of the next byte that is no white space. */
export function skipSpace(bytes: Buffer, at: number): number {
  let next = at;
  for (;;) {
    const byte = bytes[next];
    if (byte !== space && byte !== lineFeed && byte !== carriageReturn && byte !== tab) return next;
    next += 1;
  }
}

/** Place behind the value that begins at `at`. Throws graphBadAnswer when it is no JSON. */
export function skipValue(bytes: Buffer, at: number, depth = 0): number {
  const byte = bytes[at];
  if (byte === quote) return skipString(bytes, at);
  if (byte === openBrace) {
    return eachMember(
      bytes,
      at,
      (_start, _end, value) => skipValue(bytes, value, depth + 1),
      depth,
    );
  }
  if (byte === openBracket) {
    return eachElement(bytes, at, (value) => skipValue(bytes, value, depth + 1), depth);
  }
  return skipScalar(bytes, at);
}

/** Visits the members of the object at `at`; answers the place behind it. */
export function eachMember(bytes: Buffer, at: number, visit: MemberVisitor, depth = 0): number {
  if (bytes[at] !== openBrace) throw wrong('no object', at);
  if (depth > MAX_DEPTH) throw wrong('too deep', at);
  let next = skipSpace(bytes, at + 1);
  if (bytes[next] === closeBrace) return next + 1;
  for (;;) {
    if (bytes[next] !== quote) throw wrong('no name', next);
    const nameEnd = skipString(bytes, next);
    const separator = skipSpace(bytes, nameEnd);
    if (bytes[separator] !== colon) throw wrong('no colon', separator);
    const value = skipSpace(bytes, separator + 1);
    const end = skipSpace(bytes, visit(next + 1, nameEnd - 1, value));
    if (bytes[end] === closeBrace) return end + 1;
    if (bytes[end] !== comma) throw wrong('no comma', end);
    next = skipSpace(bytes, end + 1);
  }
}

/** Visits the elements of the array at `at`; answers the place behind it. */
export function eachElement(bytes: Buffer, at: number, visit: ValueVisitor, depth = 0): number {
  if (bytes[at] !== openBracket) throw wrong('no array', at);
  if (depth > MAX_DEPTH) throw wrong('too deep', at);
  let next = skipSpace(bytes, at + 1);
  if (bytes[next] === closeBracket) return next + 1;
  for (;;) {
    const end = skipSpace(bytes, visit(next));
    if (bytes[end] === closeBracket) return end + 1;
    if (bytes[end] !== comma) throw wrong('no comma', end);
    next = skipSpace(bytes, end + 1);
  }
}

/** The string at `at`, or undefined when another value is there. */
export function stringAt(bytes: Buffer, at: number): string | undefined {
  if (bytes[at] !== quote) return undefined;
  const text = bytes.toString('utf8', at, skipString(bytes, at));
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
}

function skipString(bytes: Buffer, at: number): number {
  for (let next = at + 1; next < bytes.length; next += 1) {
    const byte = bytes[next];
    if (byte === quote) return next + 1;
    if (byte === backslash) next = skipEscape(bytes, next + 1);
    else if (byte !== undefined && byte < space) throw wrong('control character', next);
  }
  throw wrong('string without end', at);
}

const escapes = new Set([...'"\\/bfnrt'].map((character) => character.charCodeAt(0)));
const [letterU, hexDigits] = [0x75, /^[0-9a-fA-F]{4}$/];

/** Place of the last byte of an escape whose letter stands at `at`. */
function skipEscape(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  if (escapes.has(byte)) return at;
  if (byte === letterU && hexDigits.test(bytes.toString('latin1', at + 1, at + 5))) return at + 4;
  throw wrong('wrong escape', at);
}

const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** Numbers, true, false and null: whatever stands up to the next delimiter has to be one of them. */
function skipScalar(bytes: Buffer, at: number): number {
  let end = at;
  while (end < bytes.length && !isDelimiter(bytes[end])) end += 1;
  if (!scalar.test(bytes.toString('latin1', at, end))) throw wrong('no value', at);
  return end;
}

function isDelimiter(byte: number | undefined): boolean {
  return (
    byte === comma ||
    byte === closeBrace ||
    byte === closeBracket ||
    byte === space ||
    byte === lineFeed ||
    byte === carriageReturn ||
    byte === tab
  );
}

function wrong(what: string, at: number): BackupError {
  return new BackupError('graphBadAnswer', `the answer is no json: ${what}`, {
    details: { defect: 'json', at },
  });
}
