// A small tenant whose changes a test places between any two requests of a backup: what the protocol
// tests need and a separate simulator process cannot give. It speaks the Graph client's interface and
// follows the documented behaviour of lists, delta, recycle bin and member visibility.
import { objectTypes } from '../../shared/catalog/index.ts';
import type { LinkType, ObjectType } from '../../shared/catalog/object-type.ts';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { GraphPage, GraphRequest } from '../../shared/graph/graph-request.ts';
import type { JsonObject } from '../../shared/json/json-value.ts';
import type { BackupGraph } from '../../shared/tenant-backup/backup-context.ts';
import { type Logged, type ScriptedObject, ScriptedState } from './scripted-state.ts';

type Token = {
  readonly path: string;
  readonly offset: number;
  readonly from?: number;
  readonly to?: number;
};

const types: readonly ObjectType[] = objectTypes;
const PREFIX = 'https://graph.example/v1.0/next?state=';

export class ScriptedTenant extends ScriptedState {
  listPage = 100;
  linkPage = 999;
  deltaPage = 100;
  expandLimit = 20;
  /** Whether a groups round leaves out an added member that sits in the recycle bin. */
  omitsBinMembers = false;
  /** Whether lists of the recycle bin are empty, whatever is in it. */
  omitsBin = false;
  /** Tokens of these collections that are older than the number have expired. */
  readonly expired = new Map<string, number>();
  /** Called before each answer; may change the tenant, wait or throw. */
  before: (path: string, request: GraphRequest) => Promise<void> | void = () => undefined;
  /** Called with each page before it is given out; may change what it says. */
  answer: (path: string, page: GraphPage) => GraphPage = (_path, page) => page;
  readonly requests: string[] = [];

  /** The client a backup uses. */
  graph(): BackupGraph {
    let requests = 0;
    const one = async <T>(
      request: GraphRequest,
      link: string | undefined,
      make: () => T,
    ): Promise<T> => {
      requests += 1;
      const path = link === undefined ? request.path : (parse(link)?.path ?? request.path);
      this.requests.push(path);
      await this.before(path, request);
      return make();
    };
    const settle = async <T>(promise: Promise<T>): Promise<T | BackupError> => {
      try {
        return await promise;
      } catch (error) {
        if (error instanceof BackupError) return error;
        throw error;
      }
    };
    const page: BackupGraph['page'] = async (request, link) => {
      const startedAt = new Date();
      return await one(request, link, () =>
        this.answer(request.path, this.pageOf(request, link, startedAt)),
      );
    };
    const object: BackupGraph['object'] = async (request) =>
      await one(request, undefined, () => this.objectOf(request));
    return {
      page,
      object,
      getByIds: async (ids) =>
        await one(
          { path: '/directoryObjects/getByIds', apiVersion: 'v1.0', service: 'identity' },
          undefined,
          () =>
            ids
              .map((id) => this.objects.get(id))
              .filter((found) => found?.state === 'live')
              .map((found) => ({
                '@odata.type': `#microsoft.graph.${found?.type ?? ''}`,
                id: found?.id ?? '',
              })),
        ),
      batchPages: async (list) => await Promise.all(list.map((request) => settle(page(request)))),
      batchObjects: async (list) =>
        await Promise.all(list.map((request) => settle(object(request)))),
      statistics: {
        take: () => {
          const taken = { requests, units: requests, bytes: 0, throttled: 0, waitMs: 0 };
          requests = 0;
          return taken;
        },
      } as BackupGraph['statistics'],
    };
  }

  private pageOf(request: GraphRequest, link: string | undefined, startedAt: Date): GraphPage {
    const { path, query = {} } = request;
    const token = link === undefined ? undefined : parse(link);
    const empty = { quarantined: [], startedAt };
    const tracked = types.find((type) => path === `${type.collection}/delta`);
    if (tracked !== undefined) return { ...empty, ...this.deltaPageOf(tracked, query, token) };
    const { items, size } = this.listOf(path, query);
    const offset = token?.offset ?? 0;
    const next =
      offset + size < items.length ? { nextLink: text({ path, offset: offset + size }) } : {};
    return { ...empty, items: items.slice(offset, offset + size), ...next };
  }

