// Whether the stores beside the database answer: one small request to each, all at once, each with a
// short limit. The answers hold for some seconds, because health has no sign-in and is asked often.
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError, isBackupError } from '../shared/errors/backup-error.ts';
import { copyPlaces } from './copy-parts.ts';
import { logPlaces } from './log-parts.ts';
import type { Services } from './services.ts';

export interface ComponentHealth {
  readonly name: 'cache' | 'primary' | 'secondary' | 'tenantCopy';
  /** Place in TENANT_COPY_REPOSITORIES. */
  readonly container?: number;
  readonly status: 'ok' | 'failing';
  readonly latencyMs?: number;
  /** Where the service names it. */
  readonly region?: string;
  readonly code?: string;
  /** Of reference/requirements: what has to be open or granted. */
  readonly requirement?: string;
}

interface Component {
  readonly name: ComponentHealth['name'];
  readonly container?: number;
  readonly requirement: string;
  check(): Promise<{ readonly latencyMs: number; readonly region?: string }>;
}

export const HEALTH_LIMIT_MS = 2_500;
const HOLDS_MS = 10_000;
const asked = new WeakMap<
  Services,
  { readonly at: number; readonly answer: Promise<readonly ComponentHealth[]> }
>();

/** Every configured component; none throws. */
export async function componentHealth(services: Services): Promise<readonly ComponentHealth[]> {
  const now = services.clock.now().getTime();
  const last = asked.get(services);
  if (last !== undefined && now - last.at < HOLDS_MS) return await last.answer;
  const answer = askAll(services);
  asked.set(services, { at: now, answer });
  return await answer;
}

async function askAll(services: Services): Promise<readonly ComponentHealth[]> {
  const found = componentsOf(services);
  return await Promise.all(found.map(async (each) => ('check' in each ? await ask(each) : each)));
}

async function ask({ check, requirement, ...which }: Component): Promise<ComponentHealth> {
  try {
    const { latencyMs, region } = await withinLimit(check());
    const place = region === undefined ? {} : { region };
    return { ...which, status: 'ok', latencyMs: Math.round(latencyMs), ...place };
  } catch (error) {
    return { ...which, status: 'failing', code: codeOf(error), requirement };
  }
}

/** The answer, or `unavailable` when it does not come in time. */
export async function withinLimit<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const controller = new AbortController();
  const late = async (): Promise<never> => {
    await sleep(HEALTH_LIMIT_MS, undefined, { signal: controller.signal });
    throw new BackupError('unavailable', `no answer within ${HEALTH_LIMIT_MS} ms`);
  };
  const limit = late();
  limit.catch(() => undefined);
  // one that comes too late is heard by nobody
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, limit]);
  } finally {
    controller.abort();
  }
}

function codeOf(error: unknown): string {
  return isBackupError(error) ? error.code : 'unavailable';
}

/** What is configured; a setting that does not open is a failing component. */
function componentsOf(services: Services): (Component | ComponentHealth)[] {
  const components: (Component | ComponentHealth)[] = [];
  const open = (
    which: Pick<Component, 'name' | 'requirement'>,
    make: () => readonly Component[],
  ): void => {
    try {
      components.push(...make());
    } catch (error) {
      components.push({ ...which, status: 'failing', code: codeOf(error) });
    }
  };
  open(cacheRow, () => {
    const cache = services.cache();
    return cache === undefined ? [] : [{ ...cacheRow, check: () => cache.check() }];
  });
  open(logRow('primary'), () => {
    const places = logPlaces(services);
    return [places?.primary, places?.secondary].flatMap((place) =>
      place === undefined ? [] : [{ ...logRow(place.name), check: () => place.store.check() }],
    );
  });
  open(copyRow, () =>
    copyPlaces(services).map(({ store }, container) => ({
      ...{ ...copyRow, container },
      check: () => store.check(),
    })),
  );
  return components;
}

const cacheRow = { name: 'cache', requirement: 'R-P-11' } as const;
const copyRow = { name: 'tenantCopy', requirement: 'R-A-9' } as const;
const logRow = (name: 'primary' | 'secondary') => ({ name, requirement: 'R-P-10' }) as const;
