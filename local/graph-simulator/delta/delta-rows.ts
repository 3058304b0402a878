// The rows of one delta round: for a first round every object, otherwise what the change log says.
// Links are reported only where group or user changed them: a target that goes to the recycle bin
// stays a target and nothing is said until it is purged.
import type { ObjectChange } from '../tenant/change-log.ts';
import { type ObjectVersion, type StoredObject, versionAt } from '../tenant/stored-object.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import { viewAt } from '../tenant/tenant-view.ts';
import type { ObjectType, Relationship } from '../types.ts';

export type LinkPart = {
  readonly relationship: Relationship;
  readonly added: readonly StoredObject[];
  readonly removed: readonly StoredObject[];
};

export type DeltaRow = {
  readonly version: ObjectVersion;
  /** Set for removed objects: `changed` = in the recycle bin, `deleted` = gone. */
  readonly removed?: 'changed' | 'deleted';
  /** Names that changed; undefined when the whole object is news. */
  readonly changed?: ReadonlySet<string>;
  readonly links: readonly LinkPart[];
};

export type RoundScope = {
  readonly tenant: TenantState;
  readonly type: ObjectType;
  /** Names whose changes count; undefined for all. */
  readonly tracked: ReadonlySet<string>;
  readonly relationships: readonly Relationship[];
  readonly ids: ReadonlySet<string> | undefined;
  readonly since: number | null;
  readonly until: number;
};

export function roundRows(scope: RoundScope): DeltaRow[] {
  const rows = scope.since === null ? firstRound(scope) : laterRound(scope, scope.since);
  const wanted = scope.ids;
  return wanted === undefined ? rows : rows.filter((row) => wanted.has(row.version.object.id));
}

function byId(left: DeltaRow, right: DeltaRow): number {
  return left.version.object.id < right.version.object.id ? -1 : 1;
}

function firstRound(scope: RoundScope): DeltaRow[] {
  const view = viewAt(scope.tenant, scope.until);
  const rows: DeltaRow[] = view.ordered(scope.type).map((version) => ({
    version,
    links: scope.relationships
      .map((relationship) => allLinks(scope, relationship, version.object))
      .filter((part) => part.added.length > 0),
  }));
  if (scope.tenant.settings.removedInFirstRound) {
    for (const version of view.orderedDeleted(scope.type)) {
      rows.push({ version, removed: 'changed', links: [] });
    }
  }
  return rows.sort(byId);
}

function allLinks(scope: RoundScope, relationship: Relationship, source: StoredObject): LinkPart {
  const targets = scope.tenant.links.targets(relationship, source, scope.until);
  const added = [...targets].filter((target) => isReported(scope, target));
  return { relationship, added, removed: [] };
}

function isReported(scope: RoundScope, target: StoredObject): boolean {
  const state = versionAt(target, scope.until)?.state;
  return (
    state === 'live' || (state === 'deleted' && scope.tenant.settings.deltaReportsDeletedTargets)
  );
}

/** What the log says about one object within the round. */
type Story = {
  whole: boolean;
  restored: boolean;
  ended: boolean;
  readonly names: Set<string>;
  readonly links: Map<Relationship, Map<StoredObject, boolean>>;
};

function laterRound(scope: RoundScope, since: number): DeltaRow[] {
  const rows: DeltaRow[] = [];
  for (const [object, story] of readStories(scope, since)) {
    const row = laterRow(scope, object, story);
    if (row !== undefined) {
      rows.push(row);
    }
  }
  return rows.sort(byId);
}

function readStories(scope: RoundScope, since: number): Map<StoredObject, Story> {
  const stories = new Map<StoredObject, Story>();
  for (const entry of scope.tenant.log.between(since, scope.until)) {
    if (entry.object.type !== scope.type) {
      continue;
    }
    const story = stories.get(entry.object) ?? newStory();
    stories.set(entry.object, story);
    if (entry.kind === 'linkAdded' || entry.kind === 'linkRemoved') {
      const perTarget = story.links.get(entry.relationship) ?? new Map<StoredObject, boolean>();
      perTarget.set(entry.target, entry.kind === 'linkAdded');
      story.links.set(entry.relationship, perTarget);
    } else if ('names' in entry) {
      noteChange(story, entry);
    }
  }
  return stories;
}

function newStory(): Story {
  return { whole: false, restored: false, ended: false, names: new Set(), links: new Map() };
}

function noteChange(story: Story, entry: Pick<ObjectChange, 'kind' | 'names'>): void {
  story.whole ||= entry.kind === 'created' || entry.kind === 'restored';
  story.restored ||= entry.kind === 'restored';
  story.ended ||= entry.kind === 'deleted' || entry.kind === 'purged';
  for (const name of entry.names) {
    story.names.add(name);
  }
}

function laterRow(scope: RoundScope, object: StoredObject, story: Story): DeltaRow | undefined {
  const version = versionAt(object, scope.until);
  if (version === undefined) {
    return undefined;
  }
  if (version.state !== 'live') {
    const reason = version.state === 'purged' ? 'deleted' : 'changed';
    return story.ended ? { version, removed: reason, links: [] } : undefined;
  }
  const links = reportedLinks(scope, object, story);
  if (story.whole) {
    return { version, links };
  }
  const changed = new Set([...story.names].filter((name) => scope.tracked.has(name)));
  return changed.size === 0 && links.length === 0 ? undefined : { version, changed, links };
}

function reportedLinks(scope: RoundScope, object: StoredObject, story: Story): LinkPart[] {
  if (story.restored && scope.tenant.settings.restoredObjectsCarryLinks) {
    return scope.relationships
      .map((relationship) => allLinks(scope, relationship, object))
      .filter((part) => part.added.length > 0);
  }
  const parts: LinkPart[] = [];
  for (const relationship of scope.relationships) {
    const perTarget = story.links.get(relationship);
    if (perTarget === undefined) {
      continue;
    }
    const added = [...perTarget].filter(([target, was]) => was && isReported(scope, target));
    const removed = [...perTarget].filter(([, was]) => !was);
    if (added.length + removed.length > 0) {
      parts.push({
        relationship,
        added: added.map(([target]) => target),
        removed: removed.map(([target]) => target),
      });
    }
  }
  return parts;
}
