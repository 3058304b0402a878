// Audit and sign-in logs as lists: order, pages, filters, options, what is refused.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logSources } from '../../local/graph-simulator/logs/log-source.ts';
import { parseTicks } from '../../local/graph-simulator/logs/ticks.ts';
import {
  addLogTenant,
  day,
  fieldOf,
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

let tenant: SimulatedTenant;
const audits = paths.directoryAudits;
const signIns = paths.interactiveSignIns;
const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

beforeAll(async () => {
  tenant = await startLogTenant([
    ...logSources.map((source) => streamOf(source, 60)),
    streamOf('interactiveSignIns', 2_440, { seed: 2 }),
  ]);
});
afterAll(() => tenant.stop());

const refused = async (path: string) => problem(await getLog(tenant, path));

test.each(logSources)('%s: the list is the truth, byte for byte', async (source) => {
  const { texts } = await readLog(tenant, paths[source]);
  const truth = await truthOf(tenant, { source, text: true });
  const expected = truth.map(({ versions }) => versions[0]?.text);
  expect([...texts].sort()).toEqual(expected.sort());
  expect(texts.length).toBe(source === 'interactiveSignIns' ? 2_500 : 60);
});

test('the newest come first, 1,000 on a page without $top and never more with it', async () => {
  const { pages, texts } = await readLog(tenant, signIns);
  expect(pages.map((page) => page.length)).toEqual([1_000, 1_000, 500]);
  const times = texts.map((text) => parseTicks(String(fieldOf(text, 'createdDateTime'))) ?? 0);
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect((await readLog(tenant, `${signIns}?$top=5000`)).pages[0]).toHaveLength(1_000);
  expect((await readLog(tenant, `${signIns}?$top=900`)).pages[0]).toHaveLength(900);
});

test('$orderby turns the list round; nothing but the time can be sorted by', async () => {
  const newest = await readLog(tenant, audits);
  const oldest = await readLog(tenant, `${audits}?$orderby=activityDateTime asc`);
  expect(oldest.texts).toEqual([...newest.texts].reverse());
  expect(await refused(`${audits}?$orderby=category`)).toMatch(/^400 BadRequest/);
});

test('ge and le include both ends, to the last of seven digits', async () => {
  const [newest, middle, older] = (await readLog(tenant, audits)).texts.map((text) =>
    String(fieldOf(text, 'activityDateTime')),
  );
  const path = filtered(audits, `activityDateTime ge ${older} and activityDateTime le ${newest}`);
  const times = (await readLog(tenant, path)).texts.map((text) =>
    fieldOf(text, 'activityDateTime'),
  );
  expect(times).toEqual([newest, middle, older]);
  const exact = await readLog(tenant, filtered(audits, `activityDateTime eq ${middle}`));
  expect(exact.texts.map((text) => fieldOf(text, 'activityDateTime'))).toEqual([middle]);
});

test.each([
  'createdDateTime gt 2026-11-09T00:00:00Z',
  'createdDateTime lt 2026-11-09T00:00:00Z',
  'createdDateTime ne 2026-11-09T00:00:00Z',
  "createdDateTime ge '2026-11-09T00:00:00Z'",
  'createdDateTime ge yesterday',
  "isRisky eq 'true'",
  'status/errorCode ne 0',
  'status/errorCode ge 1',
  "userDisplayName startswith 'a'",
  "contains(userDisplayName,'a')",
  "signInEventTypes/any(t: t eq 'nonInteractiveUser')",
  "appId eq 'a' and",
  "appId eq 'a",
  '(appId eq',
  '',
])('sign-ins of v1.0 refuse the filter: %s', async (filter) => {
  expect(await refused(filtered(signIns, filter))).toBe('400 BadRequest: Invalid filter clause');
});

test.each(["category eq 'Policy'", "result eq 'success'", 'activityDateTime gt 2026-11-09'])(
  'audits refuse the filter: %s',
  async (filter) => {
    expect(await refused(filtered(audits, filter))).toBe('400 BadRequest: Invalid filter clause');
  },
);

test('sign-ins refuse times more than 90 days back', async () => {
  const at = (days: number) => filtered(signIns, `createdDateTime ge ${iso(now - days * day)}`);
  expect((await getLog(tenant, at(89))).status).toBe(200);
  expect(await refused(at(91))).toBe('400 BadRequest: Invalid filter clause');
});

test('documented filters answer the rows that match and no others', async () => {
  const { texts } = await readLog(tenant, signIns);
  const failed = texts.filter((text) => text.includes('"errorCode":50126'));
  const found = await readLog(tenant, filtered(signIns, 'status/errorCode eq 50126'));
  expect(found.texts).toEqual(failed);
  expect(failed.length).toBeGreaterThan(100);
  const name = 'user0001@contoso.example';
  const one = await readLog(
    tenant,
    filtered(signIns, `startswith(userPrincipalName,'USER0001') or userPrincipalName eq 'x'`),
  );
  expect(one.texts).toEqual(texts.filter((text) => text.includes(`"userPrincipalName":"${name}"`)));
});

test('filters reach into objects and collections of audits', async () => {
  const { texts } = await readLog(tenant, audits);
  const text = texts.find((one) => one.includes('"app":null,"user":{"id"')) ?? '';
  const { initiatedBy, targetResources } = JSON.parse(text) as {
    initiatedBy: { user: { id: string } };
    targetResources: { id: string }[];
  };
  const { id } = initiatedBy.user;
  const byUser = await readLog(tenant, filtered(audits, `initiatedBy/user/id eq '${id}'`));
  expect(byUser.texts).toContain(text);
  expect(byUser.texts.length).toBeLessThan(texts.length);
  const target = `targetResources/any(t: t/id eq '${targetResources[0]?.id}')`;
  expect((await readLog(tenant, filtered(audits, target))).texts).toContain(text);
});

test('beta without a filter answers interactive sign-ins only; kinds may be joined with or', async () => {
  const plain = await readLog(tenant, '/beta/auditLogs/signIns');
  expect(plain.texts).toHaveLength(2_500);
  expect(plain.texts.every((text) => text.includes('"signInEventTypes":["interactiveUser"]'))).toBe(
    true,
  );
  const two = "signInEventTypes/any(t:t eq 'servicePrincipal' or t eq 'managedIdentity')";
  expect((await readLog(tenant, filtered('/beta/auditLogs/signIns', two))).texts).toHaveLength(120);
});

test('a kind and a window can be asked for together', async () => {
  const filter = `createdDateTime ge ${iso(now - 12 * hour)} and signInEventTypes/any(t: t eq 'nonInteractiveUser') and createdDateTime le ${iso(now - 6 * hour)}`;
  const { texts } = await readLog(tenant, filtered('/beta/auditLogs/signIns', filter));
  const truth = await truthOf(tenant, {
    source: 'nonInteractiveSignIns',
    from: iso(now - 12 * hour),
    to: iso(now - 6 * hour),
  });
  expect(texts.map((text) => fieldOf(text, 'id')).sort()).toEqual(truth.map(({ id }) => id).sort());
  expect(truth.length).toBeGreaterThan(5);
});

test('provisioning compares times with gt and lt, both ends excluded, and refuses ge and le', async () => {
  const times = (await readLog(tenant, paths.provisioning)).texts.map((text) =>
    String(fieldOf(text, 'activityDateTime')),
  );
  const [newest, middle, older] = times;
  const between = `activityDateTime gt ${older} and activityDateTime lt ${newest}`;
  const path = filtered('/v1.0/auditLogs/provisioning', between);
  expect(
    (await readLog(tenant, path)).texts.map((text) => fieldOf(text, 'activityDateTime')),
  ).toEqual([middle]);
  const ranges = filtered('/v1.0/auditLogs/provisioning', `activityDateTime ge ${older}`);
  expect(await refused(ranges)).toBe('400 BadRequest: Invalid filter clause');
  const lenient = await addLogTenant(tenant, [streamOf('provisioning', 3)], {
    provisioningOperators: 'ranges',
  });
  expect(
    (
      await getLog(
        lenient,
        filtered('/v1.0/auditLogs/provisioning', 'activityDateTime ge 2026-11-01'),
      )
    ).status,
  ).toBe(200);
});

test('provisioning without $top gives no next link although more rows follow', async () => {
  const many = await addLogTenant(tenant, [streamOf('provisioning', 1_200)]);
  const cut = await getLog(many, '/v1.0/auditLogs/provisioning');
  expect(rowTexts(cut.text)).toHaveLength(1_000);
  expect(cut.body).not.toHaveProperty(['@odata.nextLink']);
  expect((await readLog(many, paths.provisioning)).texts).toHaveLength(1_200);
});

test.each(['$skip', '$select', '$count', '$search', '$expand'])('%s is refused', async (option) => {
  const name = option.charAt(1).toUpperCase() + option.slice(2);
  expect(await refused(`${signIns}?${option}=1`)).toBe(
    `400 BadRequest: Query option '${name}' is not allowed. To allow it, set the 'AllowedQueryOptions' property on EnableQueryAttribute or QueryValidationSettings.`,
  );
});

test.each(['$top=0', '$top=x', 'top=10'])('the option %s is refused', async (option) => {
  expect(await refused(`${signIns}?${option}`)).toMatch(/^400 BadRequest/);
});

test('a single record is answered by its id, an audit id with underscores included', async () => {
  const [text = ''] = (await readLog(tenant, audits)).texts;
  const id = String(fieldOf(text, 'id'));
  expect(id).toMatch(/_/);
  const answer = await getLog(tenant, `${audits}/${id}`);
  expect(answer.text.endsWith(text.slice(1))).toBe(true);
  expect(await refused(`${audits}/Directory_none`)).toMatch(/^404 Request_ResourceNotFound/);
  expect((await tenant.call('/auditLogs/provisioning', { method: 'POST', body: {} })).status).toBe(
    405,
  );
});

test('records have the shapes of the service', async () => {
  const all = await readLog(tenant, audits);
  const initiators = all.texts.map(
    (text) => fieldOf(text, 'initiatedBy') as Record<string, unknown>,
  );
  expect(initiators.some(({ user }) => user === null)).toBe(true);
  expect(initiators.some(({ app }) => app === null)).toBe(true);
  const text = all.texts.join('');
  expect(text).toMatch(/"(old|new)Value":"\[/);
  expect(text).toMatch(/"Type":"/);
  expect(text).toMatch(/"type":"/);
  const signIn = await readLog(tenant, signIns);
  const sizes = signIn.texts.map((one) => Buffer.byteLength(one));
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  expect(mean).toBeGreaterThan(4_500);
  expect(mean).toBeLessThan(5_800);
  const times = signIn.texts.map((one) => String(fieldOf(one, 'createdDateTime')));
  expect(times.filter((time) => /\.\d{7}Z$/.test(time)).length).toBeGreaterThan(2_000);
  expect(times.some((time) => /:00Z$/.test(time))).toBe(true);
  expect(new Set(times).size).toBeLessThan(times.length);
  const names = signIn.texts.join('');
  for (const part of [
    '\\u0022',
    '\\uD83D\\uDE00',
    '\u{1F469}',
    '\\uDE00"',
    '\\u0000',
    '\u2028',
    '\\/',
  ]) {
    expect([part, names.includes(part)]).toEqual([part, true]);
  }
});

test('a page has context, next link and value in this order, and audits an unasked tip', async () => {
  const answer = await getLog(tenant, `${audits}?$top=5`);
  expect(Object.keys(answer.body)).toEqual([
    '@odata.context',
    '@odata.nextLink',
    '@microsoft.graph.tips',
    'value',
  ]);
  expect(answer.body['@odata.context']).toMatch(/#auditLogs\/directoryAudits$/);
});
