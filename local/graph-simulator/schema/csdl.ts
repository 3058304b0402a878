// Property names and types of the served entity types, from ../data/csdl.json (Microsoft's own
// metadata). Only looked up here; which properties come without $select is in default-properties.
import { readFileSync } from 'node:fs';
import type { ObjectType } from '../types.ts';

type CsdlProperty = { readonly type: string; readonly nullable?: boolean };
type CsdlType = {
  readonly kind: string;
  readonly base?: string;
  readonly open?: boolean;
  readonly properties?: Readonly<Record<string, CsdlProperty>>;
  readonly navigation?: Readonly<Record<string, { readonly type: string }>>;
  readonly members?: Readonly<Record<string, string>>;
};

const document = JSON.parse(
  readFileSync(new URL('../data/csdl.json', import.meta.url), 'utf8'),
) as { readonly types: Readonly<Record<string, CsdlType>> };

/** Properties of the link targets the metadata file keeps without their own (same CSDL source). */
const extraProperties: Readonly<Record<string, Readonly<Record<string, CsdlProperty>>>> = {
  'microsoft.graph.device': {
    accountEnabled: { type: 'Edm.Boolean' },
    deviceId: { type: 'Edm.String' },
    displayName: { type: 'Edm.String' },
    operatingSystem: { type: 'Edm.String' },
    operatingSystemVersion: { type: 'Edm.String' },
  },
  'microsoft.graph.servicePrincipal': {
    accountEnabled: { type: 'Edm.Boolean' },
    appDisplayName: { type: 'Edm.String' },
    appId: { type: 'Edm.String' },
    displayName: { type: 'Edm.String' },
    servicePrincipalType: { type: 'Edm.String' },
  },
  'microsoft.graph.directoryRole': {
    description: { type: 'Edm.String' },
    displayName: { type: 'Edm.String' },
    roleTemplateId: { type: 'Edm.String' },
  },
  'microsoft.graph.organization': {
    businessPhones: { type: 'Collection(Edm.String)', nullable: false },
    city: { type: 'Edm.String' },
    country: { type: 'Edm.String' },
    countryLetterCode: { type: 'Edm.String' },
    createdDateTime: { type: 'Edm.DateTimeOffset' },
    deletedDateTime: { type: 'Edm.DateTimeOffset' },
    displayName: { type: 'Edm.String' },
    onPremisesSyncEnabled: { type: 'Edm.Boolean' },
    tenantType: { type: 'Edm.String' },
    verifiedDomains: { type: 'Collection(microsoft.graph.verifiedDomain)', nullable: false },
  },
  'microsoft.graph.domain': {
    authenticationType: { type: 'Edm.String', nullable: false },
    isAdminManaged: { type: 'Edm.Boolean', nullable: false },
    isDefault: { type: 'Edm.Boolean', nullable: false },
    isInitial: { type: 'Edm.Boolean', nullable: false },
    isRoot: { type: 'Edm.Boolean', nullable: false },
    isVerified: { type: 'Edm.Boolean', nullable: false },
    supportedServices: { type: 'Collection(Edm.String)', nullable: false },
  },
};

export type PropertyType = {
  /** `Edm.String`, `microsoft.graph.passwordProfile`, ...; the element type for collections. */
  readonly name: string;
  readonly collection: boolean;
  readonly nullable: boolean;
};

const typeCache = new Map<string, ReadonlyMap<string, PropertyType>>();

/** All structural properties of a type with those it inherits, `id` included for entities. */
export function propertiesOf(typeName: string): ReadonlyMap<string, PropertyType> {
  const cached = typeCache.get(typeName);
  if (cached !== undefined) {
    return cached;
  }
  const all = new Map<string, PropertyType>();
  for (let name: string | undefined = typeName; name !== undefined; ) {
    const type: CsdlType | undefined = document.types[name];
    for (const [property, value] of Object.entries({
      ...type?.properties,
      ...extraProperties[name],
    })) {
      all.set(property, all.get(property) ?? parseType(value));
    }
    name = type?.base;
  }
  if (isEntity(typeName)) {
    all.set('id', { name: 'Edm.String', collection: false, nullable: false });
  }
  typeCache.set(typeName, all);
  return all;
}

function isEntity(typeName: string): boolean {
  return document.types[typeName]?.kind === 'EntityType' || typeName in extraProperties;
}

function parseType(property: CsdlProperty): PropertyType {
  const inner = /^Collection\((.+)\)$/.exec(property.type)?.[1];
  return {
    name: inner ?? property.type,
    collection: inner !== undefined,
    nullable: property.nullable !== false,
  };
}

export function qualifiedName(type: string): string {
  return `microsoft.graph.${type}`;
}

/** True when the metadata file has this navigation property for the type. */
export function hasNavigation(typeName: string, navigation: string): boolean {
  return document.types[typeName]?.navigation?.[navigation] !== undefined;
}

/** Members of an enum, undefined when the type is not one. */
export function enumMembers(typeName: string): readonly string[] | undefined {
  const type = document.types[typeName];
  return type?.kind === 'EnumType' ? Object.keys(type.members ?? {}) : undefined;
}

export function isOpenType(typeName: string): boolean {
  return document.types[typeName]?.open === true;
}

export function isKnownType(typeName: string): boolean {
  return document.types[typeName] !== undefined;
}

/** Names of the complex types that derive from this one (`ipRange` has four). */
export function derivedTypes(typeName: string): readonly string[] {
  return Object.keys(document.types).filter((name) => document.types[name]?.base === typeName);
}

/** CSDL type of an object: named locations come as one of two derived types. */
export function entityTypeOf(type: ObjectType, odataType?: string): string {
  if (type === 'namedLocation' && odataType !== undefined) {
    return odataType.replace(/^#/, '');
  }
  return qualifiedName(type);
}
