import type { CacheRepository } from '../cache/cache-repository.ts';
import { BackupError, isBackupError } from '../errors/backup-error.ts';
import type { ChainLink } from '../log-repository/chain.ts';
import {
  type CachedState,
  decodeHour,
  decodeState,
  encodeHour,
  encodeState,
  type Pace,
} from './cached-state.ts';
import type { CollectContext } from './collect-context.ts';
import { type KnownDigests, noDigests } from './known-digests.ts';
import { DAY, HOUR } from './log-time.ts';
import { readState, readStateAfter } from './read-state.ts';
import { foldLink, type SourceState, type SweepDelays } from './source-state.ts';

const firstPace: Pace = { width: HOUR, aside: [] };
const KEPT_HOURS = 4;

/**
 * What is known of a source during a slice: the state of its chain and the digests of its hours, from
 * the cache where that fits the chain exactly, else from manifests and indexes. Without a cache
 * everything comes from there.
 */
export class SourceMemory {
  state: SourceState;
  pace: Pace;
  readonly #context: CollectContext;
  readonly #cache: CacheRepository | undefined;
  readonly #delays: SweepDelays;
  readonly #digests = new Map<string, { readonly lastSha: string; readonly known: KnownDigests }>();
  readonly #etags = new Map<string, string>();

  private constructor(
    context: CollectContext,
    cache: CacheRepository | undefined,
    delays: SweepDelays,
    known: CachedState,
  ) {
    this.#context = context;
    this.#cache = cache;
    this.#delays = delays;
    this.state = known.state;
    this.pace = known.pace;
  }

  /** Throws `cacheUnreachable` when there is a cache, and the errors of chains. */
  static async open(
    context: CollectContext,
    cache: CacheRepository | undefined,
    delays: SweepDelays,
  ): Promise<SourceMemory> {
    const found = await cache?.read(partitionOf(context), 'state');
    const cached = found && decodeState(partitionOf(context), found.value);
    const state = await currentState(context, delays, cached?.state);
    const pace = cached?.pace ?? firstPace;
    const memory = new SourceMemory(context, cache, delays, { state, pace });
    if (found !== undefined) memory.#etags.set('state', found.etag);
    return memory;
  }

  /** After another writer was first. */
  async refresh(): Promise<void> {
    this.state = await currentState(this.#context, this.#delays, this.state);
  }

  /** All digests of an hour that the chain names. */
  async digests(hour: string): Promise<KnownDigests> {
    const state = this.state.hours[hour];
    if (state === undefined) return noDigests;
    const kept = this.#digests.get(hour);
    if (kept !== undefined && kept.lastSha === state.lastSha) return kept.known;
    const known = (await this.#cachedDigests(hour)) ?? (await this.#storedDigests(hour));
    this.#keep(hour, known);
    return known;
  }

  /** Folds in what was just appended, with the digests of the hours it touched. */
  fold(link: ChainLink, hours: ReadonlyMap<string, KnownDigests>): void {
    this.state = foldLink(this.state, link, this.#delays);
    for (const [hour, known] of hours) this.#keep(hour, known);
  }

  async cacheHours(hours: ReadonlyMap<string, KnownDigests>): Promise<void> {
    if (this.#cache === undefined) return;
    for (const [hour, known] of hours) {
      const state = this.state.hours[hour];
      if (state === undefined) continue;
      // beyond the last sweep nothing of the hour is read again
      const expires = new Date(
        Date.parse(`${hour}:00:00Z`) + (this.#context.retentionDays + 2) * DAY,
      );
      const value = encodeHour(partitionOf(this.#context), known, state);
      await this.#write(`hour ${hour}`, value, expires);
    }
  }

  async cacheState(): Promise<void> {
    const { state, pace } = this;
    await this.#write('state', encodeState(partitionOf(this.#context), { state, pace }));
  }

  #keep(hour: string, known: KnownDigests): void {
    const lastSha = this.state.hours[hour]?.lastSha;
    this.#digests.delete(hour);
    if (lastSha === undefined) return;
    this.#digests.set(hour, { lastSha, known });
    const [oldest] = this.#digests.keys();
    if (this.#digests.size > KEPT_HOURS && oldest !== undefined) this.#digests.delete(oldest);
  }

  async #cachedDigests(hour: string): Promise<KnownDigests | undefined> {
    const state = this.state.hours[hour];
    const row = `hour ${hour}`;
    const found = await this.#cache?.read(partitionOf(this.#context), row);
    if (found === undefined || state === undefined) return undefined;
    this.#etags.set(row, found.etag);
    return decodeHour(partitionOf(this.#context), found.value, state);
  }

  async #storedDigests(hour: string): Promise<KnownDigests> {
    const { repository } = this.#context;
    let known = noDigests;
    let lines = 0;
    const pieces = repository.digestsOfHour(this.#context, hour, this.state.number);
    for await (const piece of pieces) {
      known = known.merged(piece);
      lines += piece.length;
    }
    const { records = 0, versions = 0 } = this.state.hours[hour] ?? {};
    if (known.count === records + versions && known.sorted.length === lines) return known;
    throw new BackupError('chainBroken', `the segments of ${hour} are not those its chain counts`, {
      details: {
        hour,
        source: this.#context.source,
        stored: known.count,
        counted: records + versions,
      },
    });
  }

  /** A hint: when another worker was faster, its state stays. */
  async #write(row: string, value: Buffer, expires?: Date): Promise<void> {
    if (this.#cache === undefined) return;
    const partition = partitionOf(this.#context);
    const options = expires === undefined ? {} : { expires };
    const etag = this.#etags.get(row);
    const written = await this.#cache.write(partition, row, value, etag, options);
    if (written !== 'conflict') {
      this.#etags.set(row, written);
      return;
    }
    const found = await this.#cache.read(partition, row);
    if (found === undefined) this.#etags.delete(row);
    else this.#etags.set(row, found.etag);
  }
}

function partitionOf({ tenant, source }: CollectContext): string {
  return `logs/${tenant}/${source}`;
}

/** The known state brought up to the head of the chain, or folded anew when it does not fit. */
async function currentState(
  context: CollectContext,
  delays: SweepDelays,
  known: SourceState | undefined,
): Promise<SourceState> {
  if (known !== undefined && known.number > 0) {
    try {
      const state = await readStateAfter(context, delays, known);
      if (state !== undefined) return state;
    } catch (error) {
      // of another chain: folded anew, and what is really broken is found then
      if (!isBackupError(error, 'chainBroken')) throw error;
    }
  }
  return await readState(context, delays);
}
