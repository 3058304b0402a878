import type { ObjectType } from '../catalog/object-type.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { PlanStep } from './plan-step.ts';
import { strategiesOf } from './strategies/registry.ts';

/** Graph permissions that a step needs, by what it writes and what the object is. */
export function permissionsOf(step: PlanStep, type: ObjectType, wanted: JsonObject): string[] {
  const needed = new Set<string>();
  const add = (names: readonly string[]): void => {
    for (const name of names) needed.add(name);
  };
  if (step.relationship !== undefined) {
    add(type.links.find((each) => each.name === step.relationship)?.permissions.restore ?? []);
  } else if (step.child !== undefined) {
    const { type: child } = step.child;
    add(type.children.find((each) => each.name === child)?.permissions.restore ?? []);
  } else if (step.facet !== undefined) {
    add(type.facets.find((each) => each.name === step.facet)?.permissions.restore ?? []);
  } else {
    add(type.permissions.restore);
    for (const { name } of step.properties) {
      add(type.permissions.properties?.[name]?.restore ?? []);
    }
  }
  for (const strategy of strategiesOf(type)) add(strategy.permissions?.(wanted) ?? []);
  return [...needed].sort();
}
