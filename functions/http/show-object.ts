import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import { writeJson } from '../../shared/json/write-json.ts';
import type { Reference } from '../../shared/model/reference.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import {
  capturedAt,
  type ObjectStateRow,
  partStatesAt,
} from '../../shared/repository/object-states.ts';
import type { ObjectAtPoint } from '../../shared/repository/objects-at-point.ts';
import { expectedNames, partSpaces } from './catalogue-parts.ts';
import { namedReferences, referencesIn } from './named-references.ts';
import { referenceBody, timeText } from './schemas.ts';

const properties = z
  .record(z.string(), z.unknown())
  .meta({ description: 'Left out without the right to see attribute values' });

const references = z
  .array(referenceBody)
  .meta({ description: 'What the ids and constants inside the properties stand for' });

export const objectBody = z
  .object({
    restorePoint: z.number(),
    object: referenceBody,
    /** The point from which on this version is valid. */
    since: z.number(),
    purgeDateTime: timeText.optional(),
    propertyNames: z.array(z.string()),
    properties: properties.optional(),
    references: references.optional(),
    facets: z.record(z.string(), properties),
    children: z.record(
      z.string(),
      z.array(
        z.object({
          object: referenceBody,
          propertyNames: z.array(z.string()),
          properties: properties.optional(),
          references: references.optional(),
        }),
      ),
    ),
    notCaptured: z.array(z.string()),
  })
  .meta({ id: 'BackedUpObject' });

const FACET = 'facet:';

/** The text of an object with its facets and children; numbers keep the digits they were sent with. */
export async function objectText(
  tx: Transaction,
  object: ObjectAtPoint,
  point: number,
  withValues: boolean,
): Promise<string> {
  const parts = await partStatesAt(tx, [object.key], partSpaces(object.type), point);
  const children = parts.filter((part) => !part.type.startsWith(FACET));
  const keys = [object.key, ...children.map((child) => child.key)];
  const references = await namedReferences(tx, keys, point);
  const known = withValues ? await namesOf(tx, [object, ...children], point) : [];
  const shown: JsonObject = {
    restorePoint: point,
    object: referenceJson(references.get(object.key)),
    since: object.fromPoint,
    ...(object.purgeAt === null ? {} : { purgeDateTime: object.purgeAt.toISOString() }),
    ...bodyParts(object.body, withValues),
    ...known[0],
    facets: facetsJson(parts, withValues),
    children: childrenJson(children, references, withValues, known.slice(1)),
    notCaptured: await notCapturedNames(tx, object.type, point),
  };
  return writeJson(shown);
}

/** What the ids inside the bodies stand for; a member of each as it is shown. */
async function namesOf(
  tx: Transaction,
  objects: readonly { readonly type: string; readonly body: string | null }[],
  point: number,
): Promise<JsonObject[]> {
  const bodies = objects.map(({ type, body }) => ({ type, value: bodyOf(body) }));
  const named = await referencesIn(tx, bodies, point);
  return named.map((references) =>
    references.length === 0 ? {} : { references: references.map((each) => ({ ...each })) },
  );
}

function bodyParts(text: string | null, withValues: boolean): JsonObject {
  const body = bodyOf(text);
  return {
    propertyNames: Object.keys(body),
    ...(withValues && text !== null ? { properties: body } : {}),
  };
}

function bodyOf(text: string | null): JsonObject {
  const value: JsonValue | undefined = text === null ? undefined : parseJson(text);
  return isJsonObject(value) ? value : {};
}

function facetsJson(parts: readonly ObjectStateRow[], withValues: boolean): JsonObject {
  const facets: JsonObject = {};
  for (const part of parts) {
    if (!part.type.startsWith(FACET)) continue;
    facets[part.type.slice(FACET.length)] = withValues ? bodyOf(part.body) : {};
  }
  return facets;
}

function childrenJson(
  children: readonly ObjectStateRow[],
  references: ReadonlyMap<number, Reference>,
  withValues: boolean,
  known: readonly JsonObject[],
): JsonObject {
  const groups: JsonObject = {};
  const shown = children.map((row, index) => ({
    type: row.type,
    child: {
      object: referenceJson(references.get(row.key)),
      ...bodyParts(row.body, withValues),
      ...known[index],
    },
  }));
  for (const [type, members] of Map.groupBy(shown, (each) => each.type)) {
    groups[type] = members.map(({ child }) => child);
  }
  return groups;
}

function referenceJson(reference: Reference | undefined): JsonValue {
  return reference === undefined ? null : { ...reference };
}

/** What the catalogue names and this point does not know: neither empty nor there, but unknown. */
async function notCapturedNames(tx: Transaction, type: string, point: number): Promise<string[]> {
  const { collection, names } = expectedNames(type);
  const captured = (await capturedAt(tx, point)).get(collection);
  return names.filter((name) => !captured?.has(name));
}
