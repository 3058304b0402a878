// Rendered pages of tenants that do not change, for benchmarks: the second time a page is asked
// for it costs almost nothing. A page is forgotten with the first change of its tenant.
import type { TenantState } from './tenant/tenant-state.ts';
import type { Caller, SimulatorReply, SimulatorRequest } from './types.ts';

type Pages = { sequence: number; readonly byKey: Map<string, Buffer> };

const caches = new WeakMap<TenantState, Pages>();

/** Switches pre-rendering on; page tokens of such a tenant do not expire. */
export function keepPages(tenant: TenantState): void {
  caches.set(tenant, { sequence: tenant.log.sequence, byKey: new Map() });
  tenant.settings.pageTokenLifetimeMilliseconds = Number.MAX_SAFE_INTEGER;
  tenant.settings.deltaTokenLifetimeMilliseconds = Number.MAX_SAFE_INTEGER;
}

export function forgetPages(tenant: TenantState): void {
  caches.delete(tenant);
}

/** Answers depend on these permissions, on two headers, and on nothing else of the caller. */
function keyOf(request: SimulatorRequest, caller: Caller): string {
  const rights = [
    'Member.Read.Hidden',
    'CustomSecAttributeAssignment.Read.All',
    'AuditLog.Read.All',
  ]
    .map((role) => (caller.roles.includes(role) ? '1' : '0'))
    .join('');
  const prefer = request.headers.get('prefer') ?? '';
  const consistency = request.headers.get('consistencylevel') ?? '';
  return `${rights} ${prefer} ${consistency} ${request.origin}${request.url}`;
}

export function cachedPage(
  tenant: TenantState,
  request: SimulatorRequest,
  caller: Caller,
): SimulatorReply | undefined {
  const pages = caches.get(tenant);
  if (pages === undefined || request.method !== 'GET') {
    return undefined;
  }
  if (pages.sequence !== tenant.log.sequence) {
    pages.byKey.clear();
    pages.sequence = tenant.log.sequence;
  }
  const body = pages.byKey.get(keyOf(request, caller));
  return body === undefined ? undefined : { status: 200, headers: {}, body };
}

/** Keeps the page when the tenant keeps pages, and returns the reply that now holds its bytes. */
export function keepPage(
  tenant: TenantState,
  request: SimulatorRequest,
  caller: Caller,
  reply: SimulatorReply,
): SimulatorReply {
  const pages = caches.get(tenant);
  if (pages === undefined || request.method !== 'GET' || reply.status !== 200) {
    return reply;
  }
  if (reply.body === undefined || Buffer.isBuffer(reply.body)) {
    return reply;
  }
  const body = Buffer.from(JSON.stringify(reply.body));
  pages.byKey.set(keyOf(request, caller), body);
  return { ...reply, body };
}
