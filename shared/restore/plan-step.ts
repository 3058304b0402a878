import { createHash } from 'node:crypto';
import type { JsonValue } from '../json/json-value.ts';

export type StepKind = 'undelete' | 'create' | 'patch' | 'addLinks' | 'setLink' | 'createChild';

/** Exactly one write, with the ids of the restore point; fill-request.ts puts current ones in. */
export interface StepRequest {
  readonly method: 'POST' | 'PATCH' | 'PUT';
  readonly path: string;
  readonly apiVersion: 'v1.0' | 'beta';
  readonly service: 'identity' | 'conditionalAccess';
  readonly body?: JsonValue;
}

/** A property the step writes; a missing value means empty. */
export interface StepProperty {
  readonly name: string;
  /** Value in the live state the plan was made from. */
  readonly before?: JsonValue;
  /** The live value was not captured when the plan was made. */
  readonly beforeUnknown?: true;
  readonly after?: JsonValue;
  /** A step at the end of the plan gives it another value. */
  readonly changesLater?: true;
}

export interface PlanStep {
  /** Deterministic: kind, phase, object and part. */
  readonly id: string;
  readonly phase: number;
  readonly kind: StepKind;
  readonly type: string;
  /** Key and id of the object in the restore point. */
  readonly objectKey: number;
  readonly objectId: string;
  /** Id at the live point; the same as objectId for an object the plan creates again. */
  readonly currentId: string;
  /** Steps of one unit run in order in one worker. */
  readonly unit: string;
  readonly request: StepRequest;
  readonly properties: readonly StepProperty[];
  /** For links: ids of the targets, in the order of the request. */
  readonly relationship?: string;
  readonly targets?: readonly string[];
  /** For a single reference: ids it may have now, according to the plan's live state. */
  readonly replaces?: readonly string[];
  /** For a child: type and its id in the restore point. */
  readonly child?: { readonly type: string; readonly id: string };
  /** Facet the properties belong to. */
  readonly facet?: string;
  /** Name under which the vault keeps the password that goes into the request. */
  readonly secret?: string;
  /** Ids of objects that the plan creates again and that this step mentions. */
  readonly needs: readonly string[];
  readonly reason: string;
  /** Graph permissions the write needs; entered when the plan is stored. */
  readonly permissions?: readonly string[];
}

export type NoteKind =
  | 'surplusObject'
  | 'surplusLinks'
  | 'surplusPart'
  | 'needsHealing'
  | 'notRestorable'
  | 'pending'
  | 'returns'
  | 'protected'
  | 'stopped'
  | 'lost';

/** Something the plan does not write, and why. Ids and names of properties only. */
export interface PlanNote {
  readonly id: string;
  readonly kind: NoteKind;
  readonly type: string;
  readonly objectKey: number;
  readonly objectId: string;
  readonly property?: string;
  readonly relationship?: string;
  readonly targets?: readonly string[];
  readonly count?: number;
  readonly detail: string;
}

/** What becomes of one object (DESIGN 9, the ladder). */
export type Rung = 'live' | 'recycleBin' | 'gone' | 'stopped';

export function noteOf(note: Omit<PlanNote, 'id'>): PlanNote {
  const place = note.property ?? note.relationship ?? '';
  const digest = createHash('sha256')
    .update(note.detail)
    .update((note.targets ?? []).join());
  const id = `${note.kind}:${note.type}:${note.objectId}:${place}:${digest.digest('hex').slice(0, 12)}`;
  return { ...note, id };
}

/** Id of a step: the same plan input gives the same ids. */
export function stepId(phase: number, kind: StepKind, ...parts: readonly string[]): string {
  return [String(phase).padStart(3, '0'), kind, ...parts].join(':');
}
