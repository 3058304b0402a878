// What Microsoft Graph has, from test/fixtures/graph-data.
import { readFileSync } from 'node:fs';

interface CsdlType {
  readonly kind: string;
  readonly base?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly navigation?: Readonly<Record<string, string>>;
}

function read<T>(name: string): T {
  const file = new URL(`../fixtures/graph-data/${name}`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

const csdl = read<{ deltaFunctionBoundTo: string[]; types: Record<string, CsdlType> }>('csdl.json');
const templates = read<{ paths: string[] }>('paths.json').paths.map(normalised);

export const graphPaths: ReadonlySet<string> = new Set(templates);
export const graphPermissions: ReadonlySet<string> = new Set(
  read<{ permissions: string[] }>('permissions.json').permissions,
);
export const deltaTypes: ReadonlySet<string> = new Set(csdl.deltaFunctionBoundTo);

/** Every key is written `{id}`. */
function normalised(path: string): string {
  return path.replaceAll(/\{[^}]*\}/g, '{id}');
}

/** Type of a property or navigation of `type`, of its bases or of what derives from it. */
export function memberType(type: string, member: string): string | undefined {
  const own = csdl.types[type];
  if (own === undefined) return undefined;
  const found = own.properties?.[member] ?? own.navigation?.[member];
  if (found !== undefined) return found;
  return own.base === undefined ? undefined : memberType(own.base, member);
}

/** As `memberType`, also in types derived from `type`: abstract types leave members to them. */
export function memberTypeOfFamily(type: string, member: string): string | undefined {
  const derived = Object.keys(csdl.types).filter((name) => csdl.types[name]?.base === type);
  return [type, ...derived].map((name) => memberType(name, member)).find((found) => found);
}

/** Type that a path such as `conditions.users.includeUsers[]` leads to. */
export function typeAt(type: string, path: string): string | undefined {
  return path.split('.').reduce<string | undefined>((current, segment) => {
    if (current === undefined) return undefined;
    const isList = segment.endsWith('[]');
    const found = memberTypeOfFamily(current, segment.replace('[]', ''));
    const inner = found === undefined ? undefined : /^Collection\((.*)\)$/.exec(found)?.[1];
    return isList ? inner : (inner ?? found);
  }, type);
}
