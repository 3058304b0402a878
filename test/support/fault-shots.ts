// Which faults meet which requests: all pairs that fit, and the order in which backups meet them.
import type { CatalogueEntry } from '../../local/graph-simulator/faults/fault-catalogue.ts';
import { type FaultTarget, faultTargets, type Mode } from './fault-targets.ts';

/** A fault that is to meet a request; for ever unless `times` is given. */
export interface Shot {
  readonly name: string;
  readonly entry: CatalogueEntry;
  readonly target: FaultTarget;
  readonly times?: number;
}

export interface RunResult {
  readonly outcome: 'published' | 'gaveUp';
  /** Names of rules that spoiled an answer. */
  readonly effective: ReadonlySet<string>;
  /** Collections that were read to their end; none when the backup gave up. */
  readonly read: ReadonlySet<string>;
}

/** Faults of a connection, which items of a `$batch` do not have. */
const onTheWire = ['truncate', 'delay', 'slowDrip', 'reset', 'hang'];
/** Requests that wait for an answer that never comes; to others it is a connection that breaks. */
const waitedFor = ['users list', 'groups delta', 'policies', '$batch', 'sign-in'];
const denying = ['one directory object', 'one deleted object'];
/** Faults at the border of two pages. */
const betweenPages = ['skipRows', 'doubleRows', 'loseNextLink', 'replaceNextLink', 'nextLinkLoop'];

/** They change answers with 200 only, which the first one may not be. */
const inBodies = ['replaceBody', 'cutJson', 'brokenUtf8'];
/** Faults of rows, and those that need the rows to be objects of the directory. */
const inRows = [
  'duplicateKeys',
  'oversizeObject',
  'deepObject',
  'exactNumbers',
  'unknownProperties',
  'dropProperty',
];
/** Answers of the catalogue that are good in themselves: nothing tells that rows are missing. */
const unnoticed = ['value is empty', 'rows skipped between pages', 'a next link lost'];

/** Graph says less than it has, and nobody can tell; what was known before must stay. */
export function isUnnoticed({ entry }: Shot): boolean {
  return unnoticed.includes(entry.name);
}

/** Graph says more than the tenant has: a property that is not known is kept as it was sent. */
export function isEmbellished({ entry: { fault } }: Shot): boolean {
  return ['exactNumbers', 'unknownProperties'].includes(fault.kind);
}

/** Lists that Graph answers empty again and again, in good form, are believed (DESIGN 6.6). */
export function isBelieved({ entry, target }: Shot): boolean {
  return entry.name === 'value is empty' && target.inner;
}

type Refusal = readonly [
  reason: string,
  holds: (entry: CatalogueEntry, target: FaultTarget) => boolean,
];
const isOf = (kinds: readonly string[], { fault }: CatalogueEntry): boolean =>
  kinds.includes(fault.kind);

const refusals: readonly Refusal[] = [
  ['only rounds of changes have it', (entry, { of }) => entry.of === 'delta' && of !== 'delta'],
  ['the answer is no page of a list', (entry, { of }) => entry.of === 'page' && of === 'any'],
  ['an item of a batch has no connection', (entry, { inner }) => inner && isOf(onTheWire, entry)],
  [
    'an item of a batch is text and has no bytes',
    (entry, { inner }) => inner && isOf(['brokenUtf8'], entry),
  ],
  [
    'it says in good form, and nothing else denies, that the object is gone',
    ({ name }, target) => name === '404' && denying.includes(target.name),
  ],
  ['it takes real time', (entry, { name }) => isOf(['hang'], entry) && !waitedFor.includes(name)],
  [
    'the answer has no rows',
    (entry, { name }) => isOf(inRows, entry) && /latest|sign-in/.test(name),
  ],
  [
    'the answer itself has no id',
    (entry, { name }) => isOf(['dropProperty'], entry) && name === '$batch',
  ],
  [
    'the answer has one page',
    (entry, { paged }) => !paged && isOf([...betweenPages, 'expiredPageToken'], entry),
  ],
];

