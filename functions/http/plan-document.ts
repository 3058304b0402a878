import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/json/json-value.ts';
import { writeJson } from '../../shared/json/write-json.ts';

export type DocumentFormat = 'json' | 'csv' | 'html';

const columns = [
  'no',
  'kind',
  'type',
  'id',
  'name',
  'relationship',
  'targets',
  'properties',
] as const;
type Line = Readonly<Record<(typeof columns)[number], string>>;

export const contentTypes: Readonly<Record<DocumentFormat, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
};

/** A whole plan, steps and notes, as one document. */
export function planDocument(
  format: DocumentFormat,
  plan: JsonObject,
  steps: readonly JsonObject[],
  notes: readonly JsonObject[],
): string {
  if (format === 'json') return writeJson({ plan, steps: [...steps], notes: [...notes] });
  const lines = [...steps, ...notes].map(lineOf);
  return format === 'csv' ? csv(lines) : html(plan, lines);
}

function lineOf(item: JsonObject): Line {
  const object = isJsonObject(item['object']) ? item['object'] : {};
  return {
    no: text(item['no']),
    kind: text(item['kind']),
    type: text(object['type']),
    id: text(object['id']),
    name: text(object['displayName']),
    relationship: text(item['relationship']),
    targets: listed(item['targets'], 'id'),
    properties:
      listed(item['properties'], 'name') || text(item['property']) || text(item['detail']),
  };
}

function text(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : writeJson(value);
}

function listed(value: JsonValue | undefined, member: string): string {
  if (!Array.isArray(value)) return '';
  return value.map((each) => (isJsonObject(each) ? text(each[member]) : '')).join(' ');
}

/** RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe. */
function csv(lines: readonly Line[]): string {
  const cell = (value: string): string => {
    const inert = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return `"${inert.replaceAll('"', '""')}"`;
  };
  const rows = lines.map((line) => columns.map((column) => cell(line[column])).join(','));
  return `${[columns.join(','), ...rows].join('\r\n')}\r\n`;
}

function html(plan: JsonObject, lines: readonly Line[]): string {
  const row = (cells: readonly string[], tag: 'td' | 'th'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const body = lines
    .map((line) =>
      row(
        columns.map((column) => line[column]),
        'td',
      ),
    )
    .join('\n');
  const title = `Restore plan ${escaped(text(plan['id']))}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body>
<h1>${title}</h1><p>Point ${escaped(text(plan['restorePoint']))}, hash ${escaped(text(plan['planHash']))}</p>
<table>${row(columns, 'th')}
${body}
</table></body></html>
`;
}

function escaped(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
