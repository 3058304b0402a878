// From a stored version to the JSON of an answer: which properties, in which order, null or absent.
import { propertiesOf } from './schema/csdl.ts';
import { defaultProperties } from './schema/property-rules.ts';
import type { ObjectVersion } from './tenant/stored-object.ts';
import type { JsonObject, JsonValue } from './types.ts';

export type Projection = {
  /** Names of `$select`; undefined for the default set. */
  readonly select: readonly string[] | undefined;
  /** Add `@odata.type`, as lists of mixed types do. */
  readonly typed?: boolean;
  /** The caller may read custom security attributes. */
  readonly readsSecurityAttributes?: boolean;
};

type NameAndEmpty = { readonly name: string; readonly empty: JsonValue };

const planCache = new Map<string, readonly NameAndEmpty[]>();

/** Names to render with the value an unset property has: null, or [] for collections. */
function plan(
  version: ObjectVersion,
  select: readonly string[] | undefined,
): readonly NameAndEmpty[] {
  const { type } = version.object;
  const cacheKey = `${type}:${select?.join(',') ?? ''}`;
  const cached = planCache.get(cacheKey);
  if (cached !== undefined) {
    return cached;
  }
  const known = propertiesOf(`microsoft.graph.${type}`);
  const names = ['id', ...(select ?? defaultProperties[type]).filter((name) => name !== 'id')];
  const made = names
    .filter((name) => select === undefined || known.has(name))
    .map((name) => ({
      name,
      empty: known.get(name)?.collection === true ? [] : null,
    }));
  if (planCache.size > 2_000) {
    planCache.clear();
  }
  planCache.set(cacheKey, made);
  return made;
}

/** An object as list and get send it: selected but unset properties are null or []. */
export function renderObject(version: ObjectVersion, projection: Projection): JsonObject {
  const { properties, object } = version;
  const output: Record<string, JsonValue> = {};
  const odataType = properties['@odata.type'];
  if (projection.typed === true) {
    output['@odata.type'] = `#microsoft.graph.${object.type}`;
  } else if (typeof odataType === 'string') {
    output['@odata.type'] = odataType;
  }
  for (const { name, empty } of plan(version, projection.select)) {
    const value = name === 'id' ? object.id : (properties[name] ?? derived(version, name));
    output[name] = value ?? empty;
  }
  return finish(output, version, projection);
}

/** What is not in the plan: secrets, attributes of another permission, extensions, quirks. */
function finish(
  output: Record<string, JsonValue>,
  version: ObjectVersion,
  projection: Projection,
): JsonObject {
  if ('passwordProfile' in output) {
    output['passwordProfile'] = null;
  }
  if (projection.readsSecurityAttributes !== true) {
    delete output['customSecurityAttributes'];
  }
  for (const name of projection.select ?? []) {
    const value = name.startsWith('extension_') ? version.properties[name] : undefined;
    if (value !== undefined) {
      output[name] = value;
    }
  }
  if (version.object.type === 'namedLocation' && projection.select === undefined) {
    dropForeignLocationProperties(output);
  }
  return output;
}

/** Country and IP locations are different types: each has only its own properties. */
function dropForeignLocationProperties(output: Record<string, JsonValue>): void {
  const own = propertiesOf(String(output['@odata.type']).replace('#', ''));
  for (const name of Object.keys(output)) {
    if (!name.startsWith('@') && !own.has(name)) {
      delete output[name];
    }
  }
}

function derived(version: ObjectVersion, name: string): JsonValue | undefined {
  if (name === 'deletedDateTime' && version.deletedAt !== undefined) {
    return new Date(version.deletedAt).toISOString().replace(/\.\d{3}Z$/, 'Z');
  }
  return undefined;
}

/**
 * An object in the recycle bin. A deleted user's principal name has the id in front, which is how
 * the directory frees the name (seen in `directory/deletedItems` answers).
 */
export function renderDeleted(version: ObjectVersion, projection: Projection): JsonObject {
  const output: Record<string, JsonValue> = { ...renderObject(version, projection) };
  const principalName = output['userPrincipalName'];
  if (version.object.type === 'user' && typeof principalName === 'string') {
    output['userPrincipalName'] = `${version.object.id.replaceAll('-', '')}${principalName}`;
  }
  return output;
}
