/**
 * Microsoft Graph for one application in one tenant: lists page by page, objects, batches and
 * writes, with patience for throttling and faults and none for answers that are not what is
 * documented. Knows no object type and stores nothing; who calls decides what an answer means.
 */
import { BackupError } from '../errors/backup-error.ts';
import type { JsonObject } from '../json/json-value.ts';
import { writeJson } from '../json/write-json.ts';
import { readInBatches } from './batch.ts';
import type { CallPlan } from './graph-call.ts';
import type {
  CallOptions,
  GraphPage,
  GraphRequest,
  GraphWrite,
  GraphWriteReply,
  RawPage,
} from './graph-request.ts';
import type { GraphSender } from './graph-sender.ts';
import { LinkTrail } from './link-trail.ts';
import { maximumPageBytes, readObject, readPage } from './page-body.ts';
import { maximumObjectBytes } from './page-items.ts';
import { readRawPage } from './raw-page.ts';
import { resourceUnits } from './resource-units.ts';
import type { GraphStatistics } from './statistics.ts';
import { kindOfWrite, readWriteReply } from './write.ts';

/** Ids one getByIds call takes (https://learn.microsoft.com/graph/api/directoryobject-getbyids). */
const idsPerCall = 1_000;

export class GraphClient {
  private readonly sender: GraphSender;

  constructor(sender: GraphSender) {
    this.sender = sender;
  }

  /**
   * A client with the same connections, token and quotas and with counts of its own: one for each
   * task, since tasks run side by side in a process.
   */
  withOwnCounts(): GraphClient {
    return new GraphClient(this.sender.withOwnCounts());
  }

  /** Chooses the quota by the number of users; until told, the smallest tenant is assumed. */
  setTenantUsers(users: number): Promise<void> {
    return this.sender.parts.quota.setTenantUsers(users);
  }

  /** Counts of all calls since statistics.take(). */
  get statistics(): GraphStatistics {
    return this.sender.parts.statistics;
  }

  /**
   * One page: the first one of `request`, or the one `link` (a nextLink or deltaLink of the same
   * request, as it came) leads to. The headers of the request go along every time.
   */
  page(request: GraphRequest, link?: string, options: CallOptions = {}): Promise<GraphPage> {
    const { origin } = this.sender.parts;
    const plan = readPlan(request, maximumPageBytes, options);
    return this.sender.send(link === undefined ? plan : { ...plan, link }, (answer, call) =>
      readPage(answer, { request, origin, link, startedAt: call.startedAt }),
    );
  }

  /**
   * Like `page`, with items that stay bytes and are neither parsed nor checked beyond being JSON
   * objects in one list.
   */
  rawPage(request: GraphRequest, link?: string, options: CallOptions = {}): Promise<RawPage> {
    const { origin } = this.sender.parts;
    const plan = readPlan(request, maximumPageBytes, options);
    return this.sender.send(link === undefined ? plan : { ...plan, link }, (answer, call) =>
      readRawPage(answer, { request, origin, link, startedAt: call.startedAt }),
    );
  }

  /** All raw pages from the first; throws graphBadAnswer when they lead in a circle. */
  async *rawPages(
    request: GraphRequest,
    options: CallOptions = {},
  ): AsyncGenerator<RawPage, void, undefined> {
    const trail = new LinkTrail();
    let next: string | undefined;
    do {
      const page = await this.rawPage(request, next, options);
      yield page;
      next = page.nextLink;
      if (next !== undefined) trail.follow(next);
    } while (next !== undefined);
  }

  /** All pages from the first, or from `link`; throws graphBadAnswer when they lead in a circle. */
  async *pages(
    request: GraphRequest,
    options: CallOptions = {},
    link?: string,
  ): AsyncGenerator<GraphPage, void, undefined> {
    const trail = new LinkTrail();
    let next: string | undefined = link;
    do {
      const page = await this.page(request, next, options);
      yield page;
      next = page.nextLink;
      if (next !== undefined) trail.follow(next);
    } while (next !== undefined);
  }

