import { describe, expect, test } from 'vitest';
import {
  faultCatalogue,
  logFaultCatalogue,
} from '../../local/graph-simulator/faults/fault-catalogue.ts';
import { createFaultPlan } from '../../local/graph-simulator/faults/fault-plan.ts';
import type { Fault, FaultRuleInput } from '../../local/graph-simulator/faults/fault-schema.ts';
import { readFaultRules } from '../../local/graph-simulator/faults/fault-schema.ts';
import type {
  Caller,
  JsonObject,
  SimulatorReply,
  SimulatorRequest,
} from '../../local/graph-simulator/types.ts';

const NOW = Date.UTC(2026, 10, 1, 12);
const clock = { now: () => NOW };
const caller: Caller = { tenantId: 't1', appId: 'a1', roles: [] };

const request = (more: Partial<SimulatorRequest> = {}): SimulatorRequest => ({
  id: 'r',
  method: 'GET',
  version: 'v1.0',
  path: '/users',
  url: '/v1.0/users?$top=999',
  origin: 'https://localhost:8443',
  query: new Map([['$top', '999']]),
  headers: new Map(),
  bodyText: '',
  receivedAt: NOW,
  ...more,
});

const failing: Fault = { kind: 'status', status: 503 };

/** Numbers, from 1, of those of `total` equal requests that the rule spoils. */
function spoiled(rule: Omit<FaultRuleInput, 'name' | 'fault'>, total = 10): number[] {
  const plan = createFaultPlan(clock);
  plan.set([{ name: 'r', fault: failing, ...rule }]);
  return Array.from({ length: total }, (_, index) => index + 1).filter(() =>
    plan.decide(request(), { template: '/users', operation: 'list' }, caller),
  );
}

const decide = (fault: Fault, of = request()) => {
  const plan = createFaultPlan(clock);
  plan.set([{ name: 'the rule', fault }]);
  return plan.decide(of, { template: '/users', operation: 'list' }, caller);
};

const reply = (body: JsonObject, status = 200): SimulatorReply => ({ status, headers: {}, body });
const users = reply({
  '@odata.context': 'c',
  value: [
    { id: 'one', displayName: 'User 0001' },
    { id: 'two', displayName: 'User 0002' },
  ],
});
const rewritten = (fault: Fault, of = users) => decide(fault)?.rewrite?.(of) ?? of;
const textOf = (answer: SimulatorReply) => answer.text?.content ?? JSON.stringify(answer.body);

