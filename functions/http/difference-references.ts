import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/json/json-value.ts';
import type { Reference } from '../../shared/model/reference.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { referencesIn } from './named-references.ts';

interface ShownProperty {
  readonly type: string;
  readonly property: JsonObject;
}

/**
 * Adds to every property of the details, those of their parts too, what the ids in its values stand
 * for: a policy that now excludes another group reads as the names of both.
 */
export async function nameValues(
  tx: Transaction,
  details: readonly { readonly type: string; readonly detail: JsonObject }[],
  point: number,
): Promise<void> {
  const shown = details.flatMap(({ type, detail }) => [
    ...propertiesOf(type, detail),
    ...objectsIn(detail['parts']).flatMap((part) => propertiesOf(String(part['type']), part)),
  ]);
  const bodies = shown.flatMap(({ type, property }) =>
    ['from', 'to'].map((side) => ({ type, value: sideOf(property, side) })),
  );
  const references = await referencesIn(tx, bodies, point);
  for (const [index, { property }] of shown.entries()) {
    const both = [...(references[2 * index] ?? []), ...(references[2 * index + 1] ?? [])];
    if (both.length > 0) property['references'] = onceEach(both);
  }
}

function propertiesOf(type: string, owner: JsonObject): ShownProperty[] {
  return objectsIn(owner['properties']).map((property) => ({ type, property }));
}

function objectsIn(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function sideOf(property: JsonObject, side: string): JsonObject {
  const value = property[side];
  return value === undefined ? {} : { [String(property['name'])]: value };
}

function onceEach(references: readonly Reference[]): JsonObject[] {
  const named = references.map((reference) => [`${reference.type} ${reference.id}`, reference]);
  return [...new Map(named as [string, Reference][]).values()].map((each) => ({ ...each }));
}
