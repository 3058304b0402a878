// Logs of three sources written into a log repository as the collector does, and the truth beside them:
// what a search must find is decided here from the records' own members, not from what is stored.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { KeyWrapper } from '../../shared/encryption/key-wrapper.ts';
import { createLocalKey } from '../../shared/encryption/local-key.ts';
import { readRecord } from '../../shared/log-backup/log-record.ts';
import { logSourceEntries } from '../../shared/log-backup/log-sources.ts';
import type { SearchContext, SearchRequest } from '../../shared/log-backup/search-context.ts';
import type { SearchFilters } from '../../shared/log-backup/search-filters.ts';
import type { ChainLink } from '../../shared/log-repository/chain.ts';
import { LogRepository } from '../../shared/log-repository/log-repository.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import type { ManifestContent, ManifestSegment } from '../../shared/log-repository/manifest.ts';
import { searchParts } from '../../shared/log-repository/search-parts.ts';
import { systemClock } from '../../shared/model/clock.ts';
import type { LogSource } from '../../shared/model/log-source.ts';

export const SCENE_START = Date.parse('2026-03-04T05:00:00Z');
const HOUR = 3_600_000;
export const sceneSources = ['signIns', 'directoryAudits', 'provisioning'] as const;

/** A record with what the filters mean of it. */
export interface TrueRecord {
  readonly source: LogSource;
  readonly id: string;
  /** 28 characters. */
  readonly time: string;
  readonly text: string;
  readonly actor: readonly string[];
  readonly target: readonly string[];
  readonly application: readonly string[];
  readonly address: readonly string[];
  readonly correlation: readonly string[];
  readonly result?: 'success' | 'failure';
  readonly errorCode?: string;
  /** Order in which it was stored: of one id in one hour the last one is the newest. */
  readonly order: number;
}

/** The same numbers for the same seed. */
export function numbersOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const guidOf = (text: string): string => {
  const hash = createHash('sha256').update(text).digest('hex');
  return `${hash.slice(0, 8)}-0000-4000-8000-${hash.slice(8, 20)}`;
};

export class SearchScene {
  readonly tenant: string;
  readonly keys: KeyWrapper;
  readonly repository: LogRepository;
  readonly store: LogStore;
  readonly truth: TrueRecord[] = [];
  readonly #heads = new Map<LogSource, ChainLink>();
  #order = 0;

  constructor(
    store: LogStore,
    keys: KeyWrapper = createLocalKey(randomBytes(32)),
    tenant: string = randomUUID(),
  ) {
    this.tenant = tenant;
    this.store = store;
    this.keys = keys;
    this.repository = new LogRepository(store, keys, { frameBytes: 3000 });
  }

  context(more: Partial<SearchContext> = {}): SearchContext {
    const { tenant, store, keys } = this;
    return { ...{ tenant, store, keys, parts: searchParts, clock: systemClock }, ...more };
  }

  /** A window of hours `from` up to `to`; its records are stored in the order given. */
  async window(
    source: LogSource,
    [from, to]: readonly [number, number],
    records: readonly Omit<TrueRecord, 'order'>[],
    sweep = 0,
  ): Promise<ChainLink> {
    const hours = new Map<string, Omit<TrueRecord, 'order'>[]>();
    for (const record of records) {
      const hour = record.time.slice(0, 13);
      hours.set(hour, [...(hours.get(hour) ?? []), record]);
    }
    const segments: ManifestSegment[] = [];
    for (const [hour, own] of hours) segments.push(await this.#writeHour(source, hour, own));
    const read = records.length;
    const window = { from: hourTime(from), to: hourTime(to), sweep, read, new: read, changed: 0 };
    return await this.append(source, to + 0.2 + 20 * Math.min(sweep, 1), {
      ...{ kind: 'window', segments, window: { ...window, requests: 1 } },
    });
  }

  /** A manifest that is written so many hours after the start. */
  async append(
    source: LogSource,
    writtenAt: number,
    content: Omit<ManifestContent, 'createdDateTime' | 'writer'>,
  ): Promise<ChainLink> {
    const chain = { tenant: this.tenant, source };
    const link = await this.repository.append(chain, this.#heads.get(source), {
      ...content,
      createdDateTime: new Date(SCENE_START + writtenAt * HOUR).toISOString(),
      writer: randomUUID(),
    });
    if (link === undefined) throw new Error('another writer was first');
    this.#heads.set(source, link);
    return link;
  }

