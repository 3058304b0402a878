// The words the parts of the Graph simulator share: request, reply, stored objects, clock, faults.
// Only types and constants: no behaviour, and nothing of the product is imported here or anywhere
// else in this folder.

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

/** Milliseconds since 1970. A virtual clock only moves when a test moves it. */
export type Clock = { now(): number };

/** Object types the simulator stores. Devices and service principals exist as link targets. */
export const objectTypes = [
  'user',
  'group',
  'administrativeUnit',
  'servicePrincipal',
  'device',
  'directoryRole',
  'conditionalAccessPolicy',
  'namedLocation',
  'scopedRoleMembership',
] as const;
export type ObjectType = (typeof objectTypes)[number];

/** `members` of groups and units, `owners` of groups, `manager` of users (at most one). */
export const relationships = ['members', 'owners', 'manager'] as const;
export type Relationship = (typeof relationships)[number];

/** One request to the Graph API, after the transport and before any check. */
export type SimulatorRequest = {
  /** The `request-id` of the answer. */
  readonly id: string;
  /** Upper-case. */
  readonly method: string;
  readonly version: 'v1.0' | 'beta';
  /** Without the version, percent-decoded, without a trailing slash: `/users/{guid}/manager`. */
  readonly path: string;
  /** As sent, with version and query: `/v1.0/users?$top=999`. */
  readonly url: string;
  /** Scheme and host the caller used, for links: `https://localhost:8443`. */
  readonly origin: string;
  /** Parameter names as sent, values decoded. */
  readonly query: ReadonlyMap<string, string>;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The raw bytes of the body as text; empty when there is none. */
  readonly bodyText: string;
  readonly receivedAt: number;
  /** Set on the items of a `$batch`: the id of the item and of the outer request. */
  readonly batch?: { readonly itemId: string; readonly outerId: string };
};

/** The answer: `body` is rendered as JSON unless it is text or bytes. */
export type SimulatorReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: JsonValue | Buffer;
  /** For bodies that are not JSON (HTML error pages): sent as is with this content type. */
  readonly text?: { readonly contentType: string; readonly content: string };
  /** Instead of `body`: JSON that is compressed already, and its length before. */
  readonly packed?: { readonly gzip: Buffer; readonly plainLength: number };
  /** For the ledger. */
  readonly log?: LogNote;
};

/** What a page of a log was: the window asked for (RFC 3339, both ends included) and its rows. */
export type LogNote = {
  readonly collection: string;
  readonly sources: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly rows: number;
  /** From 1. */
  readonly page: number;
};

/** Who calls, read from a verified token. */
export type Caller = {
  readonly tenantId: string;
  readonly appId: string;
  /** Application permissions (`roles` of the token). */
  readonly roles: readonly string[];
};

/** Result of the token check; `code` and `message` become the 401 body. */
export type CallerCheck =
  | { readonly ok: true; readonly caller: Caller }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      /** Further parameters of the WWW-Authenticate header (a claims challenge). */
      readonly challenge?: string;
    };

export type CheckCaller = (authorization: string | undefined, now: number) => CallerCheck;

/**
 * What the route table knows of a request: the template in the form of the permissions data
 * (lower case, keys written `{id}`), such as `/groups/{id}/members`.
 */
export type RouteMatch = {
  readonly template: string;
  readonly operation: string;
};

/** Decides on permissions; `undefined` means allowed. */
export type CheckPermission = (
  method: string,
  template: string,
  roles: readonly string[],
) => SimulatorReply | undefined;

/** Charges one request (or batch item). A reply means it was throttled. */
export type ChargeRequest = (input: {
  readonly request: SimulatorRequest;
  readonly caller: Caller;
  readonly route: RouteMatch;
  readonly liveUsers: number;
  readonly now: number;
}) => {
  readonly resourceUnits: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly throttled?: SimulatorReply;
};

