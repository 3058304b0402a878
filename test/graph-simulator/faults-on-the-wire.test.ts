import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { faultCatalogue } from '../../local/graph-simulator/faults/fault-catalogue.ts';
import type { Fault } from '../../local/graph-simulator/faults/fault-schema.ts';
import { idOf } from '../../local/graph-simulator/seed/dice.ts';
import { APP, type FaultBench, startFaultBench, TENANT } from './support/fault-bench.ts';

const LIST = '/users?$select=id,displayName&$top=100';
let bench: FaultBench;

beforeAll(async () => {
  bench = await startFaultBench();
});
afterAll(() => bench.stop());
beforeEach(() => bench.simulator.control.clearFaults());

describe('instead of the answer', () => {
  test('statuses, HTML and redirects come once, then the real answer', async () => {
    await bench.plan({ kind: 'throttle', retryAfter: 'fraction', seconds: 2 });
    const throttled = await bench.get(LIST);
    expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '2.128']);
    expect(await throttled.json()).toMatchObject({
      error: {
        code: 'TooManyRequests',
        innerError: { 'request-id': expect.any(String) as string },
      },
    });
    expect((await bench.get(LIST)).status).toBe(200);

    await bench.plan({ kind: 'html', status: 200 });
    const html = await bench.get(LIST);
    expect([html.status, html.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(await html.text()).toMatch(/^<!DOCTYPE html>/);

    await bench.plan({ kind: 'redirect', location: 'https://graph.contoso.example/v1.0/users' });
    const moved = await bench.get(LIST);
    expect([moved.status, moved.headers.get('location')]).toEqual([
      302,
      'https://graph.contoso.example/v1.0/users',
    ]);
  });

  test('the ledger names the rule, and the report counts it', async () => {
    const after = await bench.simulator.control.ledgerLastNumber();
    await bench.plan({ kind: 'status', status: 503 });
    await bench.get(LIST);
    await bench.get(LIST);
    const entries = await bench.simulator.control.ledger({ after });
    expect(entries.map(({ status, fault }) => [status, fault])).toEqual([
      [503, 'it'],
      [200, undefined],
    ]);
    expect(await bench.simulator.control.faultReport()).toEqual([
      { name: 'it', matched: 2, fired: 1, effective: 1 },
    ]);
  });

  test('the report does not count as effective what found nothing to change', async () => {
    await bench.plan({ kind: 'dropProperty', name: 'unheardOf' });
    await bench.get(LIST);
    await bench.plan({ kind: 'dropProperty', name: 'id' });
    await bench.get(LIST);
    const report = await bench.simulator.control.faultReport();
    expect(report).toMatchObject([{ fired: 1, effective: 1 }]);
  });
});

describe('on the connection', () => {
  const broken = async (fault: Fault) => {
    await bench.plan(fault);
    return bench.get(LIST).then(
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
    await bench.plan({ kind: 'hang', milliseconds: 30_000 });
    await expect(bench.get(LIST, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/);
  });

  test('a slow drip arrives whole', async () => {
    await bench.plan({ kind: 'slowDrip', bytesPerSecond: 20_000 });
    const started = performance.now();
    const { value } = await bench.page(LIST);
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
    [{ kind: 'exactNumbers' }, /\[9007199254740993,1e400,-0,1\.00,1E\+2\]/],
    [{ kind: 'unknownProperties' }, /"enumOfTomorrow":"unknownFutureValue"/],
    [{ kind: 'nullRow' }, /\},null,\{/],
  ])('%o', async (fault, expected) => {
    await bench.plan(fault);
    const response = await bench.get(LIST);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.text()).toMatch(expected);
  });
});

test('a token that was withdrawn gets a claims challenge, a new one passes', async () => {
  bench.simulator.state.signIn.registrations.refuseExisting(TENANT, APP);
  const refused = await bench.get('/users?$top=1');
  expect(refused.status).toBe(401);
  const challenge = /claims="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1];
  const claims = JSON.parse(Buffer.from(challenge ?? '', 'base64').toString()) as object;
  expect(claims).toMatchObject({ access_token: { nbf: { essential: true } } });
  await bench.signIn();
  expect((await bench.get('/users?$top=1')).status).toBe(200);
});

test('a write takes effect although its answer is lost', async () => {
  for (const [how, expected] of [
    ['gatewayTimeout', 504],
    ['reset', 0],
  ] as const) {
    await bench.plan({ kind: 'responseLost', how });
    const path = `/users/${idOf(1, 'user', 6)}`;
    const response = await bench
      .send('PATCH', path, { jobTitle: `after ${how}` })
      .catch(() => undefined);
    expect(response?.status ?? 0).toBe(expected);
    const user = (await (await bench.get(`/users/${idOf(1, 'user', 6)}`)).json()) as object;
    expect(user).toMatchObject({ jobTitle: `after ${how}` });
  }
});

test('items of a batch have faults of their own', async () => {
  await bench.simulator.control.faults({
    name: 'it',
    match: { batch: 'inner', path: '/groups/**' },
    fault: { kind: 'throttle', retryAfter: 'integer', seconds: 7 },
  });
  const response = await bench.send('POST', '/$batch', {
    requests: [
      { id: '1', method: 'GET', url: `/users/${idOf(1, 'user', 1)}` },
      { id: '2', method: 'GET', url: `/groups/${idOf(1, 'group', 1)}` },
    ],
  });
  expect(response.status).toBe(200);
  const { responses } = (await response.json()) as {
    responses: { id: string; status: number; headers?: Record<string, string> }[];
  };
  const statuses = Object.fromEntries(responses.map(({ id, status }) => [id, status]));
  expect(statuses).toEqual({ '1': 200, '2': 429 });
});

test('no fault breaks the simulator itself, on lists, delta and single objects', async () => {
  for (const { name, fault } of faultCatalogue) {
    for (const path of [LIST, '/users/delta?$select=displayName', '/groups?$expand=members']) {
      await bench.plan(fault);
      const signal = AbortSignal.timeout(fault.kind === 'hang' ? 100 : 1_000);
      const response = await bench.get(path, { signal }).catch(() => undefined);
      await response?.text().catch(() => undefined);
      expect([name, path, response?.status ?? 0]).not.toEqual([name, path, 599]);
      expect(await bench.simulator.control.faultReport()).toMatchObject([{ fired: 1 }]);
    }
  }
  await bench.simulator.control.clearFaults();
  expect((await bench.get(LIST)).status).toBe(200);
});