  async #writeHour(
    source: LogSource,
    hour: string,
    records: readonly Omit<TrueRecord, 'order'>[],
  ): Promise<ManifestSegment> {
    const number = (this.#heads.get(source)?.number ?? 0) + 1;
    const writer = this.repository.openHour({ tenant: this.tenant, source, hour, number });
    let changed = 0;
    for (const record of records) {
      const raw = Buffer.from(record.text);
      const { id, time, terms } = readRecord(logSourceEntries[source], raw);
      const digest = this.repository.digestOf(id, raw);
      await writer.add({ raw, time, digest, terms });
      const isSame = (each: TrueRecord): boolean =>
        each.source === source && each.id === id && each.time.slice(0, 13) === hour;
      if (this.truth.some(isSame)) changed += 1;
      this.truth.push({ ...record, order: this.#order++ });
    }
    const stored = await writer.close();
    return { ...stored, new: records.length - changed, changed };
  }
}

export function hourTime(hour: number): string {
  return `${new Date(SCENE_START + hour * HOUR).toISOString().slice(0, 23)}0000Z`;
}

/** A record of the `number`-th act at a random time of the hour; `version` changes how it ended. */
export function randomRecord(
  source: LogSource,
  hour: number,
  number: number,
  pick: (below: number) => number,
  version = 0,
): Omit<TrueRecord, 'order'> {
  const base = new Date(SCENE_START + hour * HOUR).toISOString().slice(0, 13);
  const [minute, second] = [pick(60), pick(60)].map((part) => String(part).padStart(2, '0'));
  // Graph drops zeros at the end of a fraction
  const fraction = String(pick(3) === 0 ? pick(1000) * 10_000 : pick(10_000_000)).padStart(7, '0');
  const shown = fraction.replace(/0+$/, '');
  const sent = `${base}:${minute}:${second}${shown === '' ? '' : `.${shown}`}Z`;
  const time = `${base}:${minute}:${second}.${fraction}Z`;
  // one in some records comes without an id
  const id = pick(40) === 0 ? '' : guidOf(`${source} ${hour} ${number}`);
  return { source, id, time, ...shapes[source as 'signIns'](id, sent, pick, version) };
}

type Shape = Omit<TrueRecord, 'order' | 'source' | 'id' | 'time'>;
type Shaper = (id: string, sent: string, pick: (below: number) => number, version: number) => Shape;

const people = ['Adele Vance', 'Zoë Müller', 'Ólafur "Oli" Jónsson', 'user0007'];
const apps = ['Azure Portal', 'Contoso Payroll', 'Microsoft Teams'];
const sentences = ['asked for a SECOND factor', 'blocked by policy "Näher"', 'nothing to say'];

const common = (pick: (below: number) => number) => {
  const user = pick(5);
  const app = pick(apps.length);
  return {
    userId: guidOf(`user ${user}`),
    upn: `User000${user}@contoso.example`,
    name: people[user % people.length] ?? '',
    appId: guidOf(`app ${app}`),
    app: apps[app] ?? '',
    address: ['192.0.2.7', '2001:DB8::1', '198.51.100.20'][pick(3)] ?? '',
    correlation: guidOf(`correlation ${pick(60)}`),
    note: sentences[pick(sentences.length)] ?? '',
  };
};

const shapes: Readonly<Record<(typeof sceneSources)[number], Shaper>> = {
  signIns: (id, sent, pick, version) => {
    const { userId, upn, name, appId, app, address, correlation, note } = common(pick);
    const code = [0, 0, 50126, 53003][(pick(4) + version) % 4] ?? 0;
    const record = {
      ...(id === '' ? {} : { id }),
      ...{ createdDateTime: sent, userId, userPrincipalName: upn, userDisplayName: name },
      ...{ appId, appDisplayName: app, ipAddress: address, correlationId: correlation },
      ...{ resourceId: '00000000-0000-0000-0000-000000000000', resourceDisplayName: 'Graph' },
      status: { errorCode: code, failureReason: note, additionalDetails: `version ${version}` },
    };
    return {
      ...{ text: JSON.stringify(record), actor: [userId, upn, name], target: ['Graph'] },
      ...{ application: [appId, app], address: [address], correlation: [correlation] },
      ...{ result: code === 0 ? 'success' : 'failure', errorCode: String(code) },
    };
  },
  directoryAudits: (id, sent, pick, version) => {
    const { userId, upn, name, appId, app, address, correlation, note } = common(pick);
    const ended = ['success', 'failure', 'timeout', 'unknownFutureValue'][(pick(4) + version) % 4];
    const byApp = pick(3) === 0;
    const reason = ended === 'success' ? '' : note;
    const user = { id: userId, userPrincipalName: upn, displayName: name, ipAddress: address };
    const record = {
      ...(id === '' ? {} : { id }),
      ...{ activityDateTime: sent, correlationId: correlation, result: ended, version },
      resultReason: reason,
      initiatedBy: byApp ? { app: { appId, displayName: app } } : { user },
      targetResources: [{ id: appId, displayName: `Group of ${name}` }, { id: userId }],
    };
    return {
      text: JSON.stringify(record),
      actor: byApp ? [] : [userId, upn, name],
      target: [appId, `Group of ${name}`, userId],
      application: byApp ? [appId, app] : [],
      address: byApp ? [] : [address],
      correlation: [correlation],
      ...(ended === 'success' ? { result: 'success' as const } : {}),
      ...(ended === 'failure' || ended === 'timeout' ? { result: 'failure' as const } : {}),
      ...(reason === '' ? {} : { errorCode: reason }),
    };
  },
  provisioning: (id, sent, pick, version) => {
    const { userId, name, appId, app, correlation, note } = common(pick);
    const ended =
      (['success', 'failure', 'skipped'] as const)[(pick(3) + version) % 3] ?? 'skipped';
    const isFailure = ended === 'failure';
    const record = {
      ...(id === '' ? {} : { id }),
      ...{ activityDateTime: sent, changeId: correlation, note },
      servicePrincipal: { id: appId, displayName: app },
      initiatedBy: { id: userId, displayName: name },
      sourceIdentity: { id: `row-${version}`, displayName: note },
      provisioningStatusInfo: {
        status: ended,
        errorInformation: isFailure ? { errorCode: 'TargetNotThere' } : null,
      },
    };
    return {
      ...{ text: JSON.stringify(record), actor: [userId, name], target: [`row-${version}`, note] },
      ...{ application: [appId, app], address: [], correlation: [correlation] },
      ...(ended === 'skipped' ? {} : { result: ended }),
      ...(isFailure ? { errorCode: 'TargetNotThere' } : {}),
    };
  },
};

/** What a search must answer, from the truth alone: texts in the order of time. */
export function expected(truth: readonly TrueRecord[], request: SearchRequest): TrueRecord[] {
  const idOf = ({ source, id, time }: TrueRecord): string => `${source} ${id} ${time.slice(0, 13)}`;
  const newest = new Map<string, number>();
  for (const record of truth) newest.set(idOf(record), record.order);
  return truth
    .filter(({ source }) => request.sources.includes(source))
    .filter(({ time }) => time >= request.from && time < request.to)
    .filter((record) => holds(record, request.filters))
    .filter(
      (record) =>
        request.versions === 'all' || record.id === '' || newest.get(idOf(record)) === record.order,
    )
    .sort((one, other) => (one.time < other.time ? -1 : 1));
}

function holds(record: TrueRecord, filters: SearchFilters): boolean {
  const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
  const kinds = ['actor', 'target', 'application', 'address', 'correlation'] as const;
  for (const kind of kinds) {
    const value = filters[kind];
    if (value !== undefined && !record[kind].some((each) => same(each, value))) return false;
  }
  const { result, errorCode, text } = filters;
  if (result !== undefined && record.result !== result) return false;
  if (errorCode !== undefined && !same(record.errorCode ?? '', errorCode)) return false;
  return text === undefined || record.text.toLowerCase().includes(text.toLowerCase());
}
