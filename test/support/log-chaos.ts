// A random life of one log: late, changed, repeated and border records, pages that shrink, lose rows
// or their token, throttling, hanging wide windows, killed and doubled workers, lost caches.
import type { FaultRuleInput } from '../../local/graph-simulator/faults/fault-schema.ts';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import type { CollectContext } from '../../shared/log-backup/collect-context.ts';
import { timeOfMs } from '../../shared/log-backup/log-time.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { logSources } from '../../shared/model/log-source.ts';
import { newTable, openCache } from './caches.ts';
import {
  DAY,
  dice,
  HOUR,
  type LogLab,
  type LogTenant,
  MINUTE,
  RETENTION_DAYS,
  simulatedSources,
} from './log-lab.ts';

/** What a kill looks like from within: nothing after it runs. */
export class Killed extends Error {}

export interface Life {
  readonly tenant: LogTenant;
  readonly kills: number;
  readonly defects: Awaited<ReturnType<LogTenant['defects']>>;
  readonly records: number;
  /** In the time of the records; what was lost before is no matter here. */
  readonly gaps: number;
  readonly manifests: number;
}

export async function liveOneLog(lab: LogLab, seed: number, store?: LogStore): Promise<Life> {
  const next = dice(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)] as T;
  const start = Math.ceil(lab.clock.now().getTime() / HOUR) * HOUR;
  const end = start + 6 * HOUR;
  const source = pick(logSources);
  const tenant = await lab.addTenant({
    source,
    cache: openCache(newTable()),
    ...(store === undefined ? {} : { store }),
    changes: [
      { kind: 'settings', settings: { shortPages: 0.3, paging: pick(['offset', 'border']) } },
      {
        kind: 'stream',
        stream: {
          ...randomStream(next, seed),
          source: simulatedSources[source],
          from: start - 6 * HOUR,
          to: end,
        },
      },
      { kind: 'add', source: simulatedSources[source], records: oddRecords(start) },
    ],
  });
  let kills = 0;
  const willDie = next() < 0.5;
  const reach: CollectContext['reach'] = () => {
    if (!willDie || next() >= 0.03) return;
    kills += 1;
    throw new Killed('killed here');
  };
  const work = async (): Promise<void> => {
    try {
      await tenant.catchUp({ reach });
    } catch (error) {
      // Graph may stay so bad that a slice gives up: the next one goes on
      const isExpected = error instanceof Killed || isBackupError(error, 'graphBadAnswer');
      if (!isExpected) throw error;
    }
  };
  await lab.control.faults(...randomFaults(next, tenant.tenantId, seed));
  while (lab.clock.now().getTime() < start + 55 * HOUR) {
    await (next() < 0.2 ? Promise.all([work(), work()]) : work());
    if (next() < 0.1) tenant.cache = openCache(newTable());
    lab.clock.advance((20 + next() * 14 * 60) * MINUTE);
  }
  await lab.control.clearFaults();
  await tenant.catchUp();
  // the last sweep, a day before the records can no longer be read
  lab.clock.advance(end + (RETENTION_DAYS - 1) * DAY + 2 * HOUR - lab.clock.now().getTime());
  await tenant.catchUp();
  const [defects, { gaps, manifests }] = [await tenant.defects(), await tenant.union()];
  return {
    tenant,
    kills,
    defects,
    records: (await tenant.truth()).size,
    gaps: gaps.filter(({ to }) => to >= timeOfMs(start - 7 * HOUR)).length,
    manifests,
  };
}

function randomStream(next: () => number, seed: number) {
  return {
    seed,
    records: 40 + Math.floor(next() * 120),
    bytes: 1200,
    lateShare: next() * 0.4,
    latestHours: 48,
    changedShare: next() * 0.4,
    keptShare: 0.5,
    repeatedShare: next() * 0.2,
    equalTimeShare: 0.1,
    fullMinuteShare: 0.2,
  };
}

/** At the borders of hours and minutes, to 100 ns, with ids that are no GUIDs. */
function oddRecords(start: number): { time: string; id: string }[] {
  const at = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 19);
  return [
    { time: `${at(start + HOUR)}Z`, id: 'Directory_0F-Ü/..%2F_1' },
    { time: `${at(start + HOUR)}Z`, id: 'Directory_0f-ü/..%2f_1' },
    { time: `${at(start + HOUR)}.0000001Z`, id: 'SSGM_"quoted"_88453290' },
    { time: `${at(start + HOUR - 1000)}.9999999Z`, id: 'a b c' },
    { time: `${at(start + 90 * MINUTE)}.1Z`, id: `${'x'.repeat(300)}` },
  ];
}

function randomFaults(next: () => number, tenantId: string, seed: number): FaultRuleInput[] {
  const match = { path: '/auditLogs/**', tenantId };
  const often = (probability: number) => ({ probability: probability * next(), seed });
  const fault = (name: string, kind: FaultRuleInput['fault'], share: number): FaultRuleInput => ({
    name,
    match,
    when: often(share),
    fault: kind,
  });
  const wide = { ...match, windowWiderThanMinutes: 60 + Math.ceil(next() * 1000) };
  return [
    {
      name: 'wide',
      match: wide,
      when: { times: 12 },
      fault: next() < 0.5 ? { kind: 'status', status: 504 } : { kind: 'hang', milliseconds: 5 },
    },
    fault('429', { kind: 'throttle', retryAfter: 'integer', code: 'UnknownError' }, 0.1),
    fault('token', { kind: 'expiredPageToken', form: 'Directory_ExpiredPageToken' }, 0.1),
    fault('omitted', { kind: 'omitRows', count: 3 }, 0.1),
    fault('skipped', { kind: 'skipRows', count: 2 }, 0.1),
    fault('doubled', { kind: 'doubleRows', count: 3 }, 0.1),
    fault('cut', { kind: 'cutJson' }, 0.05),
    fault('reset', { kind: 'reset', when: 'inBody' }, 0.05),
    fault('empty', { kind: 'shortPage', rows: 0 }, 0.1),
    fault('link', { kind: 'loseNextLink' }, 0.05),
  ];
}
