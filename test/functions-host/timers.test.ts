import { join } from 'node:path';
import type { Timer } from '@azure/functions';
import { afterEach, describe, expect, test } from 'vitest';
import type { FunctionsHost } from '../../local/functions-host/host.ts';
import { nextWallTime, parseNcrontab } from '../../local/functions-host/timers/ncrontab.ts';
import { TimeZone } from '../../local/functions-host/timers/time-zone.ts';
import { FakeClock, settle } from './support/fake-clock.ts';
import { scratchDirectory } from './support/host-process.ts';
import { startInlineHost } from './support/inline-host.ts';

/** The first `count` runs after a time. */
function runs(expression: string, after: string, count = 1): (string | undefined)[] {
  const schedule = parseNcrontab(expression);
  const found: (string | undefined)[] = [];
  let at: number | undefined = Date.parse(after);
  for (let i = 0; i < count && at !== undefined; i++) {
    at = nextWallTime(schedule, at);
    found.push(at === undefined ? undefined : new Date(at).toISOString());
  }
  return found;
}

describe('a schedule of six fields', () => {
  test.each([
    ['0 */5 * * * *', '2026-01-01T00:01:00Z', '2026-01-01T00:05:00.000Z'],
    ['0 */5 * * * *', '2026-01-01T00:05:00Z', '2026-01-01T00:10:00.000Z'],
    ['30 0 2 * * *', '2026-01-31T02:00:30Z', '2026-02-01T02:00:30.000Z'],
    ['0 30 9 * * 1-5', '2026-01-02T10:00:00Z', '2026-01-05T09:30:00.000Z'],
    ['0 30 9 * * MON-FRI', '2026-01-02T10:00:00Z', '2026-01-05T09:30:00.000Z'],
    ['0 0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 0 12 1 jan,jul *', '2026-01-01T12:00:00Z', '2026-07-01T12:00:00.000Z'],
    ['5/20 * * * * *', '2026-01-01T00:00:25Z', '2026-01-01T00:00:45.000Z'],
    ['0 0 3 * *', '2026-01-01T00:00:00Z', '2026-01-03T00:00:00.000Z'],
  ])('%s after %s is %s', (expression, after, expected) => {
    expect(runs(expression, after)).toEqual([expected]);
  });

  test('needs day and day of week together, unlike cron', () => {
    expect(runs('0 0 0 13 * 5', '2026-01-01T00:00:00Z', 2)).toEqual([
      '2026-02-13T00:00:00.000Z',
      '2026-03-13T00:00:00.000Z',
    ]);
  });

  test('that can never come has no next run', () => {
    expect(runs('0 0 0 30 2 *', '2026-01-01T00:00:00Z')).toEqual([undefined]);
  });

  test.each([
    '* * *',
    '60 * * * * *',
    '* * * * 13 *',
    '* * * * * 7',
    '*/0 * * * * *',
    'a * * * * *',
  ])('%s is refused with the field that is wrong', (expression) => {
    expect(() => parseNcrontab(expression)).toThrow(/schedule ".*"/);
  });
});

describe('a time zone', () => {
  const zone = new TimeZone('Europe/Zurich');
  const wall = (text: string) => Date.parse(`${text}Z`);

  test('shifts by its offset, in summer and in winter', () => {
    expect(new Date(zone.toUtc(wall('2026-01-15T08:00:00'))).toISOString()).toBe(
      '2026-01-15T07:00:00.000Z',
    );
    expect(new Date(zone.toUtc(wall('2026-07-15T08:00:00'))).toISOString()).toBe(
      '2026-07-15T06:00:00.000Z',
    );
  });

  test('takes the first of a doubled hour and the end of a skipped one', () => {
    expect(new Date(zone.toUtc(wall('2026-10-25T02:30:00'))).toISOString()).toBe(
      '2026-10-25T00:30:00.000Z',
    );
    expect(new Date(zone.toUtc(wall('2026-03-29T02:30:00'))).toISOString()).toBe(
      '2026-03-29T01:30:00.000Z',
    );
  });

  test('that does not exist is refused', () => {
    expect(() => new TimeZone('Mars/Olympus')).toThrow('not an IANA time zone');
  });
});

