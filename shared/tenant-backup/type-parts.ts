import type { ChildType, FacetType, LinkType, ObjectType } from '../catalog/object-type.ts';

/** The relation of a type with its owner. */
export interface Relation {
  readonly owner: ObjectType;
  readonly link: LinkType;
}

export function relationsOf(type: ObjectType): Relation[] {
  return type.links.map((link) => ({ owner: type, link }));
}

/** Relations that can point at objects of the type. */
export function relationsInto(catalogue: readonly ObjectType[], type: ObjectType): Relation[] {
  return catalogue
    .flatMap(relationsOf)
    .filter(({ link }) => link.targets.includes(type.name) && link.reverse !== undefined);
}

export function relationNames(types: readonly ObjectType[]): string[] {
  return types.flatMap((type) => type.links.map((link) => link.name));
}

/** Names of all links whose source the types deliver, embedded ones of their children too. */
export function linkNames(types: readonly ObjectType[]): string[] {
  return types.flatMap((type) => [
    ...type.links.map((link) => link.name),
    ...type.references.map((reference) => reference.name),
    ...type.children.flatMap((child) => child.references.map((reference) => reference.name)),
  ]);
}

export const facetSpace = (facet: FacetType): string => `facet:${facet.name}`;
export const childSpace = (child: ChildType): string => child.name;

/** Spaces, which are also the types, of what hangs under an object of the type. */
export function partSpaces(type: ObjectType): string[] {
  return [...type.children.map(childSpace), ...type.facets.map(facetSpace)];
}

/** Types of the versions a collection writes. */
export function versionTypes(type: ObjectType): string[] {
  return [type.name, ...partSpaces(type)];
}

/** Catalogue types among the targets of a relation. */
export function targetTypes(catalogue: readonly ObjectType[], link: LinkType): ObjectType[] {
  return catalogue.filter((type) => link.targets.includes(type.name));
}
