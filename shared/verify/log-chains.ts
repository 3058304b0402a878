// Verifies the logs of one source of one tenant in one or both repositories. Names every defect, never
// stops at the first one and never repairs.
import { isDeepStrictEqual } from 'node:util';
import type { ChainLink } from '../log-repository/chain.ts';
import type { CopyParts } from '../log-repository/copy-parts.ts';
import type { ChainId } from '../log-repository/log-names.ts';
import type { LogSide } from '../log-repository/log-side.ts';
import type { Clock } from '../model/clock.ts';
import { ChainSide, newPlace, type SidePlace } from './log-chain-side.ts';
import { DefectList, type LogDefect, type LogSideName } from './log-defects.ts';
import { listChain } from './log-inventory.ts';

/**
 * `quick`: chains, names, lengths, hashes of manifests, both sides alike, counts. `full`: also every
 * frame decrypted, hashed and counted, and each index compared with its segment.
 */
export type LogVerifyLevel = 'quick' | 'full';

export interface LogVerifyContext {
  readonly chain: ChainId;
  readonly sides: Partial<Record<LogSideName, LogSide>>;
  readonly level: LogVerifyLevel;
  readonly parts: CopyParts;
  readonly clock: Clock;
}

export interface LogVerifyPlace {
  /** The next number to look at; numbers go down. Higher ones were not there at the start. */
  readonly number: number;
  readonly sides: Partial<Record<LogSideName, SidePlace>>;
  readonly defects: readonly LogDefect[];
  readonly defectCount: number;
}

export interface SideCounts {
  readonly manifests: number;
  readonly segments: number;
  readonly records: number;
  /** Decrypted; 0 at level `quick`. */
  readonly bytes: number;
}

export interface LogVerification {
  readonly level: LogVerifyLevel;
  /** The first 1,000. */
  readonly defects: readonly LogDefect[];
  readonly defectCount: number;
  readonly checked: Partial<Record<LogSideName, SideCounts>>;
  /** JSON; hand it to the next slice. Undefined: everything was looked at. */
  readonly next?: LogVerifyPlace;
}

type Sides = Partial<Record<LogSideName, ChainSide>>;
const sideNames = ['secondary', 'primary'] as const;

/**
 * Looks at numbers from the newest down until `deadline`; at least one. Throws errors that say
 * nothing about what is stored: a store or a key that is out of reach.
 */
export async function verifyLogs(
  context: LogVerifyContext,
  deadline: Date,
  from?: LogVerifyPlace,
): Promise<LogVerification> {
  const defects = new DefectList(from?.defects, from?.defectCount);
  const sides = await openSides(context, defects, from);
  const numbers = numbersOf(sides, from?.number);
  let next: number | undefined;
  for (const [place, number] of numbers.entries()) {
    const links: Partial<Record<LogSideName, ChainLink>> = {};
    for (const name of sideNames) {
      const link = await sides[name]?.check(number);
      if (link !== undefined) links[name] = link;
    }
    compare(context, sides, links, number, defects);
    next = numbers[place + 1];
    if (context.clock.now() >= deadline) break;
  }
  if (next === undefined) for (const side of Object.values(sides)) side.finish();
  return resultOf(context.level, sides, defects, next);
}

async function openSides(
  context: LogVerifyContext,
  defects: DefectList,
  from: LogVerifyPlace | undefined,
): Promise<Sides> {
  const { chain, parts, level } = context;
  const sides: Sides = {};
  // the copy first: what it has, the original has too
  for (const name of sideNames) {
    const side = context.sides[name];
    if (side === undefined) continue;
    const inventory = await listChain(side.store, chain, parts);
    const place = structuredClone(from?.sides[name]) ?? newPlace(inventory.first);
    const more = { chain, parts, isFull: level === 'full', defects, place };
    const opened = new ChainSide(name, side, inventory, more);
    if (from === undefined) opened.begin();
    sides[name] = opened;
  }
  return sides;
}

/** All numbers that stand in names, from the newest manifest or `from` down. */
function numbersOf(sides: Sides, from: number | undefined): number[] {
  const inventories = Object.values(sides).map(({ inventory }) => inventory);
  const last = Math.max(0, ...inventories.map((inventory) => inventory.last));
  const numbers = inventories.flatMap(({ manifests, containers }) => [
    ...manifests,
    ...containers.keys(),
  ]);
  const top = Math.min(last, from ?? last);
  return [...new Set(numbers)].filter((number) => number <= top).sort((a, b) => b - a);
}

/** What both repositories have of one number must be the same statement. */
function compare(
  { parts, chain }: LogVerifyContext,
  sides: Sides,
  links: Partial<Record<LogSideName, ChainLink>>,
  number: number,
  defects: DefectList,
): void {
  const { primary, secondary } = links;
  const name = parts.manifestName(chain, number);
  const add = (side: LogSideName, kind: LogDefect['kind'], what: string): void =>
    defects.add({ side, kind, name, number, message: `${name}: ${what}` });
  if (primary !== undefined && secondary !== undefined) {
    if (!parts.isCopyPair(primary, secondary)) {
      add('secondary', 'differs', 'the one is not the copy of the other');
    }
    if (!isDeepStrictEqual(statement(parts, primary), statement(parts, secondary))) {
      add('secondary', 'differs', 'the two repositories say other things of it');
    }
  }
  const lost = sides.primary !== undefined && number > sides.primary.inventory.last;
  if (lost && secondary !== undefined) {
    add('primary', 'missing', 'the secondary has it, the primary has lost it');
  }
}

/** What must be alike; the acts of one repository and its containers are its own. */
function statement(parts: CopyParts, { manifest }: ChainLink): unknown {
  const segments = parts.segmentsToCopy(manifest).map((segment) => {
    const { hour, records, new: added, changed, minTime, maxTime } = segment;
    return { hour, records, added, changed, minTime, maxTime };
  });
  return { ...parts.commonContent(manifest), segments };
}

function resultOf(
  level: LogVerifyLevel,
  sides: Sides,
  list: DefectList,
  number: number | undefined,
): LogVerification {
  const places: Partial<Record<LogSideName, SidePlace>> = {};
  const checked: Partial<Record<LogSideName, SideCounts>> = {};
  for (const name of sideNames) {
    const place = sides[name]?.place;
    if (place === undefined) continue;
    const { manifests, segments, records, bytes } = place;
    checked[name] = { manifests, segments, records, bytes };
    places[name] = place;
  }
  const { defects, count: defectCount } = list;
  const base = { level, defects, defectCount, checked };
  if (number === undefined) return base;
  return { ...base, next: { number, sides: places, defects, defectCount } };
}