  private listOf(
    path: string,
    query: Readonly<Record<string, string>>,
  ): { items: JsonObject[]; size: number } {
    const type = types.find((candidate) => candidate.collection === path);
    if (type !== undefined) {
      const items = this.liveOf(type.name).map((found) => this.shown(found, query));
      return { items, size: this.listPage };
    }
    const bin = types.find(
      (candidate) => path === `/directory/deletedItems/${candidate.recycleBin}`,
    );
    if (bin !== undefined) {
      const items = [...this.objects.values()]
        .filter((found) => found.type === bin.name && found.state === 'bin' && !this.omitsBin)
        .map((found) => ({ id: found.id, deletedDateTime: '2026-11-01T00:00:00Z' }));
      return { items, size: this.listPage };
    }
    const { owner, id, tail } = this.place(path);
    const parent = this.objects.get(id);
    if (parent?.state !== 'live') throw notFound(path);
    const child = owner.children.find((candidate) => candidate.path === tail);
    if (child !== undefined) {
      const items = [...this.objects.values()]
        .filter((found) => found.parent === id && found.state === 'live')
        .map((found) => found.properties);
      return { items, size: this.listPage };
    }
    const link = owner.links.find((candidate) => candidate.path === tail);
    const ids = link === undefined ? this.sourcesOf(owner, tail, id) : this.targetsOf(link, id);
    const items = ids.map((found) => ({
      '@odata.type': `#microsoft.graph.${this.objects.get(found)?.type ?? ''}`,
      id: found,
    }));
    return { items, size: this.linkPage };
  }

  private sourcesOf(owner: ObjectType, tail: string, target: string): string[] {
    const links = types
      .flatMap((type) => type.links)
      .filter((link) => link.reverse?.path === tail && link.targets.includes(owner.name));
    return [...this.links]
      .map((link) => link.split(' '))
      .filter(([name, , end]) => end === target && links.some((link) => link.name === name))
      .map(([, source = '']) => source)
      .filter((source) => this.objects.get(source)?.state === 'live');
  }

  targetsOf(link: LinkType, source: string): string[] {
    return [...this.links]
      .map((text) => text.split(' '))
      .filter(([name, from]) => name === link.name && from === source)
      .map(([, , target = '']) => target)
      .filter((target) => this.objects.get(target)?.state === 'live')
      .sort();
  }