describe('a timer function', () => {
  let host: FunctionsHost | undefined;

  afterEach(async () => {
    await host?.stop();
    host = undefined;
  });

  interface Run {
    at: string;
    pastDue: boolean;
    last: string | undefined;
    next: string | undefined;
  }

  async function startTimer(
    clock: FakeClock,
    schedule: string,
    options: { hub?: string; runOnStartup?: boolean; fails?: boolean } = {},
  ): Promise<Run[]> {
    const seen: Run[] = [];
    const register = async () => {
      const { app } = await import('@azure/functions');
      app.timer('tick', {
        schedule,
        runOnStartup: options.runOnStartup ?? false,
        handler: (timer: Timer) => {
          const { last, next } = timer.scheduleStatus ?? {};
          const at = new Date(clock.now()).toISOString();
          seen.push({ at, pastDue: timer.isPastDue, last, next });
          if (options.fails) throw new Error('no');
        },
      });
    };
    host = await startInlineHost(register, { clock, hub: options.hub ?? ':memory:' });
    await settle();
    return seen;
  }

  test('runs when its schedule says so, and only then', async () => {
    const clock = new FakeClock('2026-01-01T00:00:10Z');
    const seen = await startTimer(clock, '0 */2 * * * *');
    expect(seen).toEqual([]);
    await clock.moveTo('2026-01-01T00:05:00Z');
    expect(seen.map((run) => run.at)).toEqual([
      '2026-01-01T00:02:00.000Z',
      '2026-01-01T00:04:00.000Z',
    ]);
    expect(seen[1]).toMatchObject({
      pastDue: false,
      last: '2026-01-01T00:02:00.000Z',
      next: '2026-01-01T00:04:00.000Z',
    });
  });

  test('takes its schedule from a setting, and refuses a setting that is missing', async () => {
    process.env['TICK_SCHEDULE'] = '0 0 4 * * *';
    const clock = new FakeClock('2026-01-01T00:00:00Z');
    const seen = await startTimer(clock, '%TICK_SCHEDULE%');
    await clock.moveTo('2026-01-02T05:00:00Z');
    expect(seen.length).toBe(2);
    await expect(startTimer(clock, '%NO_SUCH_SETTING%')).rejects.toThrow(
      'timer function tick names the setting NO_SUCH_SETTING, which is not set',
    );
  });

  test('makes up once, marked past due, for runs missed while the host was down', async () => {
    const hub = join(scratchDirectory(), 'hub.sqlite');
    const before = new FakeClock('2026-01-01T00:00:00Z');
    await startTimer(before, '0 0 * * * *', { hub });
    await before.moveTo('2026-01-01T01:30:00Z');
    await host?.stop();
    const after = new FakeClock('2026-01-01T05:15:00Z');
    const seen = await startTimer(after, '0 0 * * * *', { hub });
    expect(seen).toEqual([
      {
        at: '2026-01-01T05:15:00.000Z',
        pastDue: true,
        last: '2026-01-01T01:00:00.000Z',
        next: '2026-01-01T02:00:00.000Z',
      },
    ]);
    await after.moveTo('2026-01-01T06:00:00Z');
    expect(seen[1]).toMatchObject({ at: '2026-01-01T06:00:00.000Z', pastDue: false });
  });

  test('is not past due when nothing was missed', async () => {
    const hub = join(scratchDirectory(), 'hub.sqlite');
    await startTimer(new FakeClock('2026-01-01T00:00:00Z'), '0 0 * * * *', { hub });
    await host?.stop();
    expect(await startTimer(new FakeClock('2026-01-01T00:59:59Z'), '0 0 * * * *', { hub })).toEqual(
      [],
    );
  });

  test('runs on start-up when it wants to', async () => {
    const clock = new FakeClock('2026-01-01T00:00:10Z');
    const seen = await startTimer(clock, '0 0 0 1 1 *', { runOnStartup: true });
    expect(seen).toMatchObject([{ at: '2026-01-01T00:00:10.000Z', pastDue: false }]);
  });

  test('that throws runs again at its next time', async () => {
    const clock = new FakeClock('2026-01-01T00:00:10Z');
    const seen = await startTimer(clock, '0 * * * * *', { fails: true });
    await clock.moveTo('2026-01-01T00:02:30Z');
    expect(seen.length).toBe(2);
  });

  test('runs by hand through the administration API; an unknown one is 404', async () => {
    const clock = new FakeClock('2026-01-01T00:00:10Z');
    const seen = await startTimer(clock, '0 0 0 1 1 *');
    const run = (name: string) =>
      fetch(`${host?.url}/admin/functions/${name}`, {
        method: 'POST',
        body: '{"input":""}',
        headers: { 'content-type': 'application/json' },
      });
    expect((await run('tick')).status).toBe(202);
    await settle();
    expect(seen.length).toBe(1);
    expect((await run('tock')).status).toBe(404);
  });
});
