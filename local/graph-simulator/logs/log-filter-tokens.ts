// Words, texts and symbols of a `$filter` of the logs.
import { GraphFailure } from '../errors.ts';

export function invalidFilter(): GraphFailure {
  return new GraphFailure(400, 'BadRequest', 'Invalid filter clause');
}

export type Token = {
  readonly kind: 'word' | 'text' | 'symbol' | 'variable';
  readonly text: string;
};

export function tokenize(text: string): Token[] {
  const pattern = /\s*(?:'((?:[^']|'')*)'|([(),])|(\w+)\s*:(?=\s*\3\b)|([^\s'(),]+))/gy;
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    end = match.index + match[0].length;
    const [, quoted, symbol, variable, word] = match;
    if (quoted !== undefined) {
      tokens.push({ kind: 'text', text: quoted.replaceAll("''", "'") });
    } else if (symbol !== undefined) {
      tokens.push({ kind: 'symbol', text: symbol });
    } else if (variable !== undefined) {
      tokens.push({ kind: 'variable', text: variable });
    } else if (word !== undefined) {
      tokens.push({ kind: 'word', text: word });
    }
  }
  if (text.slice(end).trim() !== '') {
    throw invalidFilter();
  }
  return tokens;
}
