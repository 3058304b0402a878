// The way of one request: faults, token, path, method, permission, throttling, handler, ledger.
// Items of a batch take the same way.
import { badRequest, errorBody, failureReply, GraphFailure, unknownSegment } from './errors.ts';
import { ledgerEntry } from './ledger-line.ts';
import { cachedPage, keepPage } from './page-cache.ts';
import { refusePermission } from './route-permission.ts';
import { requestedPage } from './routes/list-reply.ts';
import type { RouteContext } from './routes/route-context.ts';
import { createRouteFinder, type FoundRoute } from './routes/route-match.ts';
import { routes } from './routes/route-table.ts';
import type { TenantState } from './tenant/tenant-state.ts';
import { newestView, replicaView } from './tenant/tenant-view.ts';
import type {
  Caller,
  CallerCheck,
  ChargeRequest,
  CheckCaller,
  CheckPermission,
  DecideFault,
  FaultDecision,
  JsonObject,
  LogNote,
  RecordRequest,
  SimulatorReply,
  SimulatorRequest,
} from './types.ts';
import { unpacked } from './wire.ts';

export type PipelineParts = {
  readonly checkCaller: CheckCaller;
  readonly checkPermission: CheckPermission;
  readonly charge: ChargeRequest;
  readonly decideFault: DecideFault;
  readonly record: RecordRequest;
  readonly findTenant: (tenantId: string) => TenantState | undefined;
  /** Runs before (and after) a page is answered, so that tests change the tenant while it is read. */
  readonly onPage: (
    when: 'before' | 'after',
    request: SimulatorRequest,
    tenant: TenantState,
    page: number,
  ) => void;
};

export type Answered = {
  readonly reply: SimulatorReply;
  readonly fault: FaultDecision | undefined;
  readonly caller: Caller | undefined;
  /** Writes the ledger line once the body is rendered. */
  readonly settle: (status: number, bytes: number) => void;
};

const findRoute = createRouteFinder(routes);

export function answer(
  request: SimulatorRequest,
  parts: PipelineParts,
  knownCaller?: Caller,
): Answered {
  const state: RequestState = { resourceUnits: 0, applied: false };
  const found = findRoute(request.method, request.path);
  const reply = withErrors(request, () => process(request, parts, found, state, knownCaller));
  const { fault, caller } = state;
  const complete = withHeaders(request, completeError(request, reply), state.headers);
  return {
    reply: fault?.rewrite?.(unpacked(complete)) ?? complete,
    fault,
    caller,
    settle: (status, bytes) => parts.record(ledgerEntry(request, { found, state, status, bytes })),
  };
}

type RequestState = {
  caller?: Caller;
  fault?: FaultDecision;
  resourceUnits: number;
  applied: boolean;
  log?: LogNote;
  headers?: Readonly<Record<string, string>>;
};

function withErrors(request: SimulatorRequest, run: () => SimulatorReply): SimulatorReply {
  try {
    return run();
  } catch (error) {
    if (error instanceof GraphFailure) {
      return failureReply(request, error);
    }
    throw error;
  }
}

function process(
  request: SimulatorRequest,
  parts: PipelineParts,
  found: FoundRoute | undefined,
  state: RequestState,
  knownCaller: Caller | undefined,
): SimulatorReply {
  const check =
    knownCaller === undefined
      ? parts.checkCaller(request.headers.get('authorization'), request.receivedAt)
      : { ok: true as const, caller: knownCaller };
  if (check.ok) {
    state.caller = check.caller;
  }
  const fault = parts.decideFault(request, found?.match, state.caller);
  if (fault !== undefined) {
    state.fault = fault;
  }
  const early = fault === undefined ? undefined : withoutEffect(fault);
  if (early !== undefined) {
    return early;
  }
  if (!check.ok) {
    return unauthorized(request, check);
  }
  const reply = withErrors(request, () => serve(request, parts, found, state, check.caller));
  return fault?.reply ?? reply;
}

/**
 * The reply when a fault keeps the request from taking effect: it is answered instead, or its
 * connection breaks before anything was done.
 */
export function withoutEffect(fault: FaultDecision): SimulatorReply | undefined {
  if (fault.applyFirst === true) {
    return undefined;
  }
  const { wire } = fault;
  const breaks = wire?.kind === 'hang' || (wire?.kind === 'reset' && wire.when === 'beforeHeaders');
  return fault.reply ?? (breaks ? { status: 503, headers: {} } : undefined);
}

