import { describe, expect, it } from 'vitest';
import { nextRun, scheduleProblem } from '../../../functions/durable/schedule-times.ts';
import type { Schedule } from '../../../shared/model/tenant.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const at = (cron: string, timeZone: string, spreadSeconds = 0): Schedule => ({
  name: 'nightly',
  kind: 'tenantBackup',
  cron,
  timeZone,
  spreadSeconds,
});

function runs(schedule: Schedule, from: string, count: number): string[] {
  let time = new Date(from);
  return Array.from({ length: count }, () => {
    time = nextRun(schedule, tenantId, time);
    return time.toISOString();
  });
}

describe('times of a schedule', () => {
  it('follow the time zone through summer and winter', () => {
    const schedule = at('0 2 * * *', 'America/New_York');
    expect(runs(schedule, '2026-07-01T12:00:00Z', 1)).toEqual(['2026-07-02T06:00:00.000Z']);
    expect(runs(schedule, '2026-12-01T12:00:00Z', 1)).toEqual(['2026-12-02T07:00:00.000Z']);
  });

  it('come once on the night that repeats an hour, and once on the night that skips it', () => {
    const schedule = at('30 2 * * *', 'Europe/Berlin');
    const autumn = runs(schedule, '2026-10-24T12:00:00Z', 3).map((time) => time.slice(0, 10));
    expect(autumn).toEqual(['2026-10-25', '2026-10-26', '2026-10-27']);
    const spring = runs(schedule, '2026-03-28T12:00:00Z', 3).map((time) => time.slice(0, 10));
    expect(spring).toEqual(['2026-03-29', '2026-03-30', '2026-03-31']);
  });

  it('always lie after the time asked for, with any spread', () => {
    const schedule = at('*/7 * * * *', 'Asia/Kolkata', 3600);
    let time = new Date('2026-03-29T00:00:00Z');
    for (let index = 0; index < 500; index += 1) {
      const next = nextRun(schedule, tenantId, time);
      expect(next.getTime()).toBeGreaterThan(time.getTime());
      time = next;
    }
  });

  it('are moved by a part of the spread that belongs to the tenant', () => {
    const schedule = at('0 2 * * *', 'UTC', 3600);
    const start = new Date('2026-11-24T12:00:00Z');
    const offsets = Array.from({ length: 40 }, (_, index) => {
      const id = `${tenantId.slice(0, -2)}${String(index).padStart(2, '0')}`;
      const [one, two] = [nextRun(schedule, id, start), nextRun(schedule, id, start)];
      expect(one).toEqual(two);
      return one.getTime() - new Date('2026-11-25T02:00:00Z').getTime();
    });
    expect(Math.min(...offsets)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...offsets)).toBeLessThan(3_600_000);
    expect(new Set(offsets).size).toBeGreaterThan(30);
  });

  it.each([
    ['0 2 * * *', 'UTC', undefined],
    ['0 0 2 * * 1-5', 'Europe/Berlin', undefined],
    ['0 2 * *', 'UTC', 'has not five or six fields'],
    ['@daily', 'UTC', 'has not five or six fields'],
    ['99 2 * * *', 'UTC', 'is not a cron expression'],
    ['0 2 * * *', 'Nowhere/City', 'has an unknown time zone'],
    ['0 0 31 2 *', 'UTC', 'never comes'],
  ])('%s in %s: %s', (cron, timeZone, problem) => {
    expect(scheduleProblem({ cron, timeZone })).toBe(problem);
  });
});
