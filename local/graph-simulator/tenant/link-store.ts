// Links of one tenant in both directions, with a log per end so that older states can be read.
import type { Relationship } from '../types.ts';
import { relationships } from '../types.ts';
import type { StoredObject } from './stored-object.ts';

type LinkChange = {
  readonly sequence: number;
  readonly other: StoredObject;
  readonly added: boolean;
};

type Side = {
  readonly ends: Map<StoredObject, Set<StoredObject>>;
  readonly log: Map<StoredObject, LinkChange[]>;
};

type Sides = { readonly outgoing: Side; readonly incoming: Side };

const noObjects: ReadonlySet<StoredObject> = new Set();

export class LinkStore {
  readonly #sides: ReadonlyMap<Relationship, Sides>;

  constructor() {
    this.#sides = new Map(
      relationships.map((name) => [name, { outgoing: emptySide(), incoming: emptySide() }]),
    );
  }

  has(relationship: Relationship, source: StoredObject, target: StoredObject): boolean {
    return this.#of(relationship).outgoing.ends.get(source)?.has(target) ?? false;
  }

  /** `sequence` 0 is the seed: it is not logged. */
  add(
    relationship: Relationship,
    source: StoredObject,
    target: StoredObject,
    sequence: number,
  ): void {
    const { outgoing, incoming } = this.#of(relationship);
    change(outgoing, source, target, sequence, true);
    change(incoming, target, source, sequence, true);
  }

  remove(
    relationship: Relationship,
    source: StoredObject,
    target: StoredObject,
    sequence: number,
  ): void {
    const { outgoing, incoming } = this.#of(relationship);
    change(outgoing, source, target, sequence, false);
    change(incoming, target, source, sequence, false);
  }

  /** Targets after change number `sequence`, whatever their state. */
  targets(
    relationship: Relationship,
    source: StoredObject,
    sequence: number,
  ): ReadonlySet<StoredObject> {
    return endsAt(this.#of(relationship).outgoing, source, sequence);
  }

  sources(
    relationship: Relationship,
    target: StoredObject,
    sequence: number,
  ): ReadonlySet<StoredObject> {
    return endsAt(this.#of(relationship).incoming, target, sequence);
  }

  /** Every link as (source, target), in no particular order. */
  *all(relationship: Relationship): Generator<readonly [StoredObject, StoredObject]> {
    for (const [source, targets] of this.#of(relationship).outgoing.ends) {
      for (const target of targets) {
        yield [source, target];
      }
    }
  }

  #of(relationship: Relationship): Sides {
    const sides = this.#sides.get(relationship);
    if (sides === undefined) {
      throw new Error(`unknown relationship ${relationship}`);
    }
    return sides;
  }
}

function emptySide(): Side {
  return { ends: new Map(), log: new Map() };
}

function change(
  side: Side,
  end: StoredObject,
  other: StoredObject,
  sequence: number,
  added: boolean,
): void {
  let others = side.ends.get(end);
  if (others === undefined) {
    others = new Set();
    side.ends.set(end, others);
  }
  if (added) {
    others.add(other);
  } else {
    others.delete(other);
  }
  if (sequence === 0) {
    return;
  }
  const log = side.log.get(end);
  if (log === undefined) {
    side.log.set(end, [{ sequence, other, added }]);
  } else {
    log.push({ sequence, other, added });
  }
}

function endsAt(side: Side, end: StoredObject, sequence: number): ReadonlySet<StoredObject> {
  const current = side.ends.get(end) ?? noObjects;
  const log = side.log.get(end);
  if (log === undefined || (log.at(-1)?.sequence ?? 0) <= sequence) {
    return current;
  }
  const then = new Set(current);
  for (let index = log.length - 1; index >= 0; index -= 1) {
    const entry = log[index];
    if (entry === undefined || entry.sequence <= sequence) {
      break;
    }
    if (entry.added) {
      then.delete(entry.other);
    } else {
      then.add(entry.other);
    }
  }
  return then;
}
