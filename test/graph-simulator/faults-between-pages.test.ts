import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../local/graph-simulator/faults/fault-schema.ts';
import { idOf } from '../../local/graph-simulator/seed/dice.ts';
import { type FaultBench, idsOf, startFaultBench, TENANT } from './support/fault-bench.ts';

const LIST = '/users?$select=id,displayName&$top=100';
let bench: FaultBench;

beforeAll(async () => {
  bench = await startFaultBench();
});
afterAll(() => bench.stop());
beforeEach(() => bench.simulator.control.clearFaults());

describe('between pages', () => {
  const skip: Fault = { kind: 'skipRows', count: 3 };
  const double: Fault = { kind: 'doubleRows', count: 3 };

  test('rows are skipped or doubled', async () => {
    const whole = idsOf(await bench.pages(LIST));
    expect(new Set(whole).size).toBe(250);
    await bench.plan(skip);
    expect(idsOf(await bench.pages(LIST))).toHaveLength(247);
    await bench.plan(double);
    const doubled = idsOf(await bench.pages(LIST));
    expect(doubled).toHaveLength(253);
    expect(new Set(doubled)).toEqual(new Set(whole));
  });

  test('empty pages lead on and nothing is lost', async () => {
    await bench.plan({ kind: 'emptyPage' }, 2);
    const all = await bench.pages(LIST);
    expect(all.map(({ value }) => value.length)).toEqual([100, 0, 100, 50]);
    expect(new Set(idsOf(all)).size).toBe(250);
  });

  test('a link is lost, loops or leads elsewhere', async () => {
    await bench.plan({ kind: 'loseNextLink' });
    expect(await bench.pages(LIST)).toHaveLength(1);
    await bench.plan({ kind: 'nextLinkLoop' });
    const { '@odata.nextLink': loop } = await bench.page(LIST);
    expect(loop).toBe(`${bench.simulator.origin}/v1.0${LIST}`);
    await bench.plan({ kind: 'replaceNextLink', link: 'https://graph.contoso.example/v1.0/users' });
    expect((await bench.page(LIST))['@odata.nextLink']).toBe(
      'https://graph.contoso.example/v1.0/users',
    );
  });

  test('skip tokens expire', async () => {
    const { '@odata.nextLink': link } = await bench.page(LIST);
    await bench.plan({ kind: 'expiredPageToken', form: 'Directory_ExpiredPageToken' });
    const expired = await bench.get(String(link));
    expect(expired.status).toBe(400);
    expect(await expired.json()).toMatchObject({ error: { code: 'Directory_ExpiredPageToken' } });
  });
});

describe('in delta', () => {
  const DELTA = '/users/delta?$select=id,displayName';
  const deltaLink = async () =>
    String((await bench.page(`${DELTA}&$deltatoken=latest`))['@odata.deltaLink']);

  test.each([
    ['syncStateNotFound', 400, 'syncStateNotFound'],
    ['gone', 410, undefined],
    ['resyncRequired', 410, 'resyncRequired'],
  ] as const)('a token expires as %s', async (form, status, code) => {
    const link = await deltaLink();
    await bench.plan({ kind: 'expiredDeltaToken', form });
    const expired = await bench.get(link);
    expect(expired.status).toBe(status);
    if (form === 'gone') expect(expired.headers.get('location')).toMatch(/\$deltatoken=$/);
    if (code) expect(await expired.json()).toMatchObject({ error: { code } });
  });

  test('rows come twice, and conflicting ones with the newer first', async () => {
    const link = await deltaLink();
    const id = idOf(1, 'user', 5);
    await bench.simulator.control.change(TENANT, {
      kind: 'rename',
      id,
      displayName: 'User renamed',
    });
    await bench.plan({ kind: 'duplicateRows', count: 1 });
    expect((await bench.page(link)).value.map((row) => row.displayName)).toEqual([
      'User renamed',
      'User renamed',
    ]);
    await bench.plan({ kind: 'conflictingRows', count: 1 });
    expect((await bench.page(link)).value.map((row) => row.displayName)).toEqual([
      'User renamed',
      'User 0005',
    ]);
  });
});
