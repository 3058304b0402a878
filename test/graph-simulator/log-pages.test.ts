// Pages of logs: skip tokens, lists that change while they are read, short pages, runs that differ.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addLogTenant,
  day,
  filtered,
  getLog,
  hour,
  now,
  paths,
  readLog,
  rowTexts,
  startLogTenant,
  streamOf,
  truthOf,
} from './support/log-tenant.ts';
import { problem, type SimulatedTenant } from './support/simulated-tenant.ts';

let base: SimulatedTenant;
const audits = paths.directoryAudits;
const signIns = paths.interactiveSignIns;
const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
const clock = (milliseconds: number) => base.control.clock({ kind: 'set', milliseconds });

beforeAll(async () => {
  base = await startLogTenant();
});
afterAll(() => base.stop());

test('a skip token goes stale after ten minutes, and belongs to its query and tenant', async () => {
  await clock(now);
  const tenant = await addLogTenant(base, [streamOf('directoryAudits', 30)]);
  const link = async () =>
    String((await getLog(tenant, `${audits}?$top=10`)).body['@odata.nextLink']);
  const first = await link();
  const stale = '400 BadRequest: Invalid Skip Token';
  expect((await tenant.get(first)).status).toBe(200);
  expect(problem(await tenant.get(first.replace('top=10', 'top=11')))).toBe(stale);
  expect(problem(await base.get(first))).toBe(stale);
  expect(problem(await tenant.get(`${first.slice(0, -6)}AAAAAA`))).toBe(
    '400 UnknownError: Invalid Skip Token, skip token is null',
  );
  await clock(now + 601_000);
  expect(problem(await tenant.get(first))).toBe(stale);
  await clock(now);
});

test('paging beyond the depth the service survives is throttled for ever', async () => {
  const tenant = await addLogTenant(base, [streamOf('directoryAudits', 60)], {
    deepPagingRows: 20,
  });
  const second = await getLog(tenant, `${audits}?$top=20`);
  const third = await tenant.get(String(second.body['@odata.nextLink']));
  expect(problem(third)).toMatch(/^429 UnknownError: This request is throttled/);
});

test('a query over very many rows times out, a narrower one does not', async () => {
  const tenant = await addLogTenant(base, [streamOf('directoryAudits', 300)], { slowRows: 100 });
  expect((await getLog(tenant, audits)).status).toBe(504);
  const narrow = filtered(audits, `activityDateTime ge ${iso(now - 3 * hour)}`);
  expect((await getLog(tenant, narrow)).status).toBe(200);
});

test('a record that arrives between two pages repeats a row; with border paging it does not', async () => {
  for (const [paging, repeated] of [
    ['offset', 1],
    ['border', 0],
  ] as const) {
    const tenant = await addLogTenant(base, [streamOf('directoryAudits', 30)], { paging });
    await base.control.addPageHook({
      tenantId: tenant.tenantId,
      path: '/auditLogs/directoryAudits',
      page: 2,
      logChanges: [
        { kind: 'add', source: 'directoryAudits', records: [{ time: iso(now - 60_000) }] },
      ],
    });
    const { ids } = await readLog(tenant, `${audits}?$top=10`);
    expect(ids).toHaveLength(30 + repeated);
    expect(new Set(ids).size).toBe(30);
  }
  expect(await base.control.pendingPageHooks()).toEqual([]);
});

test('pages in the middle are shorter than asked for, some empty, and nothing is lost', async () => {
  const tenant = await addLogTenant(base, [streamOf('directoryAudits', 600)], { shortPages: 0.5 });
  const { pages, ids } = await readLog(tenant, `${audits}?$top=20`);
  const sizes = pages.slice(0, -1).map((page) => page.length);
  expect(sizes.filter((size) => size < 20).length).toBeGreaterThan(5);
  expect(sizes).toContain(0);
  expect(new Set(ids).size).toBe(600);
  expect(ids).toHaveLength(600);
});

test('by default pages are sometimes short', async () => {
  const tenant = await base.add({ logs: [streamOf('directoryAudits', 600)] });
  const { pages } = await readLog(tenant, `${audits}?$top=10`);
  expect(pages.length).toBeGreaterThan(61);
});

test('identical runs differ while records are unsettled, and agree afterwards', async () => {
  await clock(now);
  const tenant = await addLogTenant(base, [streamOf('directoryAudits', 400)], {
    unsettled: { share: 0.2, milliseconds: 2 * day },
  });
  const run = async () => (await readLog(tenant, `${audits}?$top=50`)).ids;
  const [one, two] = [await run(), await run()];
  expect(one).not.toEqual(two);
  expect(one.length).toBeGreaterThan(250);
  expect(one.length).toBeLessThan(380);
  expect(new Set(one).size).toBe(one.length);
  await clock(now + 3 * day);
  expect(await run()).toHaveLength(400);
  await clock(now);
});

test('the rows of a window are the same however it is cut into windows', async () => {
  const tenant = await addLogTenant(base, [
    streamOf('interactiveSignIns', 900, { bytes: 1_500, fullMinuteShare: 1 }),
  ]);
  const ids: string[] = [];
  for (let from = now - day; from < now; from += 2 * hour) {
    const filter = `createdDateTime ge ${iso(from)} and createdDateTime le ${iso(from + 2 * hour)}`;
    ids.push(...(await readLog(tenant, filtered(signIns, filter))).ids);
  }
  expect(new Set(ids).size).toBe(900);
  expect(ids.length).toBeGreaterThan(900);
});

test('texts cut out of an answer are the rows it has', async () => {
  const tenant = await addLogTenant(base, [streamOf('interactiveSignIns', 50)]);
  const answer = await getLog(tenant, signIns);
  expect(rowTexts(answer.text).map((text) => JSON.parse(text) as unknown)).toEqual(
    answer.body['value'],
  );
});

test('whatever a stream does at once, windows read after it settled add up to the truth', async () => {
  const seed = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 1_000_000));
  process.stdout.write(`seed ${seed}: repeat with TEST_SEED=${seed}\n`);
  const tenant = await addLogTenant(
    base,
    [
      streamOf('interactiveSignIns', 500, {
        seed,
        bytes: 1_500,
        lateShare: 0.3,
        changedShare: 0.3,
        keptShare: 0.5,
        repeatedShare: 0.1,
        equalTimeShare: 0.2,
        fullMinuteShare: 0.3,
      }),
    ],
    { shortPages: 0.4, randomSeed: seed },
  );
  const at = await clock(now + 80 * hour);
  const found = new Set<string>();
  for (let from = now - day; from < now; from += 3 * hour) {
    const filter = `createdDateTime ge ${iso(from)} and createdDateTime le ${iso(from + 3 * hour)}`;
    const { texts } = await readLog(tenant, filtered(signIns, filter, '&$top=37'));
    for (const text of texts) {
      found.add(text);
    }
  }
  const truth = await truthOf(tenant, { text: true });
  const shown = truth.flatMap(({ versions }) =>
    versions.filter(({ until }) => until === null || until > at).map(({ text }) => text ?? ''),
  );
  expect([...found].sort()).toEqual(shown.sort());
  expect(shown.length).toBeGreaterThan(550);
  await clock(now);
});
