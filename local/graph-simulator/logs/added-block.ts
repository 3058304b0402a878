// Records a test adds by hand, with a text of its own or rendered like those of a stream.
import { collectionOf, type LogSource, type LogVariant, timeProperty } from './log-source.ts';
import { completePlan, type FullStreamPlan } from './log-stream.ts';
import { createPopulation, type Population } from './population.ts';
import type { LogVersion, RecordBlock } from './record-block.ts';
import { RecordOverrides } from './record-overrides.ts';
import { idOfRecord, renderRecord } from './render-record.ts';
import { millisecondsOfTicks, parseTicks } from './ticks.ts';

export type NewLogRecord = {
  /** RFC 3339 with up to seven digits after the second; read from `text` when that is given. */
  readonly time?: string;
  /** The whole record as JSON text: sent byte for byte, in every API version. */
  readonly text?: string;
  /** Id of a rendered record; any text. */
  readonly id?: string;
  /** Milliseconds since 1970; at its own time unless given. */
  readonly arrivesAt?: number;
};

type Added = {
  readonly id: string;
  readonly ticks: number;
  readonly arrival: number;
  readonly number: number;
  readonly text: string | undefined;
};

export class AddedBlock implements RecordBlock {
  readonly order: number;
  readonly times: readonly number[];
  readonly arrivals: readonly number[];
  readonly overrides = new RecordOverrides();
  readonly #records: readonly Added[];
  readonly #plan: FullStreamPlan;
  readonly #population: Population;

  /** `first` numbers the records of one source, so that rendered ones differ. */
  constructor(source: LogSource, records: readonly NewLogRecord[], order: number, first: number) {
    this.#plan = completePlan({ source, from: 0, to: 1, records: 0, seed: 2_000_000_011 });
    this.#population = createPopulation(this.#plan);
    this.#records = records
      .map((record, place) => this.#read(source, record, first + place))
      .sort((a, b) => a.ticks - b.ticks || a.number - b.number);
    this.order = order;
    this.times = this.#records.map(({ ticks }) => ticks);
    this.arrivals = this.#records.map(({ arrival }) => arrival);
  }

  get isPlain(): boolean {
    return this.overrides.isEmpty;
  }

  id(index: number): string {
    return this.#at(index).id;
  }

  text(index: number, version: number, variant: LogVariant): string {
    const record = this.#at(index);
    const given = this.overrides.text(index, version) ?? record.text;
    if (given !== undefined) {
      return given;
    }
    const { number, ticks } = record;
    const text = renderRecord(this.#plan, this.#population, number, ticks, version, variant);
    const start = `{"id":${JSON.stringify(idOfRecord(this.#plan, number))}`;
    return `{"id":${JSON.stringify(record.id)}${text.slice(start.length)}`;
  }

  versions(index: number): readonly LogVersion[] {
    const from = this.#at(index).arrival;
    return this.overrides.versions(index, [{ number: 0, from, keepsOlder: false }]);
  }

  copies(index: number): number {
    return 1 + this.overrides.extraCopies(index);
  }

  #at(index: number): Added {
    const record = this.#records[index];
    if (record === undefined) {
      throw new Error(`no added record ${index}`);
    }
    return record;
  }

  #read(source: LogSource, record: NewLogRecord, number: number): Added {
    const content = record.text === undefined ? {} : readText(source, record.text);
    const time = record.time ?? content.time ?? '';
    const ticks = parseTicks(time);
    if (ticks === undefined) {
      throw new Error(`a log record needs a time, not '${time}'`);
    }
    return {
      id: content.id ?? record.id ?? idOfRecord(this.#plan, number),
      ticks,
      arrival: record.arrivesAt ?? millisecondsOfTicks(ticks) + 1,
      number,
      text: record.text,
    };
  }
}

/** Id and time out of a text, read as JSON; throws when it is none. */
function readText(source: LogSource, text: string): { id?: string; time?: string } {
  const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { id } = value;
  const time = value[timeProperty(collectionOf(source))];
  return {
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof time === 'string' ? { time } : {}),
  };
}
