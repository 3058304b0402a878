import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conformanceCases } from './conformance/all-cases.ts';
import { HostUnderTest } from './conformance/host-under-test.ts';
import { HostProcess } from './support/host-process.ts';

// Against a genuine host: docs/functions-host-conformance.md.
const genuineUrl = process.env['CONFORMANCE_BASE_URL'];
// A seed: the local host runs with that chaos, and nothing but counts of runs may change.
const chaosSeed = process.env['CONFORMANCE_CHAOS'];

const cases = Object.entries(conformanceCases).flatMap(([subject, ofSubject]) =>
  ofSubject
    .filter(({ localOnly }) => genuineUrl === undefined || localOnly === undefined)
    .filter(({ countsRuns }) => chaosSeed === undefined || !countsRuns)
    .map((one) => ({ ...one, title: `${subject}: ${one.name}` })),
);

let local: HostProcess | undefined;
let host: HostUnderTest;

beforeAll(async () => {
  if (genuineUrl !== undefined) {
    host = new HostUnderTest(genuineUrl, {
      system: process.env['CONFORMANCE_SYSTEM_KEY'],
      master: process.env['CONFORMANCE_MASTER_KEY'],
    });
    return;
  }
  local = await HostProcess.create({
    app: join(import.meta.dirname, 'conformance-app'),
    arguments: chaosSeed === undefined ? [] : ['--chaos', chaosSeed],
    environment: {
      CONFORMANCE_HUB: 'Conformance',
      CONFORMANCE_SCHEDULE: '* * * * * *',
      CONFORMANCE_GREETING: 'a setting with = and ; in it',
      'AzureWebJobs.disabledHttp.Disabled': 'true',
      'AzureWebJobs.disabledTimer.Disabled': 'true',
    },
  });
  if (!(await local.start())) throw new Error(`the local host does not start: ${local.output}`);
  host = new HostUnderTest(local.url);
});

afterAll(async () => {
  await local?.signal('SIGTERM');
  if (local) rmSync(local.directory, { recursive: true, force: true });
});

test('there are at least 60 cases, each with a name of its own', () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
});

describe.concurrent('a functions host', () => {
  for (const { title, run, alone } of cases) if (!alone) test(title, () => run(host));
});

describe('a functions host, when nothing else goes on', () => {
  for (const { title, run, alone } of cases) if (alone) test(title, () => run(host));
});
