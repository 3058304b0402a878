import type { ObjectType } from '../catalog/object-type.ts';
import { isJsonObject, type JsonValue } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import type { PointReason } from '../model/points.ts';
import type { Guards } from '../model/tenant.ts';
import type { ChangedBody, RelationshipSummary, TypeSummary } from '../repository/point-summary.ts';

/** Objects that a session has switched off or weakened, per type. */
export interface Weakened {
  readonly disabled: number;
  readonly weakened: number;
}

/** A collection that had this many objects and has none now is suspicious whatever the share. */
const EMPTY_FROM = 3;

/**
 * Values that take protection or access away, by property: an account that is switched off, a policy
 * that is not enforced any more.
 */
const disabling: Readonly<Record<string, (value: JsonValue | undefined) => boolean>> = {
  accountEnabled: (value) => value === false,
};
const weakening: Readonly<Record<string, (value: JsonValue | undefined) => boolean>> = {
  state: (value) => value === 'disabled' || value === 'enabledForReportingButNotEnforced',
  isTrusted: (value) => value === true,
};

/** Judges one changed object by its bodies before and after. */
export function judgeChange(changed: ChangedBody): Weakened {
  const before = parseJson(changed.before);
  const after = parseJson(changed.after);
  const turned = (table: typeof disabling): number => {
    const some = Object.entries(table).some(([name, isOff]) => {
      if (!isJsonObject(before) || !isJsonObject(after)) return false;
      return isOff(after[name]) && !isOff(before[name]);
    });
    return some ? 1 : 0;
  };
  return { disabled: turned(disabling), weakened: turned(weakening) };
}

export interface GuardInput {
  readonly guards: Guards;
  readonly catalogue: readonly ObjectType[];
  readonly types: readonly TypeSummary[];
  readonly relationships: readonly RelationshipSummary[];
  readonly weakened: ReadonlyMap<string, Weakened>;
  readonly now: Date;
}

/** Reasons to call the point suspicious; empty when changes are expected now (DESIGN 6.8). */
export function judgeSession(input: GuardInput): PointReason[] {
  const { guards, now } = input;
  const expected = guards.expectedChanges.some(
    ({ from, to }) => now >= new Date(from) && now <= new Date(to),
  );
  if (expected) return [];
  return [...judgeTypes(input), ...judgeLinks(input), ...judgePrivileged(input)];
}

function exceeds(guards: Guards, ended: number, before: number): boolean {
  return ended >= guards.minCount && ended > guards.maxShare * before;
}

function judgeTypes({ guards, types, weakened }: GuardInput): PointReason[] {
  return types.flatMap((type): PointReason[] => {
    const before = type.live - type.added + type.removed;
    const disabled = weakened.get(type.type)?.disabled ?? 0;
    const collection = type.type;
    if (before >= EMPTY_FROM && type.live === 0) {
      const detail = `all ${before} objects are gone`;
      return [{ code: 'collectionEmpty', collection, detail }];
    }
    if (!exceeds(guards, type.removed + disabled, before)) return [];
    const detail = `${type.removed} of ${before} objects removed, ${disabled} disabled`;
    return [{ code: 'massChange', collection, detail }];
  });
}

function judgeLinks({ guards, relationships }: GuardInput): PointReason[] {
  return relationships
    .filter(({ ended, before }) => exceeds(guards, ended, before))
    .map(({ relationship, ended, before }) => ({
      code: 'massLinkChange',
      relationship,
      detail: `${ended} of ${before} links ended`,
    }));
}

function judgePrivileged({ guards, catalogue, types, weakened }: GuardInput): PointReason[] {
  const assignments = new Set(
    catalogue
      .filter((type) => type.risk === 'privileged')
      .flatMap((type) => type.children.map((child) => child.name)),
  );
  const added = types
    .filter((type) => assignments.has(type.type))
    .reduce((sum, type) => sum + type.added, 0);
  const weaker = [...weakened.values()].reduce((sum, type) => sum + type.weakened, 0);
  if (added + weaker <= guards.maxPrivileged) return [];
  const detail = `${added} privileged assignments added, ${weaker} policies weakened`;
  return [{ code: 'privilegedChange', detail }];
}
