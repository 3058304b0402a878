// Checks the values of a write against the CSDL and the rules of the type, before any change.
import { badRequest } from '../errors.ts';
import { isExtensionName } from '../query.ts';
import {
  derivedTypes,
  enumMembers,
  isKnownType,
  isOpenType,
  type PropertyType,
  propertiesOf,
} from '../schema/csdl.ts';
import { createOnlyProperties, readOnlyProperties } from '../schema/property-rules.ts';
import type { JsonObject, JsonValue, ObjectType } from '../types.ts';

const edmChecks: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  'Edm.String': (value) => typeof value === 'string',
  'Edm.Boolean': (value) => typeof value === 'boolean',
  'Edm.Int32': (value) => Number.isInteger(value),
  'Edm.Guid': (value) => typeof value === 'string',
  'Edm.DateTimeOffset': (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
};

// Lengths: https://learn.microsoft.com/graph/api/resources/user and .../group
const maximumLengths: Readonly<Record<string, number>> = {
  displayName: 256,
  mailNickname: 64,
  givenName: 64,
  surname: 64,
  jobTitle: 128,
  companyName: 64,
  employeeId: 16,
  uniqueName: 128,
};

/** Refuses unknown, read-only and wrongly typed properties; `typeName` is the CSDL type. */
export function checkValues(
  type: ObjectType,
  typeName: string,
  values: JsonObject,
  mode: 'create' | 'update',
): void {
  const known = propertiesOf(typeName);
  for (const [name, value] of Object.entries(values)) {
    if (name === '@odata.type') {
      continue;
    }
    const property = known.get(name);
    if (property === undefined) {
      refuseUnknown(name, typeName);
      continue;
    }
    const readOnly = readOnlyProperties[type]?.has(name) === true;
    const fixed = mode === 'update' && createOnlyProperties[type]?.has(name) === true;
    if (readOnly || fixed) {
      throw badRequest(`Property '${name}' is read-only and cannot be set.`);
    }
    checkValue(property, value, name);
    const maximum = maximumLengths[name];
    if (maximum !== undefined && typeof value === 'string' && value.length > maximum) {
      throw badRequest(`Invalid value specified for property '${name}' of resource '${typeName}'.`);
    }
  }
}

function refuseUnknown(name: string, typeName: string): void {
  if (!isExtensionName(name)) {
    throw badRequest(
      `The property '${name}' does not exist on type '${typeName}'. Make sure to only use property names that are defined by the type.`,
    );
  }
}

function checkValue(property: PropertyType, value: JsonValue, name: string): void {
  if (property.collection) {
    if (!Array.isArray(value)) {
      throw invalidValue(name);
    }
    for (const item of value as readonly JsonValue[]) {
      checkSingle(property.name, item, name);
    }
    return;
  }
  if (value === null) {
    if (!property.nullable) {
      throw invalidValue(name);
    }
    return;
  }
  checkSingle(property.name, value, name);
}

function invalidValue(name: string): Error {
  return badRequest(`Invalid value specified for property '${name}'.`);
}

function checkSingle(typeName: string, value: JsonValue, name: string): void {
  const check = edmChecks[typeName];
  if (check !== undefined) {
    if (!check(value)) {
      throw invalidValue(name);
    }
    return;
  }
  const members = enumMembers(typeName);
  if (members !== undefined) {
    if (typeof value !== 'string' || !value.split(',').every((one) => members.includes(one))) {
      throw invalidValue(name);
    }
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidValue(name);
  }
  checkComplex(typeName, value as JsonObject);
}

function checkComplex(typeName: string, value: JsonObject): void {
  const stated = value['@odata.type'];
  const derived = typeof stated === 'string' ? stated.replace(/^#/, '') : typeName;
  if (derived !== typeName && !derivedTypes(typeName).includes(derived)) {
    throw badRequest(`The type '${derived}' is not assignable to '${typeName}'.`);
  }
  if (!isKnownType(derived) || isOpenType(derived)) {
    return;
  }
  const known = propertiesOf(derived);
  for (const [name, inner] of Object.entries(value)) {
    if (name.startsWith('@')) {
      continue;
    }
    const property = known.get(name);
    if (property === undefined) {
      throw badRequest(
        `The property '${name}' does not exist on type '${derived}'. Make sure to only use property names that are defined by the type.`,
      );
    }
    checkValue(property, inner, name);
  }
}

/** Refuses a body in which one of these is missing or null. */
export function requireProperties(values: JsonObject, names: readonly string[]): void {
  for (const name of names) {
    if (values[name] === undefined || values[name] === null || values[name] === '') {
      throw badRequest(
        `A value is required for property '${name}' of resource. Property: ${name}, code: PropertyRequired`,
      );
    }
  }
}

/** Refuses to clear these. */
export function refuseNull(values: JsonObject, names: readonly string[]): void {
  for (const name of names) {
    if (name in values && (values[name] === null || values[name] === '')) {
      throw badRequest(`Invalid value specified for property '${name}'.`);
    }
  }
}

/** Complex values are patched member by member; everything else is replaced. */
export function mergeComplex(before: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...patch };
  for (const name of ['onPremisesExtensionAttributes', 'employeeOrgData'] as const) {
    const [old, next] = [before[name], patch[name]];
    if (isObject(old) && isObject(next)) {
      merged[name] = { ...old, ...next };
    }
  }
  return merged;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