/** Ways a delta or list page is made nasty; the page builder obeys them for this one request. */
export type PageFault =
  /** Delta or list: an empty page with a link to the same position goes out instead. */
  | { readonly kind: 'emptyPage' }
  /** Delta: rows of this page come again (`count` of them), newer first, older values after. */
  | { readonly kind: 'duplicateRows'; readonly count: number }
  /** Delta: like duplicateRows, but the second copy carries the values before the change. */
  | { readonly kind: 'conflictingRows'; readonly count: number }
  /** Delta: the rows of the round before come again. */
  | { readonly kind: 'replayRound' }
  /** Delta: a removal of a member that was never there, before or after its addition. */
  | { readonly kind: 'removedBeforeAdded'; readonly count: number }
  /** List: the first `count` rows of the next page are left out, as after a rename. */
  | { readonly kind: 'skipRows'; readonly count: number }
  /** List: the last `count` rows of this page come again on the next one. */
  | { readonly kind: 'doubleRows'; readonly count: number }
  /** Delta: the token counts as expired. */
  | {
      readonly kind: 'expiredDeltaToken';
      readonly form: 'syncStateNotFound' | 'gone' | 'resyncRequired';
    }
  /** List: the skip token counts as expired or lost; a log has one answer for it. */
  | {
      readonly kind: 'expiredPageToken';
      readonly form: 'Directory_ExpiredPageToken' | 'DirectoryPageTokenNotFoundException';
    }
  /** Log: at most `rows` rows although more follow. */
  | { readonly kind: 'shortPage'; readonly rows: number }
  /** Log: the first `count` rows of this page are in no page of this run. */
  | { readonly kind: 'omitRows'; readonly count: number }
  /** Delta: the next link leads back to the first page of the round. */
  | { readonly kind: 'endlessRound' }
  /** The property `value` is missing, or the value given here stands in its place. */
  | { readonly kind: 'replaceValue'; readonly value: JsonValue | undefined }
  /** The next link is left out although more rows exist. */
  | { readonly kind: 'loseNextLink' }
  /** The next link is this text instead (another host, another resource). */
  | { readonly kind: 'replaceNextLink'; readonly link: string };

/** What the wire does to an answer. */
export type WireFault =
  | { readonly kind: 'reset'; readonly when: 'beforeHeaders' | 'inBody' }
  | { readonly kind: 'truncate'; readonly keepBytes: number }
  | { readonly kind: 'hang'; readonly milliseconds: number }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'slowDrip'; readonly bytesPerSecond: number };

/** The fault plan's word on one request. All parts are optional and may be combined. */
export type FaultDecision = {
  /** Answered instead of the real answer. */
  readonly reply?: SimulatorReply;
  /** With `reply` or a wire fault: the request takes effect first (the answer is lost). */
  readonly applyFirst?: boolean;
  readonly wire?: WireFault;
  readonly page?: readonly PageFault[];
  /**
   * Applied to the reply after the request was handled (unknown properties, duplicate JSON keys, an
   * oversize object): the server sends what this returns.
   */
  readonly rewrite?: (reply: SimulatorReply) => SimulatorReply;
  /** For the ledger: which rule of the plan spoke. */
  readonly rule?: string;
};

export type DecideFault = (
  request: SimulatorRequest,
  route: RouteMatch | undefined,
  caller: Caller | undefined,
) => FaultDecision | undefined;

/** One line of the ledger: every request and every item of a batch. */
export type LedgerEntry = {
  readonly number: number;
  readonly at: number;
  readonly requestId: string;
  readonly clientRequestId?: string;
  readonly tenantId?: string;
  readonly appId?: string;
  readonly method: string;
  readonly url: string;
  readonly template?: string;
  readonly batch?: { readonly itemId: string; readonly outerId: string };
  /** Body as sent, for writes only; `passwordProfile` keeps its names and loses its values. */
  readonly body?: JsonValue;
  readonly status: number;
  /** True for POST, PATCH, PUT and DELETE on objects that changed something. */
  readonly applied: boolean;
  readonly resourceUnits: number;
  /** Length of the body sent, before compression. */
  readonly bytes: number;
  readonly fault?: string;
  readonly throttlePriority?: string;
  readonly log?: LogNote;
};

export type RecordRequest = (entry: Omit<LedgerEntry, 'number'>) => void;

/**
 * How a seed fills a tenant: no checks of the API apply, ids are given, nothing enters the change
 * log. `finish` must be called once; before it the tenant answers no request.
 */
export type SeedTarget = {
  readonly tenantId: string;
  /** Time of the tenant's clock, for createdDateTime values. */
  readonly now: number;
  /** Names of verified domains, the first is the initial and default one. */
  setDomains(names: readonly string[]): void;
  setDisplayName(name: string): void;
  /** `id` is a lower-case GUID. Properties by CSDL name, without `id`. */
  addObject(
    type: ObjectType,
    id: string,
    properties: JsonObject,
    /** ISO time: the object starts in the recycle bin. */
    deletedDateTime?: string,
  ): void;
  addLink(relationship: Relationship, sourceId: string, targetId: string): void;
  finish(): void;
};

/** Counts and page sizes the lower bound is computed from, read from the truth of a tenant. */
export type TruthSummary = {
  readonly liveObjects: Readonly<Record<ObjectType, number>>;
  readonly deletedObjects: Readonly<Record<ObjectType, number>>;
  /**
   * For every live group and unit the number of live targets; keys `group.members`,
   * `group.owners`, `administrativeUnit.members`.
   */
  readonly linkCounts: Readonly<Record<string, readonly number[]>>;
};
