import type { HostRequest } from '../http/exchange.ts';
import type { InstanceQuery, RuntimeStatus } from '../store/records.ts';

const STATUSES: Record<string, RuntimeStatus> = {
  pending: 'Pending',
  running: 'Running',
  suspended: 'Suspended',
  completed: 'Completed',
  failed: 'Failed',
  terminated: 'Terminated',
};

// States the client may ask for that no instance of this host is ever in.
const NEVER = new Set(['canceled', 'continuedasnew']);

const DEFAULT_PAGE = 100;

function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text === null || text === '' ? undefined : Date.parse(text);
}

function readAfter(request: HostRequest): number | undefined {
  const token = request.headers['x-ms-continuation-token'];
  return token ? Number(Buffer.from(token, 'base64').toString('utf8')) : undefined;
}

/** The states asked for; undefined = all, null = a name nobody knows. */
function readStatuses(query: URLSearchParams): RuntimeStatus[] | undefined | null {
  const names = (query.get('runtimeStatus') ?? '').split(',').map((n) => n.trim().toLowerCase());
  const asked = names.filter((name) => name !== '');
  if (asked.length === 0) return undefined;
  const statuses: RuntimeStatus[] = [];
  for (const name of asked) {
    const status = STATUSES[name];
    if (status) statuses.push(status);
    else if (!NEVER.has(name)) return null;
  }
  return statuses;
}

/** The filters of an instance list or purge; undefined when one of them makes no sense. */
export function readFilter(request: HostRequest): InstanceQuery | undefined {
  const query = request.url.searchParams;
  const statuses = readStatuses(query);
  const limit = Number(query.get('top') ?? DEFAULT_PAGE);
  const createdFrom = readTime(query, 'createdTimeFrom');
  const createdTo = readTime(query, 'createdTimeTo');
  const after = readAfter(request);
  const numbers = [limit, createdFrom ?? 0, createdTo ?? 0, after ?? 0];
  if (statuses === null || limit <= 0 || !numbers.every(Number.isSafeInteger)) return undefined;
  const filter: InstanceQuery = { limit, idPrefix: query.get('instanceIdPrefix') ?? '' };
  if (statuses) filter.statuses = statuses;
  if (createdFrom !== undefined) filter.createdFrom = createdFrom;
  if (createdTo !== undefined) filter.createdTo = createdTo;
  if (after !== undefined) filter.after = after;
  return filter;
}
