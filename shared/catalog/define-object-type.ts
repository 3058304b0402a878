import type {
  EmbeddedReference,
  IdSpace,
  LinkType,
  ObjectType,
  Permissions,
  RestoreRules,
} from './object-type.ts';

/** Names in one tagged template: names`id displayName mail`. */
export function names(text: TemplateStringsArray): readonly string[] {
  return split(text[0] ?? '');
}

const split = (text: string): string[] => text.trim().split(/\s+/);

/** Permissions to read and to restore, names separated by spaces. */
export function permissions(read: string, restore: string): Permissions {
  return { read: split(read), restore: split(restore) };
}

type LinkFields = Pick<LinkType, 'targets' | 'permissions'> & Partial<LinkType>;

/**
 * A relationship `<type>.<path>`: to many, tracked by delta, written by `$ref` unless said else.
 * `$expand` stops at 20: https://learn.microsoft.com/graph/query-parameters#expand
 */
export function link(type: string, path: string, fields: LinkFields): LinkType {
  return {
    name: `${type}.${path}`,
    path,
    cardinality: 'many',
    tracked: true,
    ...(fields.cardinality === 'one' ? {} : { expandLimit: 20 }),
    restore: 'reference',
    ...fields,
  };
}

/** An id inside the bodies of `type`; `constants` stand where an id could. */
export function embedded(
  type: string,
  path: string,
  space: IdSpace,
  targets: readonly string[],
  constants: readonly string[] = [],
): EmbeddedReference {
  return { name: `${type}:${path}`, path, space, targets, constants };
}

type ConditionLists = (
  path: string,
  space: IdSpace,
  target: string,
  constants?: readonly string[],
) => readonly EmbeddedReference[];

/** The two id lists of a condition of `type`: `*` in the path becomes `include` and `exclude`. */
export function conditionLists(type: string): ConditionLists {
  return (path, space, target, constants = []) =>
    ['include', 'exclude'].map((side) =>
      embedded(type, `conditions.${path.replace('*', side)}[]`, space, [target], constants),
    );
}

type Required =
  | 'collection'
  | 'service'
  | 'changeTracking'
  | 'select'
  | 'permissions'
  | 'searchable'
  | 'risk'
  | 'level';

type Fields<Name extends string> = { readonly name: Name } & Pick<ObjectType, Required> &
  Partial<Omit<ObjectType, Required | 'name' | 'restore'>> & {
    readonly restore: Partial<RestoreRules> & Pick<RestoreRules, 'deleted' | 'required' | 'lost'>;
  };

/**
 * Fills in what most types share: v1.0, the directory id space, largest pages, all clouds, no
 * facets, links, children or references. Arrays of ids are unordered.
 */
export function defineObjectType<const Name extends string>(
  fields: Fields<Name>,
): ObjectType & { readonly name: Name } {
  const idArrays = (fields.references ?? []).filter(({ path }) => path.endsWith('[]'));
  return {
    apiVersion: 'v1.0',
    space: 'directory',
    pageSize: { list: 999, expanded: 100 },
    facets: [],
    links: [],
    children: [],
    references: [],
    volatile: [],
    label: 'displayName',
    kinds: [],
    clouds: ['global', 'usgov', 'usgovdod', 'china'],
    documentation: `https://learn.microsoft.com/graph/api/resources/${fields.name.toLowerCase()}`,
    ...fields,
    unordered: [...(fields.unordered ?? []), ...idArrays.map(({ path }) => path.slice(0, -2))],
    restore: {
      after: [],
      createOnly: [],
      readOnly: [],
      strategies: [],
      naturalKey: [],
      ...fields.restore,
    },
  };
}
