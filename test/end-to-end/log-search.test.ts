// Search, export and restore of logs over HTTP, by whom they are allowed to and from either repository.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLocalKey } from '../../shared/encryption/local-key.ts';
import type { SearchRequest } from '../../shared/log-backup/search-context.ts';
import { AppProcess, type OperationView } from '../support/app-process.ts';
import {
  createInstallation,
  type Installation,
  objectIdOfPerson,
} from '../support/installation.ts';
import { openFolder } from '../support/log-stores.ts';
import {
  expected,
  hourTime,
  numbersOf,
  randomRecord,
  SearchScene,
  sceneSources,
} from '../support/search-scene.ts';

const HOURS = 3;
const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-log-search-'));
const placeOf = (name: string): string => path.join(folder, name);
const addressOf = (name: string): string => pathToFileURL(placeOf(name)).href;
const planted = 'Planted Person 4f1c@contoso.example';
let installation: Installation;
let app: AppProcess;
let tenantId: string;
let truth: SearchScene['truth'];
let environment: Record<string, string>;

interface LogPage {
  readonly value: readonly { readonly source: string; readonly record: { readonly id?: string } }[];
  readonly complete: boolean;
  readonly scannedThrough: string;
  readonly nextLink?: string;
  readonly defects: readonly unknown[];
}

beforeAll(async () => {
  installation = await createInstallation();
  for (const name of ['primary', 'secondary', 'restored']) mkdirSync(placeOf(name));
  const keys = ['primary', 'secondary'].map((name) => {
    writeFileSync(placeOf(`${name}.key`), randomBytes(32), { mode: 0o600 });
    return placeOf(`${name}.key`);
  });
  tenantId = await installation.addTenant({ seed: 5, users: 50, groups: 10 });
  truth = await fill('primary');
  await fill('secondary');
  environment = {
    PRIMARY_LOG_REPOSITORY: addressOf('primary'),
    PRIMARY_LOG_REPOSITORY_KEY: keys[0] ?? '',
    SECONDARY_LOG_REPOSITORY: addressOf('secondary'),
    SECONDARY_LOG_REPOSITORY_KEY: keys[1] ?? '',
    LOG_RESTORE_CONTAINERS: [addressOf('restored'), addressOf('primary')].join(','),
  };
  app = new AppProcess(installation);
  await app.start({ environment });
  await app.register(tenantId);
  await app.call('admin', 'PUT', `/api/access/${objectIdOfPerson('auditor')}`, {
    kind: 'user',
    assignments: [{ tenantId, roles: ['Security.Auditor'] }],
  });
});

