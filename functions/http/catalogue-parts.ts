// Which parts of the catalogue an address means: types that are objects of their own, children that hang
// under a parent, facets that are shown with their object. Pure functions of the catalogue.
import { findObjectType, objectTypes } from '../../shared/catalog/index.ts';
import type { ChildType, EmbeddedReference, ObjectType } from '../../shared/catalog/object-type.ts';
import type { ObjectKeyAddress } from '../../shared/repository/objects-at-point.ts';
import { invalid } from './request-input.ts';

/** Names of types that an address may carry: types of their own, and children. */
export const addressableTypes: readonly string[] = objectTypes.flatMap((type: ObjectType) => [
  type.name,
  ...type.children.map((child) => child.name),
]);

/** Names of the types that are objects of their own. */
export const ownTypes: readonly string[] = objectTypes.map((type) => type.name);

interface ChildWithParent {
  readonly parent: ObjectType;
  readonly child: ChildType;
}

function findChild(name: string): ChildWithParent | undefined {
  for (const parent of objectTypes as readonly ObjectType[]) {
    const child = parent.children.find((candidate) => candidate.name === name);
    if (child !== undefined) return { parent, child };
  }
  return undefined;
}

/** Spaces of the children and facets of a type; none for children and unknown names. */
export function partSpaces(typeName: string): string[] {
  const type = findObjectType(typeName);
  if (type === undefined) return [];
  return [
    ...type.children.map((child) => child.name),
    ...type.facets.map((facet) => `facet:${facet.name}`),
  ];
}

/** Names of the relationships a type can be the source of: its links and the ids in its body. */
export function relationshipsFrom(typeName: string): string[] {
  const type = findObjectType(typeName);
  if (type === undefined) return findChild(typeName)?.child.references.map(nameOf) ?? [];
  return [...type.links.map(nameOf), ...type.references.map(nameOf)];
}

/** Ids that a body of the type holds: of a type of its own, or of a child. */
export function embeddedIn(typeName: string): readonly EmbeddedReference[] {
  return findObjectType(typeName)?.references ?? findChild(typeName)?.child.references ?? [];
}

/** Names of all relationships: those an object can be the target of are not bound to its type. */
export const allRelationships: readonly string[] = addressableTypes.flatMap(relationshipsFrom);

function nameOf(named: { readonly name: string }): string {
  return named.name;
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** GUIDs are stored in lower case, other ids exactly as Graph sends them. */
function storedId(id: string): string {
  return guid.test(id) ? id.toLowerCase() : id;
}

/** Where an object of the API's address lies; throws InvalidRequest for a malformed one. */
export function addressOf(typeName: string, id: string): ObjectKeyAddress {
  const type = findObjectType(typeName);
  if (type !== undefined) {
    if (!guid.test(id)) throw invalid('is not a GUID', 'id');
    return { space: type.space, type: type.name, objectId: storedId(id) };
  }
  const found = findChild(typeName);
  if (found === undefined) throw invalid('is not a type of the catalogue', 'type');
  const [parentId, childId, ...rest] = id.split('~');
  if (!parentId || !childId || rest.length > 0 || !guid.test(parentId)) {
    throw invalid('is not of the form {parentId}~{id}', 'id');
  }
  return {
    space: found.child.name,
    type: found.child.name,
    objectId: storedId(childId),
    parent: { space: found.parent.space, objectId: storedId(parentId) },
  };
}

/** Names of properties, facets and children that belong to a type, and the collection they came with. */
export function expectedNames(typeName: string): { collection: string; names: readonly string[] } {
  const type = findObjectType(typeName);
  if (type !== undefined) {
    const parts = [...type.children, ...type.facets].map((part) => part.name);
    return { collection: type.name, names: [...type.select, ...parts] };
  }
  return { collection: findChild(typeName)?.parent.name ?? typeName, names: [] };
}
