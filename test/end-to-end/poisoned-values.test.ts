// Values that break careless code, by name: through backup, search, object, comparison and back, byte
// for byte. What a tenant cannot hold as a value (numbers no double holds, duplicate keys, nesting) is
// sent by faults in bad-answers.test.ts.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminChange, TruthLine } from '../../local/graph-simulator/control/client.ts';
import { sampleTenant } from '../../local/stack/sample-tenant.ts';
import { canonicalRulesOf } from '../../shared/catalog/derive.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import { canonicalText } from '../../shared/json/canonical-text.ts';
import type { JsonObject } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import { readTruth } from '../support/random-changes.ts';
import { repositoryLines, simulatorTruth } from '../support/simulator-truth.ts';
import { type Application, startApplication } from './application.ts';

const long = 'x'.repeat(1024 * 1024 - 1);
const values: readonly (readonly [string, string])[] = [
  ['NUL', 'a\u0000b'],
  ['high surrogate alone', 'a\uD83Db'],
  ['low surrogate alone', 'a\uDE00b'],
  ['surrogates in the wrong order', '\uDE00\uD83D'],
  ['not a character', '\uFFFE'],
  ['byte order mark', '\uFEFFbom'],
  ['right to left override', 'exe\u202Egpj.txt'],
  ['composed', 'caf\u00E9'],
  ['decomposed', 'cafe\u0301'],
  ['four bytes', '\u{1F469}\u200D\u{1F467}'],
  ['dotted i', '\u0130stanbul \u0131'],
  ['one mebibyte', `${long}\u00FC`],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['prototype', 'prototype'],
  ['toString', 'toString'],
  ['hasOwnProperty', 'hasOwnProperty'],
  ['quote and statement', "'; DROP TABLE object_version; --"],
  ['dollar quote', '$$; select pg_sleep(9); $$ $1'],
  ['per cent', '100 %'],
  ['underscore', 'a_b'],
  ['backslash', 'C:\\temp\\'],
  ['regular expression', '^(a+)+$'],
  ['formula', "=cmd|'/C calc'!A0"],
  ['plus first', '+1'],
  ['minus first', '-1'],
  ['at first', '@sum(1)'],
  ['tab first', '\tx'],
  ['return first', '\rx'],
  ['line breaks', 'one\r\ntwo\u2028three'],
  ['script', '<script>alert(1)</script>'],
  ['script address', 'javascript:alert(1)'],
  ['escape sequence', '\u001B[31mred\u001B[0m'],
  ['log line', 'x\n{"level":"error"}'],
  ['path', '../../etc/passwd\u0000.png'],
  ['entity', '&lt;&#0;&amp;'],
  ['JSON text', '{"a":[1,2,{"b":null}]}'],
  ['number text', '9007199254740993'],
  ['null text', 'null'],
  ['undefined text', 'undefined'],
  ['spaces', '  both ends  '],
  ['no-break space', '\u00A0\u200B'],
  ['template', '\u0024{process.env.POSTGRES_URL}'],
  ['percent encoding', '%00%0d%0a%2e%2e%2f'],
  ['date of year one', '0001-01-01T00:00:00Z'],
  ['date of the last year', '9999-12-31T23:59:59.9999999Z'],
  ['leap second', '2016-12-31T23:59:60Z'],
];
const attributes = {
  '': { '': 'empty names' },
  'with.dots[0]': { $ref: '#/x', 'a.b': 1 },
  ['__proto__']: { polluted: true },
  constructor: { prototype: { polluted: true } },
  hasOwnProperty: { toString: ['b', 'a'] },
  '@odata.spoofed': { '@odata.type': '#Collection(String)', x: '@removed' },
  '"quoted"\u0000': { 'line\nbreak': '\uD83D' },
};

const { tenantId } = sampleTenant;
const person = 'operator';
let app: Application;
const ids = new Map<string, string>();
const marker = (n: number): string => `marker-${String(n).padStart(3, '0')}-end`;

interface Reference {
  readonly id: string;
  readonly displayName: string;
}

beforeAll(async () => {
  app = await startApplication({ users: 50, groups: 10, links: 30, seed: 31, nasty: true });
  await app.simulator.control.throttling({ identity: false, conditionalAccess: false });
  const creations = values.map(
    ([, value], n): AdminChange => ({
      kind: 'create',
      type: 'user',
      properties: {
        displayName: `${value} ${marker(n)}`,
        jobTitle: value,
        userPrincipalName: `poisoned${n}${n === 0 ? 'x'.repeat(900) : ''}@contoso.example`,
        mailNickname: `poisoned${n}`,
        otherMails: [value, `${n}@contoso.example`],
        ...(n === 1 ? { proxyAddresses: manyAddresses() } : {}),
        ...(n === 2 ? { customSecurityAttributes: attributes } : {}),
      },
    }),
  );
  for (const [n, creation] of creations.entries()) {
    const made = await app.simulator.control.change(tenantId, creation);
    ids.set(values[n]?.[0] ?? '', made.ids[0] ?? '');
  }
  await backup();
  truth = await readTruth(app.simulator.control, tenantId);
}, 300_000);
afterAll(async () => await app.close());

function manyAddresses(): string[] {
  return Array.from({ length: 20_000 }, (_, n) => `smtp:alias${n}@contoso.example`);
}

async function backup(): Promise<number> {
  const operation = await app.run(person, '/backups', {});
  expect([operation.status, operation.result, operation.error]).toEqual([
    'succeeded',
    'complete',
    undefined,
  ]);
  return Number(operation.resourceLocation?.split('/').at(-1));
}

