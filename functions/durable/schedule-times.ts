import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import type { Schedule } from '../../shared/model/tenant.ts';

/**
 * What is wrong with a cron expression or time zone as a clause; undefined when both are right. Five
 * fields, or six with seconds first.
 */
export function scheduleProblem(schedule: Pick<Schedule, 'cron' | 'timeZone'>): string | undefined {
  const fields = schedule.cron.trim().split(/\s+/).length;
  if (fields !== 5 && fields !== 6) return 'has not five or six fields';
  try {
    new Intl.DateTimeFormat('en', { timeZone: schedule.timeZone });
  } catch (error) {
    if (error instanceof RangeError) return 'has an unknown time zone';
    throw error;
  }
  try {
    const next = new Cron(schedule.cron, { timezone: schedule.timeZone }).nextRun();
    return next === null ? 'never comes' : undefined;
  } catch (error) {
    if (error instanceof Error) return 'is not a cron expression';
    throw error;
  }
}

/**
 * The first time of a schedule after `after`, in the schedule's time zone. A fixed part of the spread is
 * added, chosen by tenant and schedule, so that tenants do not start at once and each keeps its minute.
 */
export function nextRun(schedule: Schedule, tenantId: string, after: Date): Date {
  const offsetMs = spreadOf(schedule, tenantId);
  const cron = new Cron(schedule.cron, { timezone: schedule.timeZone });
  const next = cron.nextRun(new Date(after.getTime() - offsetMs));
  if (next === null) throw new RangeError(`schedule ${schedule.name} never comes`);
  return new Date(next.getTime() + offsetMs);
}

function spreadOf(schedule: Schedule, tenantId: string): number {
  if (schedule.spreadSeconds <= 0) return 0;
  const hash = createHash('sha256').update(`${tenantId} ${schedule.name}`).digest();
  return (hash.readUInt32BE(0) % schedule.spreadSeconds) * 1000;
}
