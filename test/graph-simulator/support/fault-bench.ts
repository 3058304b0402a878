// A seeded simulator and a plain client of it, for tests of faults.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestInit } from 'undici';
import { Agent, fetch } from 'undici';
import type { Fault } from '../../../local/graph-simulator/faults/fault-schema.ts';
import { restorerPermissions } from '../../../local/graph-simulator/permissions.ts';
import { startSimulator } from '../../../local/graph-simulator/server.ts';

export const TENANT = 'a1b2c3d4-0000-4000-8000-000000000001';
export const APP = 'b1b2c3d4-0000-4000-8000-000000000001';

export interface Page {
  readonly value: { id: string; displayName?: string }[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

export type FaultBench = Awaited<ReturnType<typeof startFaultBench>>;

/** A tenant of 250 users and 50 groups, and a client that never retries. */
export async function startFaultBench() {
  const stateDir = await mkdtemp(join(tmpdir(), 'simulator-faults-'));
  const simulator = await startSimulator({ stateDir });
  const dispatcher = new Agent({ connect: { ca: simulator.ca } });
  await simulator.control.createTenant({
    tenantId: TENANT,
    seed: { users: 250, groups: 50 },
    registrations: [
      { appId: APP, secrets: [{ value: 'secret' }], permissions: restorerPermissions },
    ],
  });
  let authorization = '';

  const signIn = async () => {
    const response = await fetch(`${simulator.origin}/${TENANT}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: APP,
        client_secret: 'secret',
        scope: `${simulator.origin}/.default`,
      }),
      dispatcher,
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    authorization = `Bearer ${token}`;
  };
  /** `path` below `/v1.0`, or a whole link. */
  const get = (path: string, init: RequestInit = {}) =>
    fetch(path.startsWith('https:') ? path : `${simulator.origin}/v1.0${path}`, {
      redirect: 'manual',
      dispatcher,
      ...init,
      headers: { authorization, 'accept-encoding': 'identity', ...init.headers },
    });
  const send = (method: string, path: string, body: object) =>
    get(path, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const page = async (path: string) => (await (await get(path)).json()) as Page;
  /** Follows next links from `path`; at most 20 pages. */
  const pages = async (path: string) => {
    const all: Page[] = [];
    for (let link: string | undefined = path; link && all.length < 20; ) {
      const one: Page = await page(link);
      all.push(one);
      link = one['@odata.nextLink'];
    }
    return all;
  };
  /** The fault happens to the n-th request from now on; the first unless given. */
  const plan = (fault: Fault, nth = 1) =>
    simulator.control.faults({ name: 'it', when: { nth }, fault });
  const stop = async () => {
    await dispatcher.close();
    await simulator.close();
    await rm(stateDir, { recursive: true, force: true });
  };
  await signIn();
  return { simulator, signIn, get, send, page, pages, plan, stop };
}

export const idsOf = (all: readonly Page[]) =>
  all.flatMap(({ value }) => value.map(({ id }) => id));
