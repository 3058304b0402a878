// What goes wrong with logs: quota, wide windows, lost tokens, pages and texts that are spoiled; and
// what the ledger and the lower bound say of it.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { logFaultCatalogue } from '../../local/graph-simulator/faults/fault-catalogue.ts';
import type { Fault } from '../../local/graph-simulator/faults/fault-schema.ts';
import { logReadBound } from '../../local/graph-simulator/log-lower-bound.ts';
import {
  addLogTenant,
  filtered,
  getLog,
  hour,
  now,
  paths,
  readLog,
  rowTexts,
  startLogTenant,
  streamOf,
} from './support/log-tenant.ts';
import { problem, type SimulatedTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;
const audits = paths.directoryAudits;
const list = `${audits}?$top=20`;
const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
const template = '/auditlogs/directoryaudits';

beforeAll(async () => {
  tenant = await startLogTenant([streamOf('directoryAudits', 100)]);
});
afterEach(async () => {
  await tenant.control.clearFaults();
  await tenant.control.throttling({ reports: false });
});
afterAll(() => tenant.stop());

const plan = (fault: Fault, nth: number | number[] = 2) =>
  tenant.control.faults({ name: 'it', match: { template }, when: { nth }, fault });

test('five requests in ten seconds, then 429 with the code UnknownError; another application has its own', async () => {
  await tenant.control.throttling({ reports: true });
  const answers: Awaited<ReturnType<typeof getLog>>[] = [];
  for (const source of ['directoryAudits', 'interactiveSignIns', 'provisioning'] as const) {
    answers.push(await getLog(tenant, paths[source]), await getLog(tenant, paths[source]));
  }
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
  expect(problem(answers[5] ?? (await getLog(tenant, audits)))).toMatch(
    /^429 UnknownError: This request is throttled/,
  );
  expect(Number(answers[5]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  const restorer = 'aaaaaaaa-0000-4000-8000-000000000002';
  const other = await tenant.call(`${tenant.simulator.origin}${audits}`, { app: restorer });
  expect(other.status).toBe(200);
  expect((await tenant.get('/users?$top=1')).status).toBe(200);
  await tenant.control.clock({ kind: 'advance', milliseconds: 20_000 });
  expect((await getLog(tenant, audits)).status).toBe(200);
});

test('wide windows hang, time out or are throttled as the plan says; narrow ones do not', async () => {
  const window = (minutes: number) =>
    filtered(
      audits,
      `activityDateTime ge ${iso(now - 4 * hour)} and activityDateTime le ${iso(now - 4 * hour + minutes * 60_000)}`,
    );
  const match = { template, windowWiderThanMinutes: 60 };
  const status = async (path: string) => (await getLog(tenant, path)).status;
  for (const [fault, expected] of [
    [{ kind: 'status', status: 504 }, 504],
    [{ kind: 'throttle', retryAfter: 'integer', code: 'UnknownError' }, 429],
  ] as const) {
    await tenant.control.faults({ name: 'wide', match, fault });
    expect([await status(window(60)), await status(window(61)), await status(audits)]).toEqual([
      200,
      expected,
      expected,
    ]);
    expect(await status('/v1.0/auditLogs/signIns')).toBe(200);
  }
  await tenant.control.faults({ name: 'wide', match, fault: { kind: 'hang', milliseconds: 300 } });
  await expect(getLog(tenant, window(61))).rejects.toThrow();
  expect(await tenant.control.faultReport()).toMatchObject([
    { name: 'wide', matched: 1, fired: 1 },
  ]);
});

describe('pages', () => {
  const all = () => readLog(tenant, list);

  test('a short page loses nothing, nor does an empty one', async () => {
    const whole = await all();
    for (const rows of [7, 0]) {
      await plan({ kind: 'shortPage', rows });
      const { pages, texts } = await all();
      expect(pages[1]).toHaveLength(rows);
      expect(texts).toEqual(whole.texts);
    }
    await plan({ kind: 'emptyPage' }, [1, 2, 4]);
    const { pages, texts } = await all();
    expect(pages.map((page) => page.length)).toEqual([0, 0, 20, 0, 20, 20, 20, 20]);
    expect(texts).toEqual(whole.texts);
  });

  test('rows missing from one run, skipped or doubled between pages', async () => {
    const whole = await all();
    await plan({ kind: 'omitRows', count: 3 });
    expect((await all()).texts).toEqual([...whole.texts.slice(0, 20), ...whole.texts.slice(23)]);
    await plan({ kind: 'skipRows', count: 3 });
    expect((await all()).texts).toEqual([...whole.texts.slice(0, 40), ...whole.texts.slice(43)]);
    await plan({ kind: 'doubleRows', count: 3 });
    expect((await all()).texts).toEqual([...whole.texts.slice(0, 40), ...whole.texts.slice(37)]);
    expect((await all()).texts).toEqual(whole.texts);
  });

  test('a lost skip token has the answer seen in the field', async () => {
    const link = String((await getLog(tenant, list)).body['@odata.nextLink']);
    await plan({ kind: 'expiredPageToken', form: 'Directory_ExpiredPageToken' }, 1);
    expect(problem(await tenant.get(link))).toBe(
      '400 UnknownError: Invalid Skip Token, skip token is null',
    );
    expect((await tenant.get(link)).status).toBe(200);
  });

  test('value missing or replaced, the next link lost or leading away', async () => {
    await plan({ kind: 'missingValue' }, 1);
    expect((await getLog(tenant, list)).body).not.toHaveProperty(['value']);
    await plan({ kind: 'replaceValue', value: [] }, 1);
    expect((await getLog(tenant, list)).body['value']).toEqual([]);
    await plan({ kind: 'loseNextLink' }, 1);
    expect((await getLog(tenant, list)).body).not.toHaveProperty(['@odata.nextLink']);
    const link = 'https://graph.contoso.example/v1.0/auditLogs/signIns';
    await plan({ kind: 'replaceNextLink', link }, 1);
    expect((await getLog(tenant, list)).body['@odata.nextLink']).toBe(link);
  });
});

test('an error object may stand inside the text of a 200', async () => {
  await plan({ kind: 'errorInBody' }, 1);
  // The plain client reads every answer as JSON.
  await expect(getLog(tenant, list)).rejects.toThrow(SyntaxError);
});

test('no fault of the catalogue breaks the simulator, and the next run is whole', async () => {
  const whole = await readLog(tenant, list);
  for (const { name, fault, loses } of logFaultCatalogue) {
    await plan(fault.kind === 'hang' ? { kind: 'hang', milliseconds: 50 } : fault);
    const run = await readLog(tenant, list).then(
      ({ texts }) => texts,
      () => undefined,
    );
    expect([name, run === undefined || loses === true || run.length >= 100]).toEqual([name, true]);
    expect([name, (await readLog(tenant, list)).texts]).toEqual([name, whole.texts]);
  }
});

test('the ledger says which log, kinds, window, page and rows a request was for', async () => {
  const after = await tenant.control.ledgerLastNumber();
  const filter = `createdDateTime ge 2026-11-09T00:00:00.0000001Z and signInEventTypes/any(t: t eq 'managedIdentity') and createdDateTime le 2026-11-10T00:00:00Z`;
  await getLog(tenant, filtered('/beta/auditLogs/signIns', filter));
  await readLog(tenant, `${audits}?$top=60`);
  const entries = await tenant.control.ledger({ after, tenantId: tenant.tenantId });
  expect(entries.map(({ log }) => log)).toEqual([
    {
      collection: 'signIns',
      sources: ['managedIdentitySignIns'],
      from: '2026-11-09T00:00:00.0000001Z',
      to: '2026-11-10T00:00:00Z',
      rows: 0,
      page: 1,
    },
    { collection: 'directoryAudits', sources: ['directoryAudits'], rows: 60, page: 1 },
    { collection: 'directoryAudits', sources: ['directoryAudits'], rows: 40, page: 2 },
  ]);
  const totals = await tenant.control.ledgerTotals({ after, template });
  expect(totals).toMatchObject({ graphRequests: 2, logRows: 100 });
});

test('the lower bound counts full pages, and an empty window as one', async () => {
  expect(logReadBound([0, 1, 1_000, 1_001])).toEqual({
    rows: 2_002,
    windows: 4,
    requests: 5,
    seconds: 0,
  });
  expect(logReadBound([1_000_000])).toMatchObject({ requests: 1_000, seconds: 1_990 });
  const many = await addLogTenant(tenant, [streamOf('interactiveSignIns', 2_300)]);
  const range = { source: 'interactiveSignIns', from: now - 24 * hour, to: now } as const;
  const bound = await tenant.control.logLowerBound(many.tenantId, range);
  const { pages } = await readLog(many, paths.interactiveSignIns);
  expect(bound).toEqual({ rows: 2_300, windows: 1, requests: pages.length, seconds: 0 });
  const windows = { ...range, windowMilliseconds: hour };
  expect(await tenant.control.logLowerBound(many.tenantId, windows)).toMatchObject({
    rows: 2_300,
    windows: 24,
    requests: 24,
  });
});

test('a log read inside a batch has the same rows', async () => {
  const answer = await tenant.post('/$batch', {
    requests: [{ id: '1', method: 'GET', url: '/auditLogs/directoryAudits?$top=3' }],
  });
  const [response] = answer.body['responses'] as unknown as { status: number; body: object }[];
  const plain = await getLog(tenant, `${audits}?$top=3`);
  expect(response).toMatchObject({ status: 200, body: { value: plain.body['value'] } });
  expect(rowTexts(plain.text)).toHaveLength(3);
});
