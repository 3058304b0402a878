const startsRegex = /(^|[(,=:[!&|?{};+\-*%~^<>]|\b(return|typeof|case|in|of|yield|await))\s*$/;

/** The text without comments; strings, templates and regular expressions stay as they are. */
export function codeOnly(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const end = skip(text, at, out);
    const piece = text.slice(at, end);
    out += isComment(text, at) ? (piece.includes('\n') ? '\n' : ' ') : piece;
    at = end;
  }
  return out;
}

function isComment(text: string, at: number): boolean {
  return text.startsWith('//', at) || text.startsWith('/*', at);
}

/** End of the comment, string or regular expression that begins at `at`, else the next character. */
function skip(text: string, at: number, before: string): number {
  const first = text[at];
  if (text.startsWith('//', at)) return endOr(text.indexOf('\n', at), text);
  if (text.startsWith('/*', at)) return endOr(text.indexOf('*/', at) + 2, text, 2);
  if (first === "'" || first === '"' || first === '`') return closing(text, at, first);
  if (first === '/' && startsRegex.test(before.slice(-20))) return closing(text, at, '/');
  return at + 1;
}

function endOr(found: number, text: string, missing = 0): number {
  return found < missing ? text.length : found;
}

/** Content and end of a literal: escapes skipped, classes of an expression taken as one. */
const literals: Readonly<Record<string, RegExp>> = {
  "'": /'(?:[^'\\\n]|\\.)*'?/sy,
  '"': /"(?:[^"\\\n]|\\.)*"?/sy,
  '`': /`(?:[^`\\]|\\.)*`?/sy,
  '/': /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])*\/?/sy,
};

function closing(text: string, from: number, quote: string): number {
  const literal = new RegExp(literals[quote] ?? '', 'sy');
  literal.lastIndex = from;
  return literal.test(text) ? literal.lastIndex : from + 1;
}
