import type { ChainLink } from '../log-repository/chain.ts';
import type { CopyParts } from '../log-repository/copy-parts.ts';
import type { ChainId } from '../log-repository/log-names.ts';
import type { LogSide } from '../log-repository/log-side.ts';
import type { ManifestSegment } from '../log-repository/manifest.ts';
import { type DefectList, defectOf, type LogDefect, type LogSideName } from './log-defects.ts';
import { gapsOf, type LogInventory } from './log-inventory.ts';

/** What was learnt from higher numbers; JSON, so that the next slice goes on with it. */
export interface SidePlace {
  /** The last manifest that was read, and what it holds in `previous`. */
  above: number;
  expected: string | null;
  /** The first number when the verification began: what is removed since is no defect. */
  first: number;
  /** Segments that repairs above have replaced. */
  replaced: string[];
  /** The newest checkpoint above: what it lets be missing. */
  removedThrough: number;
  removedSha256: string | null;
  manifests: number;
  segments: number;
  records: number;
  bytes: number;
}

export const newPlace = (first: number): SidePlace => ({
  ...{ first, above: 0, expected: null, replaced: [], removedThrough: 0, removedSha256: null },
  ...{ manifests: 0, segments: 0, records: 0, bytes: 0 },
});

/** One chain in one repository, looked at from the newest number down. */
export class ChainSide {
  readonly inventory: LogInventory;
  readonly place: SidePlace;
  readonly #name: LogSideName;
  readonly #side: LogSide;
  readonly #chain: ChainId;
  readonly #parts: CopyParts;
  readonly #isFull: boolean;
  readonly #defects: DefectList;

  constructor(
    name: LogSideName,
    side: LogSide,
    inventory: LogInventory,
    more: {
      readonly chain: ChainId;
      readonly parts: CopyParts;
      readonly isFull: boolean;
      readonly defects: DefectList;
      readonly place: SidePlace;
    },
  ) {
    this.#name = name;
    this.#side = side;
    this.inventory = inventory;
    this.#chain = more.chain;
    this.#parts = more.parts;
    this.#isFull = more.isFull;
    this.#defects = more.defects;
    this.place = more.place;
  }

  /** What the names alone tell: said once. */
  begin(): void {
    const { unknown, containers, last } = this.inventory;
    for (const name of unknown) {
      const message = `${name} is no name of a log repository`;
      this.#defects.add({ side: this.#name, kind: 'unknown', name, message });
    }
    for (const { from, through } of gapsOf(this.inventory)) {
      const message = `numbers ${from} to ${through} are missing, later ones are there`;
      this.#add('gap', from, message, { through });
    }
    // containers of the next number may be on their way
    for (const [number, names] of containers) {
      if (number > last + 1) this.#orphans(number, names, []);
    }
  }

  /** Checks one number; the link when its manifest is sound. */
  async check(number: number): Promise<ChainLink | undefined> {
    const { last, manifests } = this.inventory;
    if (number > last) return undefined;
    const names = this.inventory.containers.get(number) ?? new Map<string, number>();
    if (!manifests.has(number)) {
      this.#orphans(number, names, []);
      return undefined;
    }
    const link = await this.#read(number);
    // without the manifest nobody knows what should be there
    if (link === undefined) return undefined;
    this.place.manifests += 1;
    this.#follow(link);
    const isRemoved = number <= this.place.removedThrough;
    // a removal that goes on: containers go first, the manifest last
    const segments = isRemoved ? [] : link.manifest.segments;
    for (const segment of segments) await this.#segment(link, segment, names);
    const named = link.manifest.segments.flatMap(({ name, index }) => [name, index.name]);
    this.#orphans(number, names, named);
    return link;
  }

  /** After the lowest number: is the beginning explained? Only then is nothing missing. */
  finish(): void {
    const { first } = this.inventory;
    if (first <= 1 || first > this.place.first) return;
    const through = first - 1;
    const { removedThrough, removedSha256, above, expected } = this.place;
    if (removedThrough < through) {
      const message = `numbers 1 to ${through} are missing and no checkpoint has removed them`;
      this.#add('gap', 1, message, { through });
      return;
    }
    const isKnown = removedThrough === through && above === first;
    const isOther = isKnown && expected !== removedSha256;
    if (isOther) this.#add('broken', first, 'it does not follow what a checkpoint has removed');
  }