  private liveOf(type: string): ScriptedObject[] {
    const key = (found: ScriptedObject): string =>
      `${String(found.properties['displayName'] ?? '')} ${found.id}`;
    return [...this.objects.values()]
      .filter((found) => found.type === type && found.state === 'live')
      .sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  private shown(found: ScriptedObject, query: Readonly<Record<string, string>>): JsonObject {
    const names = query['$select']?.split(',');
    const item: JsonObject = {};
    for (const [name, value] of Object.entries(found.properties)) {
      if (names === undefined || names.includes(name)) item[name] = value;
    }
    if (names?.includes('customSecurityAttributes')) item['customSecurityAttributes'] ??= null;
    const expand = /^(\w+)\(/.exec(query['$expand'] ?? '')?.[1];
    const link = types
      .find((type) => type.name === found.type)
      ?.links.find((candidate) => candidate.path === expand);
    if (link === undefined) return item;
    const targets = this.targetsOf(link, found.id).map((id) => ({ id }));
    if (link.cardinality === 'many') item[link.path] = targets.slice(0, this.expandLimit);
    else if (targets[0] !== undefined) item[link.path] = targets[0];
    return item;
  }

  private objectOf(request: GraphRequest): JsonObject {
    const { path, query = {} } = request;
    if (path.startsWith('/directory/deletedItems/')) {
      const found = this.objects.get(path.slice('/directory/deletedItems/'.length));
      if (found?.state !== 'bin') throw notFound(path);
      return {
        '@odata.type': `#microsoft.graph.${found.type}`,
        id: found.id,
        deletedDateTime: '2026-11-01T00:00:00Z',
      };
    }
    if (path.startsWith('/directoryObjects/')) {
      const found = this.objects.get(path.slice('/directoryObjects/'.length));
      if (found?.state !== 'live') throw notFound(path);
      return { '@odata.type': `#microsoft.graph.${found.type}`, id: found.id };
    }
    const { id, tail } = this.place(path);
    const found = this.objects.get(tail === '' ? id : tail.slice(tail.indexOf('/') + 1));
    const parent = this.objects.get(id);
    if (found?.state !== 'live' || parent?.state !== 'live') throw notFound(path);
    return this.shown(found, query);
  }

  private place(path: string): { owner: ObjectType; id: string; tail: string } {
    const owner = types.find((type) => path.startsWith(`${type.collection}/`));
    if (owner === undefined) throw new Error(`scripted tenant: ${path}`);
    const rest = path.slice(owner.collection.length + 1);
    const slash = rest.indexOf('/');
    const id = slash === -1 ? rest : rest.slice(0, slash);
    return { owner, id, tail: slash === -1 ? '' : rest.slice(slash + 1) };
  }

  private deltaPageOf(
    type: ObjectType,
    query: Readonly<Record<string, string>>,
    token: Token | undefined,
  ): Pick<GraphPage, 'items' | 'nextLink' | 'deltaLink'> {
    const path = `${type.collection}/delta`;
    const done = (from: number): string => text({ path, offset: 0, from });
    if (token === undefined) {
      if (query['$deltatoken'] !== 'latest') throw new Error('only latest is asked for');
      this.expired.delete(type.name);
      return { items: [], deltaLink: done(this.seq) };
    }
    const from = token.from ?? 0;
    if (from <= (this.expired.get(type.name) ?? -1)) {
      throw new BackupError('graphCursorExpired', 'syncStateNotFound');
    }
    const to = token.to ?? this.seq;
    const changed = this.log.filter((entry) => {
      return entry.seq > from && entry.seq <= to && this.objects.get(entry.id)?.type === type.name;
    });
    const ids = [...new Set(changed.map((entry) => entry.id))];
    const items = ids
      .slice(token.offset, token.offset + this.deltaPage)
      .map((id) => this.deltaItem(type, id, query, changed));
    const offset = token.offset + this.deltaPage;
    if (offset < ids.length) return { items, nextLink: text({ path, offset, from, to }) };
    return { items, deltaLink: done(to) };
  }

  private deltaItem(
    type: ObjectType,
    id: string,
    query: Readonly<Record<string, string>>,
    changed: readonly Logged[],
  ): JsonObject {
    const found = this.get(id);
    if (found.state !== 'live') {
      return { id, '@removed': { reason: found.state === 'bin' ? 'changed' : 'deleted' } };
    }
    const item = this.shown(found, query);
    for (const link of type.links) {
      const entries = this.linkEntries(link, id, changed);
      if (entries.length > 0) item[`${link.path}@delta`] = entries;
    }
    return item;
  }

  private linkEntries(link: LinkType, id: string, changed: readonly Logged[]): JsonObject[] {
    const mine = changed.filter((entry) => entry.id === id && entry.link?.name === link.name);
    const targets = new Set(mine.map((entry) => entry.link?.target ?? ''));
    return [...targets].flatMap((target): JsonObject[] => {
      const isThere = this.links.has(`${link.name} ${id} ${target}`);
      if (!isThere) return [{ id: target, '@removed': { reason: 'deleted' } }];
      const isHidden = this.omitsBinMembers && this.objects.get(target)?.state === 'bin';
      return isHidden ? [] : [{ id: target }];
    });
  }
}

function text(token: Token): string {
  return PREFIX + encodeURIComponent(JSON.stringify(token));
}

function parse(link: string): Token | undefined {
  if (!link.startsWith(PREFIX)) return undefined;
  return JSON.parse(decodeURIComponent(link.slice(PREFIX.length))) as Token;
}

function notFound(path: string): BackupError {
  return new BackupError('graphNotFound', `${path} was not found`);
}
