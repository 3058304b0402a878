// An export as it is stored: parts in the sealed container format, one behind the other, each with where
// the next one goes on. The parts are the ledger: what is stored is done, and nothing is overwritten.
// What the bytes of an export mean is not its matter.
import { createHash } from 'node:crypto';
import { BackupError } from '../errors/backup-error.ts';
import type { Container } from '../log-repository/container-reader.ts';
import type { Frame } from '../log-repository/container-writer.ts';
import type { LogSide } from '../log-repository/log-side.ts';
import type { PartContainers } from '../log-repository/part-containers.ts';

export interface ExportPlace extends LogSide {
  readonly containers: PartContainers;
}

/** What a part says of itself; kept in its encrypted footer. */
export interface PartState {
  /** From 1. */
  readonly number: number;
  /** Offset of its first byte in the export. */
  readonly offset: number;
  readonly bytes: number;
  /** Of this part and all before. */
  readonly records: number;
  /** Where the next part goes on, JSON; undefined: this is the last one. */
  readonly position?: unknown;
  /** False once anything that was asked for could not be read. */
  readonly isWhole: boolean;
  /** What was missing in this part: codes and names. */
  readonly notes: readonly string[];
}

export interface NewPart {
  readonly frames: AsyncIterable<Frame>;
  /** Asked for when all frames were given. */
  readonly state: () => Omit<PartState, 'number' | 'offset' | 'bytes'>;
}

interface OpenPart {
  readonly container: Container;
  readonly state: PartState;
}

const MAX_NOTES = 3500;
const FOLDER = 'exports';

/** Names of all exports of a tenant begin with it. */
export function exportFolder(containers: PartContainers, tenant: string): string {
  return `${containers.chainFolder({ tenant, source: FOLDER })}/`;
}

export class StoredExport {
  readonly #place: ExportPlace;
  readonly #tenant: string;
  readonly #id: string;
  readonly #parts = new Map<number, Promise<OpenPart>>();

  /** `id`: GUID of the operation in lower case. */
  constructor(place: ExportPlace, tenant: string, id: string) {
    this.#place = place;
    this.#tenant = tenant;
    this.#id = id;
  }

  get prefix(): string {
    return `${exportFolder(this.#place.containers, this.#tenant)}${this.#id}/`;
  }

  /** The newest part; undefined while there is none. Throws the errors of openContainer. */
  async last(): Promise<PartState | undefined> {
    let last = 0;
    for await (const { name } of this.#place.store.list(this.prefix)) {
      const number = Number(/(\d{10})\.part$/.exec(name)?.[1] ?? 0);
      last = Math.max(last, number);
    }
    return last === 0 ? undefined : (await this.#part(last)).state;
  }

  /** Stores the part after `before`. When another worker was first, its part is the answer. */
  async append(before: PartState | undefined, part: NewPart): Promise<PartState> {
    const { store, keys, containers } = this.#place;
    const number = (before?.number ?? 0) + 1;
    const offset = before === undefined ? 0 : before.offset + before.bytes;
    const attributes: Record<string, string> = {};
    async function* withAttributes(): AsyncGenerator<Frame> {
      yield* part.frames;
      Object.assign(attributes, attributesOf(part.state(), number, offset));
    }
    const identity = this.#identity(number);
    const options = { identity, keys, codec: 'zstd' as const, attributes };
    await containers.storeContainer(store, this.#name(number), options, withAttributes());
    return (await this.#part(number)).state;
  }

  /** Bytes of the export from `from` on; fewer when `last`, its last part, ends before. */
  async read(last: PartState, from: number, bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let at = from;
    const end = Math.min(from + bytes, last.offset + last.bytes);
    for (let number = await this.#partAt(last, from); at < end; number += 1) {
      const { container, state } = await this.#part(number);
      let offset = state.offset;
      for (const [frame, { raw }] of container.footer.frames.entries()) {
        if (at >= end) break;
        if (at < offset + raw) {
          const content = await container.readFrame(frame);
          pieces.push(content.subarray(at - offset, Math.min(raw, end - offset)));
          at = Math.min(end, offset + raw);
        }
        offset += raw;
      }
    }
    return Buffer.concat(pieces);
  }

  /** Parts are in the order of their offsets: found by halving. */
  async #partAt(last: PartState, offset: number): Promise<number> {
    let [low, high] = [1, last.number];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((await this.#part(middle)).state.offset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async #part(number: number): Promise<OpenPart> {
    const opened = this.#parts.get(number) ?? this.#open(number);
    this.#parts.set(number, opened);
    // what fails now may be there later
    opened.catch(() => this.#parts.delete(number));
    return await opened;
  }

  async #open(number: number): Promise<OpenPart> {
    const { store, keys, containers } = this.#place;
    const name = this.#name(number);
    const container = await containers.openContainer(store, name, keys, this.#identity(number));
    const bytes = container.footer.frames.reduce((sum, { raw }) => sum + raw, 0);
    return { container, state: stateOf(container, number, bytes) };
  }

  #name(number: number): string {
    return `${this.prefix}${String(number).padStart(10, '0')}.part`;
  }

  /** Binds a part to its export and its number. */
  #identity(number: number) {
    const segmentId = createHash('sha256').update(`${this.#id} ${number}`).digest('hex');
    return {
      ...{ tenant: this.#tenant, source: FOLDER, content: 'export' },
      segmentId: segmentId.slice(0, 32),
    };
  }
}

function attributesOf(
  state: ReturnType<NewPart['state']>,
  number: number,
  offset: number,
): Record<string, string> {
  const { position, isWhole, records, notes } = state;
  const kept: string[] = [];
  for (const note of notes) {
    if (JSON.stringify([...kept, note]).length <= MAX_NOTES) kept.push(note);
  }
  return {
    ...{ number: String(number), offset: String(offset), records: String(records) },
    ...{ isWhole: String(isWhole), notes: JSON.stringify(kept) },
    ...(position === undefined ? {} : { position: JSON.stringify(position) }),
  };
}

function stateOf({ footer, name }: Container, number: number, bytes: number): PartState {
  const { offset, records, isWhole, notes, position } = footer.attributes;
  if (offset === undefined || records === undefined || notes === undefined) {
    throw new BackupError('containerDamaged', `${name} is no part of an export`, {
      details: { name, part: 'footer' },
    });
  }
  return {
    ...{ number, bytes, offset: Number(offset), records: Number(records) },
    isWhole: isWhole === 'true',
    notes: JSON.parse(notes) as string[],
    ...(position === undefined ? {} : { position: JSON.parse(position) as unknown }),
  };
}
