// The collection of one log, step by step: what a first run, late records, a licence, an outage and
// the quota do.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readHourStatements } from '../../shared/log-backup/hour-statements.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import { logSources } from '../../shared/model/log-source.ts';
import { newTable, openCache } from '../support/caches.ts';
import {
  calm,
  DAY,
  HOUR,
  type LogLab,
  RETENTION_DAYS,
  simulatedSources,
  startLogLab,
} from '../support/log-lab.ts';

let lab: LogLab;
beforeAll(async () => {
  lab = await startLogLab();
});
afterAll(() => lab.close());

const right = { lost: [], doubled: [], invented: [] };
const now = (): number => lab.clock.now().getTime();

const streamOf = (source: LogSource, records: number, more = {}) =>
  ({
    kind: 'stream',
    stream: {
      source: simulatedSources[source],
      from: now() - 10 * HOUR,
      to: now() - HOUR,
      records,
      bytes: 1200,
      ...more,
    },
  }) as const;

it.each(logSources)('collects every record of %s once, byte for byte', async (source) => {
  const cache = openCache(newTable());
  const tenant = await lab.addTenant({ source, cache, changes: [calm, streamOf(source, 150)] });
  const report = await tenant.catchUp();
  expect(report).toMatchObject({ outcome: 'caughtUp', withoutCache: false, unanswered: 0 });
  expect(await tenant.defects()).toMatchObject({ ...right, stored: 150 });
  const again = await tenant.catchUp();
  expect(again).toMatchObject({ new: 0, changed: 0 });
});

it('states a missing licence, and a gap for what no licence brings back', async () => {
  const cache = openCache(newTable());
  const tenant = await lab.addTenant({
    source: 'signIns',
    cache,
    changes: [calm, streamOf('signIns', 60)],
  });
  await tenant.catchUp();
  await lab.control.logSettings(tenant.tenantId, { licence: 'free' });
  lab.clock.advance(3 * HOUR);
  for (let times = 0; times < 2; times += 1) {
    expect(await tenant.slice()).toMatchObject({
      outcome: 'refused',
      code: 'graphNotLicensed',
      new: 0,
    });
  }
  lab.clock.advance(6 * DAY);
  const began = new Date(now());
  await lab.control.logSettings(tenant.tenantId, { licence: 'p2' });
  expect(await tenant.catchUp()).toMatchObject({ outcome: 'caughtUp', gaps: 1 });
  const { gaps } = await tenant.union();
  expect(gaps).toHaveLength(1);
  expect(Date.parse(gaps[0]?.to ?? '')).toBeGreaterThan(began.getTime() - RETENTION_DAYS * DAY);
  const hour = gaps[0]?.from.slice(0, 13) ?? '';
  const [statement] = await readHourStatements(tenant.context(), hour, hour);
  expect(statement).toMatchObject({
    complete: false,
    gaps: [{ reason: 'not read before Microsoft removed it' }],
  });
});

it('counts each hour and calls it complete after a late sweep that found nothing more', async () => {
  const cache = openCache(newTable());
  const changes = [calm, streamOf('directoryAudits', 90)];
  const tenant = await lab.addTenant({ source: 'directoryAudits', cache, changes });
  const [first, last] = [now() - 10 * HOUR, now() - HOUR].map((at) =>
    new Date(at).toISOString().slice(0, 13),
  );
  await tenant.catchUp();
  const early = await readHourStatements(tenant.context(), first!, last!);
  expect(early.map(({ complete }) => complete)).not.toContain(true);
  expect(early.reduce((sum, { records }) => sum + records, 0)).toBe(90);
  lab.clock.advance(27 * HOUR);
  await tenant.catchUp();
  const late = await readHourStatements(tenant.context(), first!, last!);
  expect(late.map(({ complete }) => complete)).not.toContain(false);
  expect(late.map(({ records }) => records)).toEqual(early.map(({ records }) => records));
});

it('stops without its cache, but not when records would be lost', async () => {
  const unreachable = openCache(
    newTable(),
    { timeoutMs: 2000 },
    'DefaultEndpointsProtocol=http;AccountName=none;AccountKey=bm9uZQ==;TableEndpoint=http://127.0.0.1:1/none;',
  );
  const cache = openCache(newTable());
  const changes = [calm, streamOf('signIns', 60)];
  const tenant = await lab.addTenant({ source: 'signIns', cache, changes });
  await tenant.catchUp();
  tenant.cache = unreachable;
  lab.clock.advance(2 * HOUR);
  await expect(tenant.slice()).rejects.toMatchObject({ code: 'cacheUnreachable' });
  lab.clock.advance((RETENTION_DAYS - 0.5) * DAY);
  await lab.control.changeLogs(tenant.tenantId, {
    ...streamOf('signIns', 40),
    stream: {
      ...streamOf('signIns', 40).stream,
      from: now() - 80 * HOUR,
      to: now() - 78 * HOUR,
      seed: 9,
    },
  });
  // reads what is urgent, then waits for the cache again
  await expect(tenant.catchUp()).rejects.toMatchObject({ code: 'cacheUnreachable' });
  const head = await tenant.repository.head(tenant.context());
  expect(head?.manifest.window?.to.slice(0, 13) ?? '').not.toBe('');
  tenant.cache = cache;
  await tenant.catchUp();
  expect(await tenant.defects()).toMatchObject(right);
});
