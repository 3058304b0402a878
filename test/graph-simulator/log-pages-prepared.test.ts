// Log pages prepared for benchmarks: the same bytes as without, put together from compressed runs.
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogTruthLine } from '../../local/graph-simulator/control/client.ts';
import { deflatePart, joinParts } from '../../local/graph-simulator/logs/gzip-parts.ts';
import { startSimulator } from '../../local/graph-simulator/server.ts';
import {
  calm,
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
import { newTenant, readerApp, type SimulatedTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;
const signIns = paths.interactiveSignIns;
const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

beforeAll(async () => {
  tenant = await startLogTenant([
    streamOf('interactiveSignIns', 5_000),
    streamOf('servicePrincipalSignIns', 700),
    streamOf('directoryAudits', 700, { changedShare: 0.5 }),
  ]);
});
afterAll(() => tenant.stop());

const get = async (path: string, headers: Record<string, string>) => {
  const token = await tenant.token(readerApp);
  const call = request(`${tenant.simulator.origin}${path}`, {
    ca: tenant.simulator.ca,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  call.end();
  const [message] = (await once(call, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
  }
  return { message, bytes: Buffer.concat(chunks) };
};

test('parts compressed apart are one gzip stream with the right check sum', () => {
  const texts = ['{"value":[', 'x'.repeat(100_000), '\u{1F600}', '', ',é'.repeat(40_000), ']}'];
  const { bytes, plainLength } = joinParts(texts.map(deflatePart));
  expect(gunzipSync(bytes).toString()).toBe(texts.join(''));
  expect(plainLength).toBe(Buffer.byteLength(texts.join('')));
  const broken = Buffer.from(bytes);
  broken[broken.length - 6] = (broken.at(-6) ?? 0) ^ 1;
  expect(() => gunzipSync(broken)).toThrow(/data check/);
});

test('prepared pages have the rows and bytes of the others, whatever the window', async () => {
  const windows = [
    signIns,
    `${signIns}?$top=333`,
    filtered(
      signIns,
      `createdDateTime ge ${iso(now - 7 * hour - 1_234_567)} and createdDateTime le ${iso(now - 5 * hour)}`,
    ),
    paths.servicePrincipalSignIns,
    paths.directoryAudits,
  ];
  const before = await Promise.all(windows.map((path) => readLog(tenant, path)));
  const made = await tenant.control.prepareLogPages(tenant.tenantId);
  expect(made.records).toBe(5_700);
  expect(made.bytes).toBeGreaterThan(5_700 * 4_500);
  expect(made.compressedBytes).toBeLessThan(made.bytes / 5);
  const after = await Promise.all(windows.map((path) => readLog(tenant, path)));
  expect(after.map(({ pages }) => pages)).toEqual(before.map(({ pages }) => pages));
  expect(before[2]?.texts.length).toBeGreaterThan(300);
});

test('a client that takes gzip gets it, another gets the same text; the ledger has its length', async () => {
  const after = await tenant.control.ledgerLastNumber();
  const plain = await get(signIns, {});
  const packed = await get(signIns, { 'accept-encoding': 'gzip' });
  expect(plain.message.headers['content-encoding']).toBeUndefined();
  expect(packed.message.headers['content-encoding']).toBe('gzip');
  const withoutLink = (text: string) => text.replace(/"@odata.nextLink":"[^"]*"/, '');
  const text = gunzipSync(packed.bytes).toString();
  expect(withoutLink(text)).toBe(withoutLink(plain.bytes.toString()));
  const lengths = (await tenant.control.ledger({ after })).map(({ bytes }) => bytes);
  expect(lengths).toEqual([plain.bytes.length, Buffer.byteLength(text)]);
});

test('faults still spoil prepared pages', async () => {
  const rule = { name: 'it', when: { nth: 1 }, match: { template: '/auditlogs/signins' } };
  await tenant.control.faults({ ...rule, fault: { kind: 'omitRows', count: 10 } });
  expect(rowTexts((await getLog(tenant, signIns)).text)).toHaveLength(990);
  await tenant.control.faults({ ...rule, fault: { kind: 'nullRow' } });
  expect((await getLog(tenant, signIns)).body['value']).toContain(null);
  await tenant.control.clearFaults();
});

test('a late or changed record takes its place among prepared ones', async () => {
  const [line] = await truthOf(tenant, { source: 'interactiveSignIns' });
  const [added] = await tenant.control.changeLogs(
    tenant.tenantId,
    {
      kind: 'add',
      source: 'interactiveSignIns',
      records: [{ time: iso(now - 6 * hour), arrivesAt: now }],
    },
    { kind: 'change', source: 'interactiveSignIns', id: String(line?.id) },
  );
  const { texts, ids } = await readLog(tenant, signIns);
  expect(ids).toContain(added);
  const truth = await truthOf(tenant, { source: 'interactiveSignIns', text: true });
  expect([...texts].sort()).toEqual(truth.map(({ versions }) => versions.at(-1)?.text).sort());
});

test('the file of prepared pages goes away with them', async () => {
  const folders = async () =>
    (await readdir(tmpdir())).filter((name) => name.startsWith('graph-simulator-pages-')).length;
  const other = await tenant.add({ logs: [calm, streamOf('provisioning', 10)] });
  const before = await folders();
  await tenant.control.prepareLogPages(other.tenantId);
  expect(await folders()).toBe(before + 1);
  await tenant.control.prepareLogPages(other.tenantId, false);
  expect(await folders()).toBe(before);
  expect((await readLog(other, paths.provisioning)).ids).toHaveLength(10);
});

test('logs survive a restart with the tenants: streams, added and changed records, settings', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'graph-simulator-'));
  const start = () => startSimulator({ stateDir, persist: true, startAt: now });
  const tenantId = tenant.tenantId;
  const lines = async (simulator: Awaited<ReturnType<typeof start>>) => {
    const all: LogTruthLine[] = [];
    for await (const line of simulator.control.logTruth(tenantId, { text: true })) {
      all.push(line);
    }
    return all;
  };
  const first = await start();
  await first.control.createTenant(
    newTenant({ tenantId, logs: [calm, streamOf('directoryAudits', 20)] }),
  );
  const [id = ''] = await first.control.changeLogs(tenantId, {
    kind: 'add',
    source: 'directoryAudits',
    records: [{ time: iso(now - day) }],
  });
  await first.control.changeLogs(tenantId, { kind: 'change', source: 'directoryAudits', id });
  await first.control.logSettings(tenantId, { licence: 'p1' });
  const before = await lines(first);
  const settings = await first.control.logSettings(tenantId);
  await first.close();
  const second = await start();
  await second.control.clock({ kind: 'advance', milliseconds: hour });
  expect(await lines(second)).toEqual(before);
  expect(await second.control.logSettings(tenantId)).toEqual(settings);
  await second.close();
  await rm(stateDir, { recursive: true });
});