afterAll(async () => {
  await app.stop();
  await installation.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The same logs in both repositories, each under its own key. */
async function fill(name: string): Promise<SearchScene['truth']> {
  const keys = openLocalKey(placeOf(`${name}.key`));
  const scene = new SearchScene(openFolder(placeOf(name)), keys, tenantId);
  const pick = numbersOf(9);
  for (const source of sceneSources) {
    const records = Array.from({ length: 60 }, (_, number) =>
      randomRecord(source, number % HOURS, number, pick),
    ).map((record, number) => {
      if (source !== 'signIns' || number % 5 > 0) return record;
      const body = { ...(JSON.parse(record.text) as object), userDisplayName: planted };
      return { ...record, text: JSON.stringify(body), actor: [planted] };
    });
    await scene.window(source, [0, HOURS], records);
  }
  return scene.truth;
}

const pathOf = (rest: string): string => `/api/tenants/${tenantId}${rest}`;
const day = { from: hourTime(0), to: hourTime(HOURS) };
const wanted = (more: Partial<SearchRequest>): string[] =>
  expected(truth, { ...day, sources: ['signIns'], filters: {}, versions: 'newest', ...more }).map(
    ({ text }) => text,
  );

async function searchAll(body: object): Promise<{ texts: string[]; pages: LogPage[] }> {
  const pages: LogPage[] = [];
  const texts: string[] = [];
  let target = pathOf('/logs/search');
  for (;;) {
    const answer = await app.call<LogPage>('auditor', 'POST', target, body);
    pages.push(answer);
    texts.push(...answer.value.map(({ record }) => JSON.stringify(record)));
    if (answer.nextLink === undefined) return { texts, pages };
    const { pathname, search } = new URL(answer.nextLink);
    target = `${pathname}${search.replace(/[?&]api-version=[^&]*/, '')}`.replace(/&/, '?');
  }
}

const run = async (target: string, body: object): Promise<OperationView> => {
  const { id } = await app.call<OperationView>('admin', 'POST', pathOf(target), body);
  return await app.ended(id);
};

it('finds records page by page, and no link, row or line of the host holds what was looked for', async () => {
  const body = { source: 'signIns', ...day, filters: { actor: planted.toUpperCase() }, top: 4 };
  const { texts, pages } = await searchAll(body);
  expect(texts).toEqual(wanted({ filters: { actor: planted } }));
  expect(pages.length).toBeGreaterThan(2);
  expect(pages.map(({ complete }) => complete)).toEqual(
    [...pages.keys()].map((page) => page === pages.length - 1),
  );
  const links = pages.map(({ nextLink = '' }) => decodeURIComponent(nextLink)).join('\n');
  const token = new URL(pages[0]?.nextLink ?? '').searchParams.get('skipToken') ?? '';
  const rows = await installation.db.owner.rows<{ text: string }>(
    `select a::text as text from audit_event a where action = 'values.read'`,
  );
  const events = rows.map(({ text }) => text).join('\n');
  expect(rows.length).toBeGreaterThanOrEqual(pages.length);
  expect(events).toContain('actor');
  for (const place of [
    links,
    Buffer.from(token, 'base64url').toString('latin1'),
    events,
    app.output,
  ]) {
    expect(place.toLowerCase()).not.toContain('4f1c@contoso');
  }
  // the token belongs to this question and this caller
  const { pathname } = new URL(pages[0]?.nextLink ?? '');
  const next = `${pathname}?skipToken=${token}`;
  expect((await app.send('auditor', 'POST', next, { ...body, top: 5 })).status).toBe(400);
  expect((await app.send('admin', 'POST', next, body)).status).toBe(400);
  expect((await app.send('auditor', 'POST', next, body)).status).toBe(200);
});

it('merges several logs by time and finds by result and text', async () => {
  const filters = { result: 'failure', text: 'SECOND factor' } as const;
  const body = { sources: [...sceneSources], ...day, filters };
  const { texts, pages } = await searchAll(body);
  expect(texts.length).toBeGreaterThan(3);
  expect(texts).toEqual(wanted({ sources: [...sceneSources], filters }));
  expect(pages.at(-1)).toMatchObject({ complete: true, defects: [] });
});

it('is for those who may read logs, in their tenant, and refuses wrong questions', async () => {
  const good = { source: 'signIns', ...day };
  const status = async (person: 'operator' | 'approver' | 'auditor', body: object, id = tenantId) =>
    (await app.send(person, 'POST', `/api/tenants/${id}/logs/search`, body)).status;
  expect(await status('operator', good)).toBe(403);
  expect(await status('approver', good)).toBe(403);
  const other = await installation.addTenant({ seed: 6, users: 50, groups: 10 });
  await app.register(other);
  expect(await status('auditor', good, other)).toBe(404);
  const wrong = [
    { ...good, sources: ['signIns'] },
    { ...day },
    { source: 'signIns', from: day.to, to: day.from },
    { ...good, filters: { actors: 'x' } },
    { ...good, filters: { actor: '' } },
    { ...good, from: '2026-02-30T00:00:00Z' },
    { ...good, from: '2001-01-01T00:00:00Z' },
    { ...good, repository: 'third' },
    { sources: ['signIns', 'signIns'], ...day },
  ];
  for (const body of wrong) expect(await status('auditor', body), JSON.stringify(body)).toBe(400);
});

it('exports after a kill the same bytes, whatever the ranges, and forgets them after 7 days', async () => {
  const body = { sources: [...sceneSources], ...day, format: 'csv', filters: { text: 'factor' } };
  const whole = await run('/logExports', body);
  expect(whole).toMatchObject({ status: 'succeeded', result: 'complete' });
  app.arm('logExport.partStored:kill');
  const { id } = await app.call<OperationView>('auditor', 'POST', pathOf('/logExports'), body);
  expect(await app.died()).toBe('SIGKILL');
  await app.start({ environment });
  expect(await app.ended(id)).toMatchObject({ status: 'succeeded', result: 'complete' });
  const shown = await app.call<{ bytes: number; records: number; contentLocation: string }>(
    'auditor',
    'GET',
    pathOf(`/logExports/${id}`),
  );
  expect(shown).toMatchObject({
    records: wanted({ sources: [...sceneSources], filters: { text: 'factor' } }).length,
    complete: true,
    filters: ['text'],
  });
  const content = pathOf(`/logExports/${id}/content`);
  const all = await app.download('auditor', content);
  expect(all.status).toBe(200);
  expect(all.bytes).toHaveLength(shown.bytes);
  const first = await app.download('admin', pathOf(`/logExports/${whole.id}/content`));
  expect(all.bytes.equals(first.bytes)).toBe(true);
  for (const [from, to] of [
    [0, 0],
    [7, 1000],
    [500, 99_999_999],
  ] as const) {
    const part = await app.download('auditor', content, { range: `bytes=${from}-${to}` });
    expect(part.status).toBe(206);
    expect(part.bytes.equals(all.bytes.subarray(from, to + 1))).toBe(true);
    const last = Math.min(to, shown.bytes - 1);
    expect(part.headers['content-range']).toBe(`bytes ${from}-${last}/${shown.bytes}`);
  }
  const tail = await app.download('auditor', content, { range: 'bytes=-20' });
  expect(tail.bytes.equals(all.bytes.subarray(-20))).toBe(true);
  const past = await app.download('auditor', content, { range: `bytes=${shown.bytes}-` });
  expect(past).toMatchObject({
    status: 416,
    headers: { 'content-range': `bytes */${shown.bytes}` },
  });
  expect((await app.send('operator', 'GET', content)).status).toBe(403);
  const rows = await installation.db.owner.rows<{ text: string }>(
    'select o::text as text from operation o',
  );
  expect(rows.map(({ text }) => text).join()).not.toContain('"factor');
  await installation.db.owner.rows(
    `update operation set last_action_at = now() - interval '7 days 1 minute' where id = $1`,
    [id],
  );
  expect((await app.send('auditor', 'GET', content)).status).toBe(410);
});

it('restores segments to a container of the settings and to no other', async () => {
  const request = { source: 'signIns', ...day };
  const refused = ['file:///etc', 'https://elsewhere.example/logs', addressOf('primary')];
  for (const container of refused) {
    const answer = await app.send('admin', 'POST', pathOf('/logRestores'), {
      ...request,
      container,
    });
    expect(answer, container).toMatchObject({
      status: 400,
      body: { error: { target: 'container' } },
    });
  }
  const body = { ...request, container: addressOf('restored') };
  expect((await app.send('auditor', 'POST', pathOf('/logRestores'), body)).status).toBe(403);
  expect(await run('/logRestores', body)).toMatchObject({
    status: 'succeeded',
    result: 'complete',
  });
  const files = readdirSync(placeOf('restored'), { recursive: true, encoding: 'utf8' });
  const lines = files
    .filter((name) => name.endsWith('.ndjson'))
    .flatMap((name) => readFileSync(path.join(placeOf('restored'), name), 'utf8').split('\n'));
  expect(lines.filter((line) => line !== '').sort()).toEqual(wanted({ versions: 'all' }).sort());
});

it('searches and exports from the secondary when the primary is destroyed', async () => {
  rmSync(placeOf('primary'), { recursive: true });
  const body = { source: 'signIns', ...day, filters: { actor: planted } };
  const lost = await app.send('auditor', 'POST', pathOf('/logs/search'), body);
  expect(lost).toMatchObject({ status: 503, body: { error: { code: 'logStoreMissing' } } });
  const { texts, pages } = await searchAll({ ...body, repository: 'secondary' });
  expect(texts).toEqual(wanted({ filters: { actor: planted } }));
  expect(pages.at(-1)?.complete).toBe(true);
  const plan = { source: 'signIns', ...day, repository: 'secondary' };
  const done = await run('/logExports', plan);
  expect(done).toMatchObject({ status: 'succeeded', result: 'complete' });
  const { bytes } = await app.download('admin', pathOf(`/logExports/${done.id}/content`));
  expect(bytes.toString('utf8').split('\n').slice(0, -1)).toEqual(wanted({}));
});