describe('which requests a rule spoils', () => {
  test.each([
    [{}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [{ nth: 3 }, [3]],
    [{ nth: [2, 9] }, [2, 9]],
    [{ every: 4 }, [4, 8]],
    [{ from: 8 }, [8, 9, 10]],
    [{ times: 2 }, [1, 2]],
    [{ from: 3, every: 3, times: 2 }, [3, 6]],
    [{ probability: 0 }, []],
    [{ probability: 1, times: 1 }, [1]],
    [{ perUrl: true, nth: 2 }, [2]],
  ])('%o: %o', (when, expected) => {
    expect(spoiled({ when })).toEqual(expected);
  });

  test('probability is the same for the same seed and about what it says', () => {
    const run = (seed: number) => spoiled({ when: { probability: 0.3, seed } }, 1_000);
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
    expect(run(7).length).toBeGreaterThan(250);
    expect(run(7).length).toBeLessThan(350);
  });

  test.each([
    [{ method: 'POST' }, 0],
    [{ method: ['POST', 'GET'] }, 1],
    [{ template: '/groups' }, 0],
    [{ template: ['/groups', '/users'] }, 1],
    [{ path: '/USERS' }, 1],
    [{ path: '/users/*' }, 0],
    [{ path: '/**' }, 1],
    [{ path: '/us.rs' }, 0],
    [{ tenantId: 't2' }, 0],
    [{ tenantId: 't1', appId: 'a1' }, 1],
    [{ query: { $top: '999' } }, 1],
    [{ query: { $top: true, $skiptoken: false } }, 1],
    [{ query: { $skiptoken: true } }, 0],
    [{ batch: 'inner' as const }, 0],
    [{ batch: 'notInner' as const }, 1],
  ])('match %o: %i', (match, expected) => {
    expect(spoiled({ match }, 1)).toHaveLength(expected);
  });

  test('a path of ids is matched segment by segment', () => {
    const plan = createFaultPlan(clock);
    plan.set([{ name: 'r', match: { path: '/groups/*/members' }, fault: failing }]);
    const hit = (path: string) => plan.decide(request({ path }), undefined, caller) !== undefined;
    expect(hit('/groups/1/members')).toBe(true);
    expect(hit('/groups/1/members/2')).toBe(false);
    expect(hit('/groups/1/2/members')).toBe(false);
  });

  test('perUrl fails the first try of every address', () => {
    const plan = createFaultPlan(clock);
    plan.set([{ name: 'r', when: { perUrl: true, nth: 1 }, fault: failing }]);
    const tries = ['/a', '/b', '/a', '/b', '/c'].map(
      (url) => plan.decide(request({ url }), undefined, caller) !== undefined,
    );
    expect(tries).toEqual([true, true, false, false, true]);
  });

  test('the first rule that is due speaks; every matching rule counts', () => {
    const plan = createFaultPlan(clock);
    plan.set([
      { name: 'second', when: { nth: 2 }, fault: failing },
      { name: 'always', fault: { kind: 'html', status: 200 } },
    ]);
    const rules = [1, 2, 3].map(() => plan.decide(request(), undefined, caller)?.rule);
    expect(rules).toEqual(['always', 'second', 'always']);
    expect(plan.report()).toEqual([
      { name: 'second', matched: 3, fired: 1, effective: 1 },
      { name: 'always', matched: 3, fired: 2, effective: 2 },
    ]);
    plan.remove('always');
    expect(plan.decide(request(), undefined, caller)).toBeUndefined();
    plan.clear();
    expect(plan.report()).toEqual([]);
  });

  test('a plan that cannot be read is refused with the place and the reason', () => {
    const read = (rule: object) => () => readFaultRules([rule as never]);
    expect(read({ name: 'r', fault: { kind: 'explode' } })).toThrow(/rule 0\.fault\.kind/);
    expect(read({ name: 'r', fault: failing, when: { nht: 1 } })).toThrow(/rule 0\.when.*nht/);
    expect(read({ fault: failing })).toThrow(/rule 0\.name/);
  });
});

describe('Retry-After', () => {
  const header = (retryAfter: 'integer', seconds?: number) =>
    decide({ kind: 'throttle', retryAfter, ...(seconds ? { seconds } : {}) })?.reply?.headers[
      'retry-after'
    ];

  test.each([
    ['integer', '3'],
    ['fraction', '2.628'],
    ['date', 'Sun, 01 Nov 2026 12:00:02 GMT'],
    ['pastDate', 'Sun, 01 Nov 2026 11:59:00 GMT'],
    ['absent', undefined],
    ['zero', '0'],
    ['negative', '-5'],
    ['huge', '86400000'],
    ['garbage', 'soon'],
  ])('%s is %s', (shape, expected) => {
    expect(header(shape as 'integer', 2.5)).toBe(expected);
  });
});

describe('what goes wrong', () => {
  test('errors have the usual code of their status unless another is named', () => {
    expect(decide(failing)?.reply).toMatchObject({
      status: 503,
      body: { error: { code: 'ServiceUnavailable' } },
    });
    expect(
      decide({ kind: 'throttle', retryAfter: 'integer', code: 'UnknownError' })?.reply?.body,
    ).toMatchObject({ error: { code: 'UnknownError' } });
  });

  test('a lost answer lets the write take effect first', () => {
    expect(decide({ kind: 'responseLost', how: 'gatewayTimeout' })).toMatchObject({
      applyFirst: true,
      reply: { status: 504 },
      rule: 'the rule',
    });
    expect(decide({ kind: 'responseLost', how: 'reset' })).toMatchObject({
      applyFirst: true,
      wire: { kind: 'reset', when: 'beforeHeaders' },
    });
  });

  test('a link loop leads back to the request itself', () => {
    expect(decide({ kind: 'nextLinkLoop' })?.page).toEqual([
      { kind: 'replaceNextLink', link: 'https://localhost:8443/v1.0/users?$top=999' },
    ]);
  });

  test('cut JSON cannot be parsed, the content type stays JSON', () => {
    const answer = rewritten({ kind: 'cutJson' });
    expect(() => JSON.parse(textOf(answer)) as unknown).toThrow();
    expect(answer.text?.contentType).toMatch(/^application\/json/);
    expect(textOf(rewritten({ kind: 'cutJson', keepShare: 0 }))).toBe('');
  });

  test('duplicate keys are both in the text', () => {
    const text = textOf(rewritten({ kind: 'duplicateKeys' }));
    expect(text.match(/"id":/g)).toHaveLength(3);
    const parsed = JSON.parse(text) as { value: { id: string }[] };
    expect(parsed.value.map(({ id }) => id)).toEqual(['one', 'two']);
  });

  test('a deep object is as deep as asked and still JSON for a parser without limit', () => {
    const text = textOf(rewritten({ kind: 'deepObject', depth: 3 }));
    expect(JSON.parse(text)).toMatchObject({ value: [{ deep: [[[]]] }, {}] });
  });

  test('objects grow, lose and gain properties as asked', () => {
    const rows = (fault: Fault) =>
      (JSON.parse(textOf(rewritten(fault))) as { value: JsonObject[] }).value;
    expect(
      JSON.stringify(rows({ kind: 'oversizeObject', bytes: 1_000 })[0]).length,
    ).toBeGreaterThan(1_000);
    expect(rows({ kind: 'dropProperty', name: 'displayName' })).toEqual([
      { id: 'one' },
      { id: 'two' },
    ]);
    expect(rows({ kind: 'nullRow' })[1]).toBeNull();
    expect(rows({ kind: 'unknownProperties' })[1]).toMatchObject({
      id: 'two',
      enumOfTomorrow: 'unknownFutureValue',
    });
  });

  test('a single object is changed like a row', () => {
    const one = reply({ id: 'one', displayName: 'x' });
    expect(rewritten({ kind: 'dropProperty', name: 'id' }, one).body).toEqual({ displayName: 'x' });
  });

  test('bytes that are not UTF-8 stand inside a string', () => {
    const { body } = rewritten({ kind: 'brokenUtf8' });
    expect(Buffer.isBuffer(body)).toBe(true);
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(body as Buffer)).toThrow();
  });

  test('answers that are errors already stay as they are', () => {
    const error = reply({ error: { code: 'x' } }, 404);
    for (const { fault } of faultCatalogue) {
      expect(decide(fault)?.rewrite?.(error) ?? error).toBe(error);
    }
  });

  test('prepared pages (bytes) are changed like the others', () => {
    const bytes = { ...users, body: Buffer.from(JSON.stringify(users.body)) };
    expect(textOf(rewritten({ kind: 'dropProperty', name: 'id' }, bytes))).toBe(
      textOf(rewritten({ kind: 'dropProperty', name: 'id' })),
    );
  });

  test('every entry of the catalogue has an effect, and every kind is in it', () => {
    const all = [...faultCatalogue, ...logFaultCatalogue];
    const kinds = new Set(all.map(({ fault }) => fault.kind));
    for (const { name, fault } of all) {
      const { rule, ...effect } = decide(fault) ?? {};
      expect([name, rule]).toEqual([name, 'the rule']);
      expect([name, Object.keys(effect).length]).not.toEqual([name, 0]);
    }
    expect(new Set(faultCatalogue.map(({ name }) => name)).size).toBe(faultCatalogue.length);
    expect([...kinds].sort()).toEqual(
      [
        'brokenUtf8 conflictingRows cutJson deepObject delay doubleRows dropProperty',
        'duplicateKeys duplicateRows emptyPage endlessRound errorInBody exactNumbers expiredDeltaToken',
        'expiredPageToken omitRows shortPage',
        'hang html loseNextLink missingValue nextLinkLoop nullRow oversizeObject redirect',
        'removedBeforeAdded replaceBody replaceNextLink replaceValue replayRound reset',
        'responseLost skipRows slowDrip status throttle truncate unknownProperties',
      ]
        .join(' ')
        .split(' ')
        .sort(),
    );
  });
});
