// One delta row as JSON: never-set properties are absent, cleared ones null, and with
// `Prefer: return=minimal` only what changed. Also the copies that faults ask for.
import { untrackedProperties } from '../schema/property-rules.ts';
import { type StoredObject, versionAt } from '../tenant/stored-object.ts';
import type { JsonObject, JsonValue, PageFault } from '../types.ts';
import type { DeltaRow, LinkPart } from './delta-rows.ts';

export type DeltaRendering = {
  /** Names of properties to send, `id` apart. */
  readonly names: readonly string[];
  readonly minimal: boolean;
  /** True when the links of this row must not be shown to the caller. */
  readonly hidesLinks: (row: DeltaRow) => boolean;
  readonly removedBeforeAdded: number;
};

export function renderRow(row: DeltaRow, rendering: DeltaRendering): JsonObject {
  if (row.removed !== undefined) {
    return { id: row.version.object.id, '@removed': { reason: row.removed } };
  }
  const { properties, object } = row.version;
  const output: Record<string, JsonValue> = {};
  const onlyChanged = rendering.minimal ? row.changed : undefined;
  for (const name of rendering.names) {
    const value = properties[name];
    if (value === undefined || untrackedProperties.has(name) || name === 'passwordProfile') {
      continue;
    }
    if (onlyChanged === undefined || onlyChanged.has(name)) {
      output[name] = value;
    }
  }
  output['id'] = object.id;
  if (!rendering.hidesLinks(row)) {
    for (const part of row.links) {
      output[`${part.relationship}@delta`] = renderLinks(part, rendering.removedBeforeAdded);
    }
  }
  return output;
}

function reference(target: StoredObject): Record<string, JsonValue> {
  return { '@odata.type': `#microsoft.graph.${target.type}`, id: target.id };
}

function renderLinks(part: LinkPart, removedBeforeAdded: number): readonly JsonObject[] {
  const removed = [...part.removed, ...part.added.slice(0, removedBeforeAdded)];
  return [
    ...removed.map((target) => ({ ...reference(target), '@removed': { reason: 'deleted' } })),
    ...part.added.map(reference),
  ];
}

/** Copies the fault plan wants behind the rows of a page. */
export function faultyCopies(
  rows: readonly DeltaRow[],
  rowsBefore: readonly DeltaRow[],
  faults: readonly PageFault[],
): DeltaRow[] {
  const copies: DeltaRow[] = [];
  for (const fault of faults) {
    if (fault.kind === 'duplicateRows') {
      copies.push(...rows.slice(0, fault.count));
    } else if (fault.kind === 'conflictingRows') {
      copies.push(...rows.slice(0, fault.count).map(outdated));
    } else if (fault.kind === 'replayRound') {
      copies.push(...rowsBefore);
    }
  }
  return copies;
}

/** The row as it was before its last change; a first version is shown with another name. */
function outdated(row: DeltaRow): DeltaRow {
  const { version } = row;
  const before = versionAt(version.object, version.since - 1);
  if (before !== undefined && before !== version) {
    return { version: before, links: [] };
  }
  const properties = { ...version.properties, displayName: 'an older display name' };
  return { version: { ...version, properties }, links: [] };
}
