import constants from './data/constants.json' with { type: 'json' };
import applications from './data/first-party-applications.json' with { type: 'json' };
import roleTemplates from './data/role-templates.json' with { type: 'json' };
import type { EmbeddedReference } from './object-type.ts';

const byTarget: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  application: applications.names,
  roleTemplate: roleTemplates.names,
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

function nameIn(names: Readonly<Record<string, string>>, id: string): string | undefined {
  return Object.hasOwn(names, id) ? names[id] : undefined;
}
