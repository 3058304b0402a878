// Names for ids, wherever the API shows one: from the backup, else from what is the same in every tenant
// (constants, built-in roles, applications of Microsoft). Every route names its ids through this file.
import { isConstant, referenceSpace } from '../../shared/catalog/derive.ts';
import type { EmbeddedReference } from '../../shared/catalog/object-type.ts';
import { wellKnownName, wellKnownObject } from '../../shared/catalog/well-known.ts';
import { valuesAt } from '../../shared/json/json-path.ts';
import type { JsonObject } from '../../shared/json/json-value.ts';
import type { Reference } from '../../shared/model/reference.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { keysOf } from '../../shared/repository/object-keys.ts';
import { resolveReferences } from '../../shared/repository/references.ts';
import { canonicalId } from '../../shared/tenant-backup/object-ids.ts';
import { storable } from '../../shared/tenant-backup/object-label.ts';
import { embeddedIn } from './catalogue-parts.ts';

/** Ids named per body; what refers to more is shown by its links, page by page. */
const mostPerBody = 1_000;

/** References for keys at a point; keys that do not exist are left out. */
export async function namedReferences(
  tx: Transaction,
  keys: readonly number[],
  point: number,
): Promise<Map<number, Reference>> {
  return await resolveReferences(tx, keys, point, wellKnownObject);
}

const unknown = { type: 'unknown', displayName: null, state: 'unknown' } as const;

/** An id of which the tenant's database holds nothing. */
export function unseenReference(id: string): Reference {
  const known = wellKnownObject('templateId', id) ?? wellKnownObject('appId', id);
  return { id, ...(known ?? unknown) };
}

/** A body, or those of its properties that are shown. */
export interface ShownBody {
  readonly type: string;
  readonly value: JsonObject;
}

/** The space of words that stand where an id could: the same in every tenant, at every point. */
const CONSTANT = 'constant';

interface Named {
  readonly space: string;
  readonly id: string;
  /** Of a constant. */
  readonly name?: string;
}

/** What the ids and constants inside each of the bodies stand for, each once, in order. */
export async function referencesIn(
  tx: Transaction,
  bodies: readonly ShownBody[],
  point: number,
): Promise<Reference[][]> {
  const found = bodies.map(namedIn);
  const keys = await keysOfNamed(tx, found.flat());
  const references = await namedReferences(tx, [...keys.values()], point);
  return found.map((names) =>
    names.map((each) => references.get(keys.get(placeOf(each)) ?? 0) ?? withoutKey(each)),
  );
}

function namedIn({ type, value }: ShownBody): Named[] {
  const found = new Map<string, Named>();
  for (const reference of embeddedIn(type)) {
    for (const item of valuesAt(value, reference.path)) {
      if (typeof item !== 'string' || item === '') continue;
      const named = namedBy(reference, item);
      found.set(placeOf(named), named);
    }
  }
  return [...found.values()].slice(0, mostPerBody);
}

function namedBy(reference: EmbeddedReference, item: string): Named {
  if (isConstant(reference, item)) {
    return { space: CONSTANT, id: item, name: wellKnownName(reference, item) ?? item };
  }
  return { space: referenceSpace(reference), id: canonicalId(item) };
}

function placeOf({ space, id }: Named): string {
  return `${space} ${id}`;
}

async function keysOfNamed(
  tx: Transaction,
  named: readonly Named[],
): Promise<ReadonlyMap<string, number>> {
  const keys = new Map<string, number>();
  for (const [space, members] of Map.groupBy(named, (each) => each.space)) {
    if (space === CONSTANT) continue;
    const ids = new Set(members.map(({ id }) => storable(id)));
    for (const { objectId, key } of await keysOf(tx, space, [...ids])) {
      keys.set(placeOf({ space, id: objectId }), key);
    }
  }
  return keys;
}

function withoutKey({ space, id, name }: Named): Reference {
  if (name !== undefined) return { id, type: CONSTANT, displayName: name, state: 'live' };
  return { id, ...(wellKnownObject(space, id) ?? unknown) };
}
