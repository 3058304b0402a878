// The catalogue: every object type the product knows, in restore order of definition. Adding a type is
// a file in types/ and a line here. Engines ask it, and never ask for a type by name.
import { createHash } from 'node:crypto';
import type { ObjectType } from './object-type.ts';
import { administrativeUnit } from './types/administrative-unit.ts';
import { conditionalAccessPolicy } from './types/conditional-access-policy.ts';
import { group } from './types/group.ts';
import { namedLocation } from './types/named-location.ts';
import { user } from './types/user.ts';

export const objectTypes = [
  user,
  group,
  administrativeUnit,
  namedLocation,
  conditionalAccessPolicy,
] as const satisfies readonly ObjectType[];

export type ObjectTypeName = (typeof objectTypes)[number]['name'];

/**
 * Types that links and references lead to and that no collection of the catalogue delivers, with the
 * id space of their objects. They are stored without a version until a type of their own comes.
 */
export const foreignSpaces: Readonly<Record<string, string>> = {
  device: 'directory',
  directoryRole: 'directory',
  orgContact: 'directory',
  servicePrincipal: 'directory',
  application: 'directory',
  agreement: 'agreement',
  authenticationStrengthPolicy: 'authenticationStrengthPolicy',
  roleTemplate: 'templateId',
  tenant: 'tenantId',
};

const byName = new Map<string, ObjectType>(objectTypes.map((type) => [type.name, type]));

/** The entry of that name; undefined for children, facets, `unknown` and foreign names. */
export function findObjectType(name: string): ObjectType | undefined {
  return byName.get(name);
}

export function objectType(name: ObjectTypeName): ObjectType {
  const found = byName.get(name);
  if (found === undefined) throw new TypeError(`the catalogue has no type ${name}`);
  return found;
}

/** Changes whenever an entry does: 16 hexadecimal digits, stored with every collection state. */
export const catalogueRevision = createHash('sha256')
  .update(JSON.stringify(objectTypes))
  .digest('hex')
  .slice(0, 16);

/** Revision of one entry, so that a change elsewhere does not force a full read of its collection. */
export function typeRevision(type: ObjectType): string {
  return createHash('sha256').update(JSON.stringify(type)).digest('hex').slice(0, 16);
}
