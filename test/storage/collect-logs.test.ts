// The collection of one log, step by step: what a first run, late records, a licence, an outage and
// the quota do.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LogSource } from '../../shared/model/log-source.ts';
import { logSources } from '../../shared/model/log-source.ts';
import { newTable, openCache } from '../support/caches.ts';
import { calm, HOUR, type LogLab, simulatedSources, startLogLab } from '../support/log-lab.ts';

let lab: LogLab;
beforeAll(async () => {
  lab = await startLogLab();
});
afterAll(() => lab.close());

const nothingWrong = { lost: [], doubled: [], invented: [] };
const right = nothingWrong;
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