async function text(method: string, path: string, body?: unknown): Promise<string> {
  const response = await app.api.send(person, method, `${app.tenant}${path}`, body);
  const answer = await response.text();
  expect(response.status, `${path} ${answer.slice(0, 300)}`).toBe(200);
  return answer;
}

/** The truth of point 1. */
let truth: readonly TruthLine[] = [];

function truthBody(id: string): string {
  const user = objectTypes.find((type) => type.name === 'user');
  const line = truth.find((each) => each.kind === 'object' && each.id === id);
  if (user === undefined || line?.kind !== 'object') throw new Error(`no user ${id}`);
  const all: Record<string, unknown> = { ...line.properties, id };
  const chosen = Object.fromEntries(user.select.map((name) => [name, all[name] ?? null]));
  return canonicalText(parseJson(JSON.stringify(chosen)) as JsonObject, canonicalRulesOf(user));
}

const sha = (value: string): string => createHash('sha256').update(value).digest('hex');

test('the point equals the tenant to the byte', async () => {
  const [row] = await app.db.owner.rows<{ no: number }>(
    'select tenant_no as no from tenant where tenant_id = $1',
    [tenantId],
  );
  const truth = await simulatorTruth(app.simulator.control, tenantId);
  expect(await repositoryLines(app.db, row?.no ?? 0, 1)).toEqual(truth);
});

test.each(values.map(([name, value], n) => ({ name, value, n })))(
  '$name: is found, shown and hashed as it is',
  async ({ name, value, n }) => {
    const id = ids.get(name) ?? '';
    const found = JSON.parse(
      await text('POST', '/restorePoints/1/objects/search', { text: marker(n) }),
    ) as { value: Reference[] };
    expect(found.value.map((reference) => reference.id)).toEqual([id]);

    // any text may be searched for: found, or refused as the documentation says
    const search = `${app.tenant}/restorePoints/1/objects/search`;
    // white space around it does not count: "tab first" asks for an x, which nearly all names have
    const wanted = { text: value.slice(0, 256), top: 1_000 };
    const asked = await app.api.send(person, 'POST', search, wanted);
    const answer = (await asked.json()) as { value?: Reference[]; error?: { code: string } };
    expect([200, 400]).toContain(asked.status);
    if (asked.status === 400) expect(answer.error?.code).toBe('invalidParameter');
    else expect(answer.value?.map((reference) => reference.id)).toContain(id);

    const raw = await text('GET', `/restorePoints/1/objects/user/${id}?view=raw`);
    expect(sha(raw)).toBe(sha(truthBody(id)));
    const shown = JSON.parse(await text('GET', `/restorePoints/1/objects/user/${id}`)) as {
      properties: Record<string, unknown>;
      facets: Record<string, unknown>;
    };
    expect(shown.properties['jobTitle']).toBe(value);
    expect(shown.properties['displayName']).toBe(`${value} ${marker(n)}`);
    if (n === 2) {
      const facet = shown.facets['customSecurityAttributes'] as Record<string, unknown>;
      const held = facet['customSecurityAttributes'] ?? facet;
      expect(JSON.stringify(held)).toContain('"polluted":true');
      expect(Object.keys({})).toEqual([]);
      expect('polluted' in {}).toBe(false);
    }
    const links = await text('GET', `/restorePoints/1/objects/user/${id}/links`);
    expect(JSON.parse(links)).toMatchObject({ value: [] });
  },
);

test('names in paths and searches that belong to nobody are refused as documented', async () => {
  for (const [, value] of values) {
    const id = encodeURIComponent(value.toWellFormed().slice(0, 300));
    const path = `${app.tenant}/restorePoints/1/objects/user/${id}`;
    const response = await app.api.send(person, 'GET', path);
    await response.body?.cancel();
    expect([400, 404], `${response.status} for ${id.slice(0, 60)}`).toContain(response.status);
  }
});

test('a comparison shows both sides of every changed value', async () => {
  const changed = values.map(
    ([name, value], n): AdminChange => ({
      kind: 'patch',
      id: ids.get(name) ?? '',
      properties: { jobTitle: values[(n + 1) % values.length]?.[1] ?? '', department: value },
    }),
  );
  for (const one of changed) await app.simulator.control.change(tenantId, one);
  const to = await backup();
  const operation = await app.run(person, '/comparisons', { from: 1, to });
  expect(operation.error).toBeUndefined();
  const base = (operation.resourceLocation ?? '').replace(app.tenant, '');
  const differences: {
    object: Reference;
    properties: { name: string; from?: unknown; to?: unknown }[];
  }[] = [];
  for (let next: string | undefined = `${base}/differences?top=9`; next !== undefined; ) {
    const page = JSON.parse(await text('GET', next)) as {
      value: typeof differences;
      nextLink?: string;
    };
    differences.push(...page.value);
    const link = page.nextLink === undefined ? undefined : new URL(page.nextLink);
    link?.searchParams.delete('api-version');
    next =
      link === undefined ? undefined : `${link.pathname}${link.search}`.replace(app.tenant, '');
  }
  expect(differences).toHaveLength(values.length);
  for (const [n, [name, value]] of values.entries()) {
    const difference = differences.find(({ object }) => object.id === ids.get(name));
    const property = (wanted: string) =>
      difference?.properties.find((candidate) => candidate.name === wanted);
    expect(property('jobTitle'), name).toMatchObject({
      from: value,
      to: values[(n + 1) % values.length]?.[1],
    });
    expect(property('department'), name).toMatchObject({ to: value });
  }
});