function unauthorized(
  request: SimulatorRequest,
  { code, message, challenge }: Extract<CallerCheck, { ok: false }>,
): SimulatorReply {
  const more = challenge === undefined ? '' : `, ${challenge}`;
  return {
    status: 401,
    headers: {
      'www-authenticate': `Bearer realm="", authorization_uri="${request.origin}/common/oauth2/authorize"${more}`,
    },
    body: errorBody(request, code, message),
  };
}

function serve(
  request: SimulatorRequest,
  parts: PipelineParts,
  found: FoundRoute | undefined,
  state: RequestState,
  caller: Caller,
): SimulatorReply {
  const tenant = parts.findTenant(caller.tenantId);
  if (tenant?.seeded !== true) {
    throw new GraphFailure(
      401,
      'InvalidAuthenticationToken',
      'The tenant of the token is unknown.',
    );
  }
  if (found === undefined) {
    const last = request.path.split('/').findLast((segment) => segment !== '') ?? '';
    throw unknownSegment(last);
  }
  if (found.handler === undefined) {
    throw new GraphFailure(
      405,
      'Request_BadRequest',
      'Specified HTTP method is not allowed for the request target.',
    );
  }
  // A refused request costs nothing (seen in the field), so permission comes first.
  const refused = refusePermission(
    request.method,
    found.match.template,
    caller.roles,
    parts.checkPermission,
  );
  if (refused !== undefined) {
    return refused;
  }
  const throttled = charge(request, parts, found, state, caller, tenant);
  return throttled ?? handle(request, parts, found, state, tenant, caller);
}

function charge(
  request: SimulatorRequest,
  parts: PipelineParts,
  found: FoundRoute,
  state: RequestState,
  caller: Caller,
  tenant: TenantState,
): SimulatorReply | undefined {
  const charged = parts.charge({
    request,
    caller,
    route: found.match,
    liveUsers: tenant.ordered('user').length,
    now: request.receivedAt,
  });
  state.resourceUnits = charged.resourceUnits;
  state.headers = charged.headers;
  return charged.throttled;
}

function handle(
  request: SimulatorRequest,
  parts: PipelineParts,
  found: FoundRoute,
  state: RequestState,
  tenant: TenantState,
  caller: Caller,
): SimulatorReply {
  const { handler } = found;
  if (handler === undefined) {
    throw badRequest('The request is not valid.');
  }
  tenant.expireRecycleBin();
  const page = requestedPage(request);
  const isRead = request.method === 'GET';
  if (isRead) {
    parts.onPage('before', request, tenant, page);
  }
  const context: RouteContext = {
    request,
    caller,
    tenant,
    view: isRead || readsReplica(tenant) ? replicaView(tenant) : newestView(tenant),
    parameters: found.parameters,
    pageFaults: state.fault?.page ?? [],
  };
  const before = tenant.log.sequence;
  const isPlain = context.pageFaults.length === 0;
  const cached = isPlain ? cachedPage(tenant, request, caller) : undefined;
  const made = cached ?? handler(context);
  const reply = isPlain ? keepPage(tenant, request, caller, made) : made;
  state.applied = tenant.log.sequence > before;
  if (reply.log !== undefined) {
    state.log = reply.log;
  }
  if (isRead) {
    parts.onPage('after', request, tenant, page);
  }
  return reply;
}

function readsReplica(tenant: TenantState): boolean {
  return tenant.settings.readLagMilliseconds.maximum > 0;
}

/** Error bodies made elsewhere get the request ids and the date. */
function completeError(request: SimulatorRequest, reply: SimulatorReply): SimulatorReply {
  const { body } = reply;
  if (body === undefined || body === null || Buffer.isBuffer(body) || typeof body !== 'object') {
    return reply;
  }
  const error = (body as JsonObject)['error'] as JsonObject | undefined;
  if (reply.status < 400 || typeof error !== 'object' || error === null || 'innerError' in error) {
    return reply;
  }
  const code = String(error['code']);
  return { ...reply, body: errorBody(request, code, String(error['message'])) };
}

function withHeaders(
  request: SimulatorRequest,
  reply: SimulatorReply,
  headers: Readonly<Record<string, string>> = {},
): SimulatorReply {
  return {
    ...reply,
    headers: {
      'cache-control': 'no-cache',
      'request-id': request.id,
      'client-request-id': request.headers.get('client-request-id') ?? request.id,
      'x-ms-ags-diagnostic': '{"ServerInfo":{"DataCenter":"Local","Slice":"E","Ring":"1"}}',
      'odata-version': '4.0',
      ...headers,
      ...reply.headers,
    },
  };
}
