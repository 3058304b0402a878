import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../local/graph-simulator/faults/fault-schema.ts';
import { restorerPermissions } from '../../local/graph-simulator/permissions.ts';
import { idOf } from '../../local/graph-simulator/seed/dice.ts';
import { type Simulator, startSimulator } from '../../local/graph-simulator/server.ts';

const TENANT = 'a1b2c3d4-0000-4000-8000-000000000001';
const APP = 'b1b2c3d4-0000-4000-8000-000000000001';

let stateDir: string;
let simulator: Simulator;
let dispatcher: Agent;
let authorization: string;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'simulator-faults-'));
  simulator = await startSimulator({ stateDir });
  dispatcher = new Agent({ connect: { ca: simulator.ca } });
  await simulator.control.createTenant({
    tenantId: TENANT,
    seed: { users: 250, groups: 50 },
    registrations: [
      { appId: APP, secrets: [{ value: 'secret' }], permissions: restorerPermissions },
    ],
  });
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
});
afterAll(async () => {
  await dispatcher.close();
  await simulator.close();
  await rm(stateDir, { recursive: true, force: true });
});
beforeEach(() => simulator.control.clearFaults());

interface Page {
  readonly value: { id: string; displayName?: string }[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

const get = (path: string, signal?: AbortSignal) =>
  fetch(path.startsWith('https:') ? path : `${simulator.origin}/v1.0${path}`, {
    headers: { authorization, 'accept-encoding': 'identity' },
    redirect: 'manual',
    dispatcher,
    ...(signal ? { signal } : {}),
  });
const page = async (path: string) => (await (await get(path)).json()) as Page;

/** Follows next links from `path`; at most 20 pages. */
async function pages(path: string): Promise<Page[]> {
  const all: Page[] = [];
  for (let link: string | undefined = path; link && all.length < 20; ) {
    const one: Page = await page(link);
    all.push(one);
    link = one['@odata.nextLink'];
  }
  return all;
}
const ids = (all: readonly Page[]) => all.flatMap(({ value }) => value.map(({ id }) => id));

/** The fault happens to the n-th request from now on; the first unless given. */
const plan = (fault: Fault, nth = 1) =>
  simulator.control.faults({ name: 'it', when: { nth }, fault });

const LIST = '/users?$select=id,displayName&$top=100';

describe('instead of the answer', () => {
  test('statuses, HTML and redirects come once, then the real answer', async () => {
    await plan({ kind: 'throttle', retryAfter: 'fraction', seconds: 2 });
    const throttled = await get(LIST);
    expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '2.128']);
    expect(await throttled.json()).toMatchObject({
      error: {
        code: 'TooManyRequests',
        innerError: { 'request-id': expect.any(String) as string },
      },
    });
    expect((await get(LIST)).status).toBe(200);

    await plan({ kind: 'html', status: 200 });
    const html = await get(LIST);
    expect([html.status, html.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(await html.text()).toMatch(/^<!DOCTYPE html>/);

    await plan({ kind: 'redirect', location: 'https://graph.contoso.example/v1.0/users' });
    const moved = await get(LIST);
    expect([moved.status, moved.headers.get('location')]).toEqual([
      302,
      'https://graph.contoso.example/v1.0/users',
    ]);
  });

  test('the ledger names the rule, and the report counts it', async () => {
    const after = await simulator.control.ledgerLastNumber();
    await plan({ kind: 'status', status: 503 });
    await get(LIST);
    await get(LIST);
    const entries = await simulator.control.ledger({ after });
    expect(entries.map(({ status, fault }) => [status, fault])).toEqual([
      [503, 'it'],
      [200, undefined],
    ]);
    expect(await simulator.control.faultReport()).toEqual([{ name: 'it', matched: 2, fired: 1 }]);
  });
});

describe('on the connection', () => {
  const broken = async (fault: Fault) => {
    await plan(fault);
    return get(LIST).then(
      async (response) => [response.status, await response.text().catch(() => 'cut')] as const,
      () => 'no answer' as const,
    );
  };

  test('a reset before the headers leaves no answer', async () => {
    expect(await broken({ kind: 'reset', when: 'beforeHeaders' })).toBe('no answer');
  });

  test('a reset in the body and a truncated body are noticed by their length', async () => {
    expect(await broken({ kind: 'reset', when: 'inBody' })).toEqual([200, 'cut']);
    expect(await broken({ kind: 'truncate', keepBytes: 200 })).toEqual([200, 'cut']);
  });

  test('a hung answer never comes', async () => {
    await plan({ kind: 'hang', milliseconds: 30_000 });
    await expect(get(LIST, AbortSignal.timeout(300))).rejects.toThrow(/timeout/);
  });

  test('a slow drip arrives whole', async () => {
    await plan({ kind: 'slowDrip', bytesPerSecond: 20_000 });
    const started = performance.now();
    const { value } = await page(LIST);
    expect(value).toHaveLength(100);
    expect(performance.now() - started).toBeGreaterThan(200);
  });
});

describe('in the body', () => {
  test.each<[Fault, RegExp]>([
    [{ kind: 'cutJson' }, /^\{"@odata.context.*[^}]$/s],
    [{ kind: 'replaceBody', body: {} }, /^\{\}$/],
    [{ kind: 'missingValue' }, /^\{(?!.*"value":)/s],
    [{ kind: 'replaceValue', value: {} }, /"value":\{\}/],
    [{ kind: 'duplicateKeys' }, /"id":"[^"]+","id":"/],
    [{ kind: 'deepObject', depth: 50 }, /"deep":\[{50}\]{50}/],
    [{ kind: 'oversizeObject', bytes: 100_000 }, /x{100000}/],
    [{ kind: 'unknownProperties' }, /"enumOfTomorrow":"unknownFutureValue"/],
    [{ kind: 'nullRow' }, /\},null,\{/],
  ])('%o', async (fault, expected) => {
    await plan(fault);
    const response = await get(LIST);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.text()).toMatch(expected);
  });
});

describe('between pages', () => {
  const skip: Fault = { kind: 'skipRows', count: 3 };
  const double: Fault = { kind: 'doubleRows', count: 3 };

  test('rows are skipped or doubled', async () => {
    const whole = ids(await pages(LIST));
    expect(new Set(whole).size).toBe(250);
    await plan(skip);
    expect(ids(await pages(LIST))).toHaveLength(247);
    await plan(double);
    const doubled = ids(await pages(LIST));
    expect(doubled).toHaveLength(253);
    expect(new Set(doubled)).toEqual(new Set(whole));
  });

  test('empty pages lead on and nothing is lost', async () => {
    await plan({ kind: 'emptyPage' }, 2);
    const all = await pages(LIST);
    expect(all.map(({ value }) => value.length)).toEqual([100, 0, 100, 50]);
    expect(new Set(ids(all)).size).toBe(250);
  });

  test('a link is lost, loops or leads elsewhere', async () => {
    await plan({ kind: 'loseNextLink' });
    expect(await pages(LIST)).toHaveLength(1);
    await plan({ kind: 'nextLinkLoop' });
    const { '@odata.nextLink': loop } = await page(LIST);
    expect(loop).toBe(`${simulator.origin}/v1.0${LIST}`);
    await plan({ kind: 'replaceNextLink', link: 'https://graph.contoso.example/v1.0/users' });
    expect((await page(LIST))['@odata.nextLink']).toBe('https://graph.contoso.example/v1.0/users');
  });

  test('skip tokens expire', async () => {
    const { '@odata.nextLink': link } = await page(LIST);
    await plan({ kind: 'expiredPageToken', form: 'Directory_ExpiredPageToken' });
    const expired = await get(String(link));
    expect(expired.status).toBe(400);
    expect(await expired.json()).toMatchObject({ error: { code: 'Directory_ExpiredPageToken' } });
  });
});

describe('in delta', () => {
  const DELTA = '/users/delta?$select=id,displayName';
  const deltaLink = async () =>
    String((await page(`${DELTA}&$deltatoken=latest`))['@odata.deltaLink']);

  test.each([
    ['syncStateNotFound', 400, 'syncStateNotFound'],
    ['gone', 410, undefined],
    ['resyncRequired', 410, 'resyncRequired'],
  ] as const)('a token expires as %s', async (form, status, code) => {
    const link = await deltaLink();
    await plan({ kind: 'expiredDeltaToken', form });
    const expired = await get(link);
    expect(expired.status).toBe(status);
    if (form === 'gone') expect(expired.headers.get('location')).toMatch(/\$deltatoken=$/);
    if (code) expect(await expired.json()).toMatchObject({ error: { code } });
  });

  test('rows come twice, and conflicting ones with the newer first', async () => {
    const link = await deltaLink();
    const id = idOf(1, 'user', 5);
    await simulator.control.change(TENANT, { kind: 'rename', id, displayName: 'User renamed' });
    await plan({ kind: 'duplicateRows', count: 1 });
    expect((await page(link)).value.map((row) => row.displayName)).toEqual([
      'User renamed',
      'User renamed',
    ]);
    await plan({ kind: 'conflictingRows', count: 1 });
    expect((await page(link)).value.map((row) => row.displayName)).toEqual([
      'User renamed',
      'User 0005',
    ]);
  });
});

test('a write takes effect although its answer is lost', async () => {
  for (const [how, expected] of [
    ['gatewayTimeout', 504],
    ['reset', 0],
  ] as const) {
    await plan({ kind: 'responseLost', how });
    const response = await fetch(`${simulator.origin}/v1.0/users/${idOf(1, 'user', 6)}`, {
      method: 'PATCH',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ jobTitle: `after ${how}` }),
      dispatcher,
    }).catch(() => undefined);
    expect(response?.status ?? 0).toBe(expected);
    const user = (await (await get(`/users/${idOf(1, 'user', 6)}`)).json()) as object;
    expect(user).toMatchObject({ jobTitle: `after ${how}` });
  }
});

test('items of a batch have faults of their own', async () => {
  await simulator.control.faults({
    name: 'it',
    match: { batch: 'inner', path: '/groups/**' },
    fault: { kind: 'throttle', retryAfter: 'integer', seconds: 7 },
  });
  const response = await fetch(`${simulator.origin}/v1.0/$batch`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      requests: [
        { id: '1', method: 'GET', url: `/users/${idOf(1, 'user', 1)}` },
        { id: '2', method: 'GET', url: `/groups/${idOf(1, 'group', 1)}` },
      ],
    }),
    dispatcher,
  });
  expect(response.status).toBe(200);
  const { responses } = (await response.json()) as {
    responses: { id: string; status: number; headers?: Record<string, string> }[];
  };
  const statuses = Object.fromEntries(responses.map(({ id, status }) => [id, status]));
  expect(statuses).toEqual({ '1': 200, '2': 429 });
});
