// Logs in time: late arrivals, changed and repeated records, retention by licence, tokens that go
// stale, lists that change while they are read.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addLogTenant,
  day,
  getLog,
  hour,
  idOf,
  now,
  paths,
  readLog,
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

test('the same seed gives the same bytes, another seed other ids', async () => {
  const [one, two, other] = await Promise.all([
    addLogTenant(base, [streamOf('directoryAudits', 40, { seed: 7 })]),
    addLogTenant(base, [streamOf('directoryAudits', 40, { seed: 7 })]),
    addLogTenant(base, [streamOf('directoryAudits', 40, { seed: 8 })]),
  ]);
  const first = await readLog(one, audits);
  expect((await readLog(one, audits)).texts).toEqual(first.texts);
  expect((await readLog(two, audits)).texts).toEqual(first.texts);
  const ids = new Set(first.ids);
  expect((await readLog(other, audits)).ids.some((id) => ids.has(id))).toBe(false);
});

test('a second stream of the same source and seed is refused: its ids would come twice', async () => {
  const plan = streamOf('directoryAudits', 4);
  const tenant = await addLogTenant(base, [plan]);
  await expect(base.control.changeLogs(tenant.tenantId, plan)).rejects.toThrow(/come twice/);
});

test('records arrive late, up to 48 h, each at the moment the truth says', async () => {
  await clock(now);
  const from = now - 2 * hour;
  const tenant = await addLogTenant(base, [
    streamOf('interactiveSignIns', 400, { from, to: now, lateShare: 0.3, bytes: 2_000 }),
  ]);
  const truth = await truthOf(tenant);
  const lags = truth.map(({ time, arrivedAt }) => arrivedAt - Date.parse(time));
  expect(Math.max(...lags)).toBeGreaterThan(40 * hour);
  expect(Math.max(...lags)).toBeLessThanOrEqual(48 * hour);
  expect(lags.filter((lag) => lag > 240_000).length).toBeGreaterThan(80);
  for (const later of [0, 900_000, 6 * hour, 25 * hour, 49 * hour]) {
    const at = await clock(now + later);
    const expected = truth.filter(({ arrivedAt }) => arrivedAt <= at).map(({ id }) => id);
    expect([...(await readLog(tenant, signIns)).ids].sort()).toEqual(expected.sort());
    const shown = await truthOf(tenant, { shownBy: at });
    expect(shown).toHaveLength(expected.length);
  }
  await clock(now);
});

test('a stream goes on in the future of the clock', async () => {
  await clock(now);
  const tenant = await addLogTenant(base, [
    { kind: 'stream', stream: { source: 'provisioning', from: now, to: now + day, perHour: 10 } },
  ]);
  expect((await readLog(tenant, paths.provisioning)).ids).toEqual([]);
  await clock(now + 2 * hour + 300_000);
  expect((await readLog(tenant, paths.provisioning)).ids.length).toBeGreaterThanOrEqual(20);
  await clock(now);
});

test('a changed record shows each content from the moment the truth says, once', async () => {
  await clock(now);
  const tenant = await addLogTenant(base, [
    streamOf('interactiveSignIns', 300, { changedShare: 0.5, bytes: 2_000 }),
  ]);
  const truth = await truthOf(tenant, { text: true });
  expect(truth.filter(({ versions }) => versions.length > 1).length).toBeGreaterThan(100);
  expect(truth.some(({ versions }) => versions.length > 2)).toBe(true);
  for (const later of [0, 6 * hour, 30 * hour]) {
    const at = await clock(now + later);
    const expected = truth.flatMap(({ versions }) =>
      versions
        .filter(({ from, until }) => from <= at && (until === null || until > at))
        .map(({ text }) => text),
    );
    expect([...(await readLog(tenant, signIns)).texts].sort()).toEqual(expected.sort());
    expect(expected).toHaveLength(300);
  }
  await clock(now);
});

test('earlier contents may stay in the list beside the new one, the new one first', async () => {
  const tenant = await addLogTenant(base, [
    streamOf('nonInteractiveSignIns', 100, { changedShare: 1, keptShare: 1, bytes: 2_000 }),
  ]);
  await clock(now + 30 * hour);
  const { texts, ids } = await readLog(tenant, paths.nonInteractiveSignIns);
  const truth = await truthOf(tenant, { text: true });
  expect(texts).toHaveLength(truth.reduce((sum, { versions }) => sum + versions.length, 0));
  expect(new Set(ids).size).toBe(100);
  const [line] = truth;
  const rows = texts.filter((text) => idOf(text) === line?.id);
  expect(rows).toEqual(line?.versions.map(({ text }) => text).reverse());
  await clock(now);
});

test('repeated records stand in the list twice with the same bytes', async () => {
  const tenant = await addLogTenant(base, [
    streamOf('directoryAudits', 200, { repeatedShare: 0.25 }),
  ]);
  const { ids } = await readLog(tenant, audits);
  const truth = await truthOf(tenant);
  expect(ids).toHaveLength(truth.reduce((sum, { copies }) => sum + copies, 0));
  expect(new Set(ids).size).toBe(200);
  expect(ids.length).toBeGreaterThan(220);
});

