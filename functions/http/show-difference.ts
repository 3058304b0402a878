import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import type { Reference } from '../../shared/model/reference.ts';
import type { Comparison } from '../../shared/repository/comparisons.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import {
  type DifferenceLinkRow,
  type DifferenceRow,
  listDifferenceLinks,
} from '../../shared/repository/differences.ts';
import { nameValues } from './difference-references.ts';
import { namedReferences } from './named-references.ts';
import { referenceBody } from './schemas.ts';

/** Links shown with a difference; `linkCount` says how many there are. */
export const linksShown = 1_000;

const change = z.enum(['added', 'removed', 'modified']);
const property = z.object({
  name: z.string(),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
  notCaptured: z.enum(['from', 'to']).optional().meta({
    description: 'The side on which the property was not read: nothing is known of its value',
  }),
  added: z.array(z.unknown()).optional(),
  removed: z.array(z.unknown()).optional(),
  references: z.array(referenceBody).optional().meta({
    description: 'What the ids and constants inside the values stand for',
  }),
});

export const differenceBody = z
  .object({
    id: z.string(),
    object: referenceBody,
    change,
    properties: z.array(property),
    links: z.array(
      z.object({ relationship: z.string(), target: referenceBody, change: z.string() }),
    ),
    linkCount: z.number(),
    parts: z.array(
      z.object({
        type: z.string(),
        id: z.string().optional(),
        change,
        properties: z.array(property),
      }),
    ),
  })
  .meta({ id: 'Difference' });

/** Differences with names beside ids: of the point that has them, else of the newest that knew them. */
export async function showDifferences(
  tx: Transaction,
  comparison: Comparison,
  rows: readonly DifferenceRow[],
  withValues: boolean,
): Promise<JsonObject[]> {
  const numbers = rows.map((row) => row.no);
  const links = await listDifferenceLinks(tx, comparison.id, numbers, linksShown);
  const sides = await referencesOf(tx, comparison, rows, links);
  const linksOf = Map.groupBy(links, (link) => link.no);
  const details = rows.map((row) => ({ type: row.type, detail: detailOf(row, withValues) }));
  if (withValues) await nameValues(tx, details, comparison.toPoint ?? 0);
  return rows.map((row, index) => {
    const reference =
      row.toKey === null ? sides.from.get(row.fromKey ?? 0) : sides.to.get(row.toKey);
    return {
      id: String(row.no),
      object: referenceJson(reference),
      change: row.change,
      ...details[index]?.detail,
      links: (linksOf.get(row.no) ?? []).map((link) => ({
        relationship: link.relationship,
        target: referenceJson((link.change === 'removed' ? sides.from : sides.to).get(link.target)),
        change: link.change,
      })),
      linkCount: row.linkCount,
    };
  });
}

async function referencesOf(
  tx: Transaction,
  comparison: Comparison,
  rows: readonly DifferenceRow[],
  links: readonly DifferenceLinkRow[],
) {
  const targets = (wanted: string): number[] =>
    links.filter((link) => link.change === wanted).map((link) => link.target);
  const gone = rows.flatMap((row) => (row.toKey === null ? (row.fromKey ?? []) : []));
  const there = rows.flatMap((row) => row.toKey ?? []);
  const { fromPoint = 0, toPoint = 0 } = comparison;
  return {
    from: await namedReferences(tx, [...gone, ...targets('removed')], fromPoint),
    to: await namedReferences(tx, [...there, ...targets('added')], toPoint),
  };
}

function referenceJson(reference: Reference | undefined): JsonValue {
  return reference === undefined ? null : { ...reference };
}

function detailOf(row: DifferenceRow, withValues: boolean): JsonObject {
  const detail = row.detail === null ? null : parseJson(row.detail);
  if (!isJsonObject(detail)) return { properties: [], parts: [] };
  return withValues ? detail : (withoutValues(detail) as JsonObject);
}

/** Names and changes only, for callers who may not see values. */
function withoutValues(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutValues);
  if (!isJsonObject(value)) return value;
  const isProperty = typeof value['name'] === 'string';
  const shown = Object.entries(value).filter(
    ([name]) => !isProperty || name === 'name' || name === 'notCaptured',
  );
  return Object.fromEntries(shown.map(([name, member]) => [name, withoutValues(member)]));
}
