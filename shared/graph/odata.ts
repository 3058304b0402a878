import { BackupError } from '../errors/backup-error.ts';

/**
 * Text of a Graph path or of a filter with values put in safely: quotes are doubled (a value cannot
 * leave its literal) and the value is percent-encoded (a value cannot leave its segment).
 *
 *     odata`/users/${id}/manager`      odata`/groups(uniqueName='${name}')`
 */
export function odata(texts: TemplateStringsArray, ...values: (string | number)[]): string {
  let text = texts[0] ?? '';
  values.forEach((value, index) => {
    text += segment(value) + (texts[index + 1] ?? '');
  });
  return text;
}

/**
 * The same for values of `query`, which the client encodes itself: quotes are doubled only.
 *
 *     query: { $filter: odataFilter`displayName eq '${name}'` }
 */
export function odataFilter(texts: TemplateStringsArray, ...values: (string | number)[]): string {
  let text = texts[0] ?? '';
  values.forEach((value, index) => {
    text += doubleQuotes(value) + (texts[index + 1] ?? '');
  });
  return text;
}

function segment(value: string | number): string {
  const text = doubleQuotes(value);
  if (text === '' || text === '.' || text === '..') {
    throw new BackupError('invalidState', 'an empty or relative segment was put into a graph path');
  }
  return encodeURIComponent(text);
}

function doubleQuotes(value: string | number): string {
  return String(value).toWellFormed().replaceAll("'", "''");
}