test('a given record is sent byte for byte; it can be changed, repeated, and come late', async () => {
  await clock(now);
  const tenant = await addLogTenant(base, []);
  const text = String.raw`{ "activityDateTime" : "2026-11-10T11:00:00.1234567Z","id":"A_\u0042 c/1","n":1.00E+2,"n2":9007199254740993, "s":"\uD83D\uDE00\/ü" }`;
  const later = text.replace('1.00', '2.00');
  const id = 'A_B c/1';
  const [given] = await base.control.changeLogs(tenant.tenantId, {
    kind: 'add',
    source: 'directoryAudits',
    records: [{ text, arrivesAt: now + hour }],
  });
  expect(given).toBe(id);
  expect((await readLog(tenant, audits)).texts).toEqual([]);
  await clock(now + hour);
  expect((await readLog(tenant, audits)).texts).toEqual([text]);
  await base.control.changeLogs(
    tenant.tenantId,
    { kind: 'change', source: 'directoryAudits', id, text: later, afterMilliseconds: hour },
    { kind: 'repeat', source: 'directoryAudits', id, copies: 2 },
  );
  expect((await readLog(tenant, audits)).texts).toEqual([text, text, text]);
  await clock(now + 2 * hour);
  expect((await readLog(tenant, audits)).texts).toEqual([later, later, later]);
  await clock(now);
});

test('records added by time alone are rendered, and change to another content', async () => {
  await clock(now);
  const tenant = await addLogTenant(base, []);
  const time = iso(now - hour).replace('.000Z', '.0000001Z');
  const [first, second] = await base.control.changeLogs(tenant.tenantId, {
    kind: 'add',
    source: 'interactiveSignIns',
    records: [{ time }, { time, id: 'own id' }],
  });
  const before = await readLog(tenant, signIns);
  expect([...before.ids].sort()).toEqual([first, second].sort());
  expect(second).toBe('own id');
  await base.control.changeLogs(tenant.tenantId, {
    kind: 'change',
    source: 'interactiveSignIns',
    id: 'own id',
  });
  const after = await readLog(tenant, signIns);
  expect(after.ids).toEqual(before.ids);
  expect(after.texts.filter((text) => !before.texts.includes(text))).toHaveLength(1);
  await expect(
    base.control.changeLogs(tenant.tenantId, { kind: 'repeat', source: 'provisioning', id: 'x' }),
  ).rejects.toThrow('no record x in provisioning');
});

test('free: sign-ins are refused with the text of the service, audits go back 7 days', async () => {
  const month = { from: now - 40 * day, to: now };
  const tenant = await addLogTenant(
    base,
    [streamOf('directoryAudits', 400, month), streamOf('interactiveSignIns', 40, month)],
    { licence: 'free' },
  );
  const refusal =
    "403 Authentication_RequestFromNonPremiumTenantOrB2CTenant: Neither tenant is B2C or tenant doesn't have premium license";
  expect(problem(await getLog(tenant, signIns))).toBe(refusal);
  expect(problem(await getLog(tenant, paths.servicePrincipalSignIns))).toBe(refusal);
  const count = async () => (await readLog(tenant, audits)).ids.length;
  expect(await count()).toBeGreaterThan(60);
  expect(await count()).toBeLessThan(80);
  await base.control.logSettings(tenant.tenantId, { licence: 'p1' });
  expect((await getLog(tenant, signIns)).status).toBe(200);
  expect(await count()).toBeLessThan(80);
  await clock(now + 10 * day);
  const afterTenDays = await truthOf(tenant, {
    source: 'directoryAudits',
    from: iso(now - 7 * day),
  });
  expect(await count()).toBe(afterTenDays.length);
  await clock(now);
});

test('P1 and P2 go back 30 days, and the edge moves with the clock', async () => {
  const tenant = await addLogTenant(base, [
    streamOf('directoryAudits', 400, { from: now - 40 * day, to: now }),
  ]);
  const ids = async () => (await readLog(tenant, audits)).ids;
  const all = await truthOf(tenant);
  expect(await ids()).toHaveLength(
    all.filter(({ time }) => Date.parse(time) >= now - 30 * day).length,
  );
  await clock(now + 5 * day);
  expect(await ids()).toHaveLength(
    all.filter(({ time }) => Date.parse(time) >= now - 25 * day).length,
  );
  await base.control.logSettings(tenant.tenantId, { retentionDays: 6 });
  expect((await ids()).length).toBeLessThan(20);
  await clock(now);
});

test('risk is hidden below P2, policies without a permission to read them', async () => {
  const tenant = await addLogTenant(base, [streamOf('interactiveSignIns', 5)], { licence: 'p1' });
  const [hidden = ''] = (await readLog(tenant, signIns)).texts;
  expect(hidden).toContain('"riskLevelAggregated":"hidden"');
  expect(hidden).toContain('"appliedConditionalAccessPolicies":[{"id"');
  const [line] = (await truthOf(tenant, { text: true })).filter(({ id }) => id === idOf(hidden));
  expect(line?.versions[0]?.text).toBe(hidden);
  const app = 'aaaaaaaa-0000-4000-8000-000000000001';
  await base.control.changeRegistration(tenant.tenantId, {
    kind: 'revoke',
    appId: app,
    permission: 'Policy.Read.All',
  });
  tenant.forgetTokens();
  const [bare = ''] = (await readLog(tenant, signIns)).texts;
  expect(bare).toContain('"appliedConditionalAccessPolicies":null');
  await base.control.changeRegistration(tenant.tenantId, {
    kind: 'revoke',
    appId: app,
    permission: 'AuditLog.Read.All',
  });
  tenant.forgetTokens();
  expect(problem(await getLog(tenant, signIns))).toMatch(/^403 Authorization_RequestDenied/);
});

test('a cloud without a log answers an unknown segment', async () => {
  const tenant = await addLogTenant(base, [], { missing: ['signIns'] });
  expect(problem(await getLog(tenant, signIns))).toBe(
    "400 BadRequest: Resource not found for the segment 'signIns'.",
  );
  expect((await getLog(tenant, audits)).status).toBe(200);
});
