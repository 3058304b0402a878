import constants from './data/constants.json' with { type: 'json' };
import applications from './data/first-party-applications.json' with { type: 'json' };
import roleTemplates from './data/role-templates.json' with { type: 'json' };
import type { EmbeddedReference } from './object-type.ts';

const byTarget: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  application: applications.names,
  roleTemplate: roleTemplates.names,
};

/** Object ids are made per tenant: nothing is known of them beforehand. */
const typeOfSpace: Readonly<Record<string, string>> = {
  appId: 'application',
  templateId: 'roleTemplate',
};

/**
 * The name of an id that is the same in every tenant: a constant (`All`), a built-in role template,
 * a first-party application. Undefined for all others.
 */
export function wellKnownName(reference: EmbeddedReference, value: string): string | undefined {
  if (reference.constants.includes(value)) return nameIn(constants.names, value);
  return nameForTargets(reference.targets, value);
}

/** The same for an id of which only the possible types are known. */
export function nameForTargets(targets: readonly string[], id: string): string | undefined {
  for (const target of targets) {
    const name = nameIn(byTarget[target] ?? {}, id);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** What is the same in every tenant, with the type it is of. */
export interface WellKnownObject {
  readonly type: string;
  readonly displayName: string;
  /** Built-in roles exist in every tenant; whether an application is used in one is not known. */
  readonly state: 'live' | 'unknown';
}

/** The object behind an id of an id space; undefined when the id is the tenant's own. */
export function wellKnownObject(space: string, id: string): WellKnownObject | undefined {
  const type = typeOfSpace[space];
  const displayName = type === undefined ? undefined : nameForTargets([type], id);
  if (type === undefined || displayName === undefined) return undefined;
  return { type, displayName, state: type === 'roleTemplate' ? 'live' : 'unknown' };
}

function nameIn(names: Readonly<Record<string, string>>, id: string): string | undefined {
  return Object.hasOwn(names, id) ? names[id] : undefined;
}
