// The ledger's line for one request of the Graph API.
import type { FoundRoute } from './routes/route-match.ts';
import type {
  Caller,
  FaultDecision,
  JsonValue,
  LedgerEntry,
  LogNote,
  SimulatorRequest,
} from './types.ts';

export type Outcome = {
  readonly found: FoundRoute | undefined;
  readonly state: {
    readonly caller?: Caller;
    readonly fault?: FaultDecision;
    readonly resourceUnits: number;
    readonly applied: boolean;
    readonly log?: LogNote;
  };
  readonly status: number;
  readonly bytes: number;
};

export function ledgerEntry(
  request: SimulatorRequest,
  outcome: Outcome,
): Omit<LedgerEntry, 'number'> {
  const { caller, fault, log } = outcome.state;
  const clientRequestId = request.headers.get('client-request-id');
  const priority = request.headers.get('x-ms-throttle-priority');
  const body = request.method === 'GET' ? undefined : ledgerBody(request.bodyText);
  return {
    at: request.receivedAt,
    requestId: request.id,
    ...(clientRequestId === undefined ? {} : { clientRequestId }),
    ...(caller === undefined ? {} : { tenantId: caller.tenantId, appId: caller.appId }),
    method: request.method,
    url: request.url,
    ...(outcome.found === undefined ? {} : { template: outcome.found.match.template }),
    ...(request.batch === undefined ? {} : { batch: request.batch }),
    ...(body === undefined ? {} : { body }),
    status: outcome.status,
    applied: outcome.state.applied,
    resourceUnits: outcome.state.resourceUnits,
    bytes: outcome.bytes,
    ...(fault === undefined ? {} : { fault: fault.rule ?? 'fault' }),
    ...(priority === undefined ? {} : { throttlePriority: priority }),
    ...(log === undefined ? {} : { log }),
  };
}

/** The body of a write; passwords keep their place and lose their value. */
function ledgerBody(text: string): JsonValue | undefined {
  if (text === '') {
    return undefined;
  }
  try {
    return JSON.parse(text, (name, value: JsonValue) =>
      /password$|secretText$/i.test(name) && typeof value === 'string' ? '(removed)' : value,
    ) as JsonValue;
  } catch {
    return '(not JSON)';
  }
}
