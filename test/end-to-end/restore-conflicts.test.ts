import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonValue } from '../../shared/json/json-value.ts';
import {
  applyPlan,
  beginRestore,
  finishRestore,
  type RestoreHarness,
  runSlice,
  Stopped,
  startHarness,
} from './restore-harness.ts';
import {
  capture,
  change,
  deletions,
  isMailOnly,
  isSynced,
  live,
  makePlan,
  objects,
  truth,
  useHarness,
} from './restore-scenario.ts';

let harness: RestoreHarness;
beforeAll(async () => {
  harness = await startHarness(60, 12);
  useHarness(harness);
});
afterAll(async () => {
  await harness.close();
});

describe('a slice that wakes up late', () => {
  it('is refused at its next record, and the restore ends whole', async () => {
    const victims = live(await truth(), 'user')
      .filter((line) => !isSynced(line))
      .slice(24, 30);
    const wanted = await capture();
    const before = await truth();
    await change(...deletions(victims));
    const made = await makePlan({ all: true }, wanted);
    const restoreId = await beginRestore(harness, made.planId);
    let wake = (): void => undefined;
    const frozen = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let isHeld = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    const late = runSlice(harness, restoreId, {
      failpoint: async (at) => {
        if (at !== 'step.afterStarted') return;
        isHeld();
        await frozen;
      },
    });
    const refused = expect(late).rejects.toMatchObject({ code: 'fenced' });
    await held;
    const rows = await finishRestore(harness, restoreId);
    wake();
    await refused;
    expect(rows.map((row) => row.state).filter((state) => state !== 'done')).toEqual([]);
    expect(live(await truth(), 'user').length).toBeGreaterThanOrEqual(live(before, 'user').length);
  });
});

describe('a creation whose answer was lost', () => {
  it('is found again although a backup has seen its object meanwhile', async () => {
    const victim = live(await truth(), 'group').find(
      (line) => !isSynced(line) && !isMailOnly(line),
    )!;
    const wanted = await capture();
    const before = live(await truth(), 'group').length;
    await change({ kind: 'delete', id: victim.id }, { kind: 'purge', id: victim.id });
    const made = await makePlan({ objects: [{ type: 'group', id: victim.id }] }, wanted);
    let isLost = false;
    const rows = await applyPlan(harness, made.planId, {
      failpoint: async (at) => {
        if (at !== 'step.afterWrite' || isLost) return;
        isLost = true;
        await capture();
        throw new Stopped(at);
      },
    });
    expect(isLost).toBe(true);
    expect(rows.map((row) => row.state).filter((state) => state !== 'done')).toEqual([]);
    expect(live(await truth(), 'group')).toHaveLength(before);
  });
});

describe('the final verification', () => {
  it('says what was changed by somebody else after its step', async () => {
    const [one] = live(await truth(), 'user').filter((line) => !isSynced(line));
    const wanted = await capture();
    await change({ kind: 'patch', id: one!.id, properties: { city: 'A' } });
    const made = await makePlan({ types: ['user'] }, wanted);
    const rows = await applyPlan(harness, made.planId, {
      failpoint: async (at) => {
        if (at !== 'restore.beforeVerification') return;
        await change({ kind: 'patch', id: one!.id, properties: { city: 'Z' } });
      },
    });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ state: 'done' });
    expect(JSON.parse(rows[0]!.result!)).toMatchObject({
      cause: 'changedAfterwards',
      properties: [{ name: 'city', outcome: 'conflict' }],
    });
  });
});

describe('a step whose object was changed after the plan was made', () => {
  it('is a conflict and writes nothing', async () => {
    const start = await truth();
    const [one, two] = live(start, 'user').filter((line) => !isSynced(line));
    const wanted = await capture();
    await change(
      { kind: 'patch', id: one!.id, properties: { city: 'A' } },
      { kind: 'patch', id: two!.id, properties: { city: 'A' } },
    );
    const made = await makePlan({ types: ['user'] }, wanted);
    await change({ kind: 'patch', id: one!.id, properties: { city: 'B' } });
    const rows = await applyPlan(harness, made.planId);
    expect(rows.map((row) => row.state).sort()).toEqual(['conflict', 'done']);
    const after = await truth();
    const city = (id: string): JsonValue | undefined =>
      objects(after, 'user').find((line) => line.id === id)?.properties['city'] as JsonValue;
    expect(city(one!.id)).toBe('B');
    expect(city(two!.id)).toEqual(two!.properties['city']);
  });
});