/** Why a fault cannot meet a request; undefined when it can. */
export function whyNot(entry: CatalogueEntry, target: FaultTarget): string | undefined {
  return refusals.find(([, holds]) => holds(entry, target))?.[0];
}

export function shotOf(entry: CatalogueEntry, target: FaultTarget, times?: number): Shot {
  const shot = { name: `${entry.name} on ${target.name}`, entry, target };
  if (times === undefined) return shot;
  const most = isOf(inRows, entry) ? 8 : isOf(inBodies, entry) ? 3 : 1;
  return { ...shot, times: Math.max(times, Math.min(target.times ?? 1, most)) };
}

/** Shots of faults at everything that they fit. */
export function shotsOf(entries: readonly CatalogueEntry[], times?: number): Shot[] {
  return entries.flatMap((entry) =>
    faultTargets
      .filter((target) => whyNot(entry, target) === undefined)
      .map((target) => shotOf(entry, target, times)),
  );
}

const MAX_TRIES = 3;

/**
 * Shots that are to be made, together or one by one. Together every shot of a mode is made in one
 * backup: where a collection was read to its end none hid another, else its shots are made one by
 * one. One by one means one for each collection, and what several collections share by itself.
 */
export class Cover {
  readonly #open: Map<string, Shot>;
  readonly #tried = new Map<string, number>();
  readonly #alone: Set<string>;

  constructor(shots: readonly Shot[], how: 'together' | 'oneByOne') {
    this.#open = new Map(shots.map((shot) => [shot.name, shot]));
    const collections = shots.map((shot) => shot.target.collection);
    this.#alone = new Set(how === 'oneByOne' ? collections : []);
  }

  /** Pairs that have not met yet. */
  get open(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** What goes wrong in the next backup; undefined when all is done or nothing helps. */
  next(): { readonly mode: Mode; readonly shots: readonly Shot[] } | undefined {
    const left = [...this.#open.values()].filter(
      ({ name }) => (this.#tried.get(name) ?? 0) < MAX_TRIES,
    );
    const [first] = left;
    if (first === undefined) return undefined;
    const mode = modeFor(left);
    const shots = this.#choose(left.filter((shot) => shot.target.in.includes(mode)));
    for (const { name } of shots) this.#tried.set(name, (this.#tried.get(name) ?? 0) + 1);
    return { mode, shots };
  }

  #choose(fitting: readonly Shot[]): readonly Shot[] {
    const hit = new Set<string>();
    const chosen = fitting.filter(({ target: { collection, suffers } }) => {
      if (!this.#alone.has(collection)) return true;
      if (suffers.some((name) => hit.has(name))) return false;
      for (const name of suffers) hit.add(name);
      return true;
    });
    if (!this.#alone.has('shared')) return chosen;
    const own = chosen.filter((shot) => shot.target.collection !== 'shared');
    return own.length > 0 ? own : chosen;
  }

  /** Notes who met whom: alone, or in a collection that was read to its end nevertheless. */
  note(shots: readonly Shot[], result: RunResult): void {
    const met = shots.filter((shot) => result.effective.has(shot.name));
    for (const shot of met) {
      const rivals = met.filter((other) => other !== shot && concern(shot, other));
      const isRead = affected(shot).every((collection) => result.read.has(collection));
      if (isRead || rivals.length === 0) this.#open.delete(shot.name);
      else for (const { target } of [shot, ...rivals]) this.#alone.add(target.collection);
    }
  }
}

const collections = [...new Set(faultTargets.map((target) => target.collection))];

function affected({ target }: Shot): readonly string[] {
  return target.suffers.includes('shared')
    ? collections.filter((name) => name !== 'shared')
    : target.suffers;
}

/** Both can keep the same collection from being read. */
function concern(one: Shot, other: Shot): boolean {
  const names = affected(other);
  return affected(one).some((name) => names.includes(name));
}

/** The kind of backup that more of the shots need. */
function modeFor(shots: readonly Shot[]): Mode {
  const fitting = (mode: Mode): number =>
    shots.filter(({ target }) => target.in.includes(mode)).length;
  return fitting('full') >= fitting('incremental') ? 'full' : 'incremental';
}