  /** One object by GET; throws graphNotFound only when Graph itself says that there is none. */
  object(request: GraphRequest, options: CallOptions = {}): Promise<JsonObject> {
    return this.sender.send(readPlan(request, maximumObjectBytes, options), readObject);
  }

  /**
   * The directory objects that exist among any number of `ids`; `types` such as `user`, `group`.
   * Objects come with few properties. An id that is missing in the answer does not exist (or is in
   * the recycle bin).
   */
  async getByIds(
    ids: readonly string[],
    types: readonly string[],
    options: CallOptions = {},
  ): Promise<JsonObject[]> {
    const found: JsonObject[] = [];
    for (let start = 0; start < ids.length; start += idsPerCall) {
      const some = ids.slice(start, start + idsPerCall);
      for (const object of await this.getSomeByIds(some, types, options)) found.push(object);
    }
    return found;
  }

  /** First pages of lists, 20 to a call; what failed stands in its place as the error. */
  batchPages(
    requests: readonly GraphRequest[],
    options: CallOptions = {},
  ): Promise<(GraphPage | BackupError)[]> {
    const { origin } = this.sender.parts;
    return readInBatches(
      this.sender,
      requests,
      options,
      (request) => (answer, call) =>
        readPage(answer, { request, origin, startedAt: call.startedAt }),
    );
  }

  /** Single objects, 20 to a call; what failed stands in its place as the error. */
  batchObjects(
    requests: readonly GraphRequest[],
    options: CallOptions = {},
  ): Promise<(JsonObject | BackupError)[]> {
    return readInBatches(this.sender, requests, options, () => readObject);
  }

  /**
   * A write. 429 and 503 are repeated. After another fault a write that may be sent twice (DELETE,
   * PUT, PATCH without binds) is repeated; a POST or a PATCH that adds members throws
   * graphAnswerLost, and the caller looks for the effect first.
   */
  write(request: GraphWrite, options: CallOptions = {}): Promise<GraphWriteReply> {
    const plan: CallPlan = {
      request,
      method: request.method,
      kind: kindOfWrite(request),
      units: resourceUnits(request, true),
      maximumBytes: maximumObjectBytes,
      options,
    };
    const body = request.body === undefined ? undefined : writeJson(request.body);
    return this.sender.send(plan, readWriteReply, body);
  }

  private async getSomeByIds(
    ids: readonly string[],
    types: readonly string[],
    options: CallOptions,
  ): Promise<readonly JsonObject[]> {
    const request: GraphRequest = {
      path: '/directoryObjects/getByIds',
      apiVersion: 'v1.0',
      service: 'identity',
    };
    const { origin } = this.sender.parts;
    const page = await this.sender.send(
      { ...readPlan(request, maximumPageBytes, options), method: 'POST' },
      (answer, call) => readPage(answer, { request, origin, startedAt: call.startedAt }),
      writeJson({ ids: [...ids], types: [...types] }),
    );
    const objects = [...wholeItems(page)];
    if (page.nextLink === undefined) return objects;
    // Not documented, but a page that was overlooked would read as objects that are gone.
    for await (const more of this.pages(request, options, page.nextLink)) {
      objects.push(...wholeItems(more));
    }
    return objects;
  }
}

function readPlan(request: GraphRequest, maximumBytes: number, options: CallOptions): CallPlan {
  const units = resourceUnits(request, false);
  return { request, method: 'GET', kind: 'read', units, maximumBytes, options };
}

/** An item that was put aside would read as an object that is gone. */
function wholeItems(page: GraphPage): readonly JsonObject[] {
  if (page.quarantined.length === 0) return page.items;
  throw new BackupError('graphBadAnswer', 'an object that was asked for by its id is unreadable', {
    details: { defect: 'quarantined', count: page.quarantined.length },
  });
}