  async #read(number: number): Promise<ChainLink | undefined> {
    try {
      return await this.#parts.readLink(this.#side.store, this.#chain, number);
    } catch (error) {
      const name = this.#parts.manifestName(this.#chain, number);
      this.#catch(error, name, number);
      return undefined;
    }
  }

  #follow({ manifest, sha256, number }: ChainLink): void {
    const { place } = this;
    if (place.above === number + 1 && place.expected !== sha256) {
      this.#add('broken', number, 'the next manifest names another one as the one before');
    }
    if ((manifest.previous === null) !== (number === 1)) {
      this.#add('broken', number, 'it is no beginning, or names nothing before it');
    }
    if (manifest.checkpoint !== undefined && place.removedSha256 === null) {
      place.removedThrough = manifest.checkpoint.removedThrough;
      place.removedSha256 = manifest.checkpoint.manifestSha256;
    }
    const isRemoved = place.removedThrough === number && place.removedSha256 !== sha256;
    if (isRemoved) this.#add('broken', number, 'a checkpoint removes another manifest than this');
    place.above = number;
    place.expected = manifest.previous;
    place.replaced.push(...(manifest.repair?.replaced ?? []).map(({ name }) => name));
  }

  async #segment(
    { number, manifest }: ChainLink,
    segment: ManifestSegment,
    names: ReadonlyMap<string, number>,
  ): Promise<void> {
    const { place } = this;
    if (place.replaced.includes(segment.name)) return;
    if (manifest.uncopied?.includes(segment.name) === true) {
      this.#uncopied(number, segment);
      return;
    }
    place.segments += 1;
    place.records += segment.records;
    this.#names(number, segment);
    const hasSegment = await this.#length(number, segment, names);
    const hasIndex = await this.#length(number, segment.index, names);
    if (!this.#isFull) return;
    const audited = hasSegment ? await this.#auditSegment(number, segment) : undefined;
    if (!hasIndex) return;
    const { name } = segment.index;
    await this.#guard(name, number, async () => {
      place.bytes += await this.#parts.auditIndex(this.#side, segment, audited);
    });
  }

  #uncopied(number: number, { name, records }: ManifestSegment): void {
    const message = `${name} was lost in the primary with ${records} records before it was copied`;
    this.#defects.add({ side: this.#name, kind: 'missing', name, number, message });
  }

  async #auditSegment(
    number: number,
    segment: ManifestSegment,
  ): Promise<Awaited<ReturnType<CopyParts['auditSegment']>> | undefined> {
    return await this.#guard(segment.name, number, async () => {
      const audited = await this.#parts.auditSegment(this.#side, segment);
      this.place.bytes += audited.bytes;
      return audited;
    });
  }

  async #guard<Result>(
    name: string,
    number: number,
    act: () => Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await act();
    } catch (error) {
      this.#catch(error, name, number);
      return undefined;
    }
  }

  /** Errors that say nothing about what is stored end the slice. */
  #catch(error: unknown, name: string, number: number): void {
    const defect = defectOf(error, { side: this.#name, name, number });
    if (defect === undefined) throw error;
    this.#defects.add(defect);
  }

  #names(number: number, segment: ManifestSegment): void {
    const parsed = this.#parts.parseLogName(segment.name);
    const { tenant, source } = this.#chain;
    const isOwn =
      parsed?.kind === 'segment' && parsed.number === number && parsed.hour === segment.hour;
    const isOwnChain = parsed?.tenant === tenant && parsed.source === source;
    const hasIndex = segment.index.name === segment.name.replace(/\.seg$/, '.idx');
    if (isOwn && isOwnChain && hasIndex) return;
    this.#add('foreign', number, `it names ${segment.name}, which is no name of its segments`);
  }

  async #length(
    number: number,
    blob: { readonly name: string; readonly bytes: number },
    names: ReadonlyMap<string, number>,
  ): Promise<boolean> {
    const at = { side: this.#name, number, name: blob.name };
    // it may have come after the list was read
    const bytes = names.get(blob.name) ?? (await this.#side.store.head(blob.name))?.bytes;
    if (bytes === blob.bytes) return true;
    if (bytes === undefined) {
      this.#defects.add({ ...at, kind: 'missing', message: `${blob.name} is not there` });
    } else {
      const message = `${blob.name} has ${bytes} bytes, its manifest says ${blob.bytes}`;
      this.#defects.add({ ...at, kind: 'damaged', message });
    }
    return false;
  }

  #orphans(number: number, names: ReadonlyMap<string, number>, named: readonly string[]): void {
    for (const name of names.keys()) {
      if (named.includes(name)) continue;
      const message = `${name} is named by no manifest`;
      this.#defects.add({ side: this.#name, kind: 'orphan', name, number, message });
    }
  }

  #add(
    kind: LogDefect['kind'],
    number: number,
    what: string,
    more: Pick<LogDefect, 'through'> = {},
  ): void {
    const name = this.#parts.manifestName(this.#chain, number);
    const message = `${name}: ${what}`;
    this.#defects.add({ side: this.#name, kind, name, number, ...more, message });
  }
}
