// What an operation says about a run of a log backup, from the rows of the logs.
import { describe, expect, it } from 'vitest';
import { summariseRun } from '../../../shared/log-backup/run-summary.ts';
import type { LogSourceRow } from '../../../shared/repository/log-sources.ts';

const run = 'c0117050-0000-4000-8000-00000000000a';

function row(more: Partial<LogSourceRow>): LogSourceRow {
  return {
    source: 'signIns',
    operationId: run,
    retentionDays: 30,
    outcome: 'caughtUp',
    head: 3,
    windows: 2,
    gaps: 0,
    read: 100,
    added: 40,
    changed: 2,
    unanswered: 0,
    withoutCache: false,
    neededRequests: 10,
    updatedAt: new Date('2026-11-24T10:00:00Z'),
    ...more,
  };
}

const audits = { source: 'directoryAudits' } as const;
const unlicensed = { outcome: 'refused', code: 'graphNotLicensed', windows: 0 } as const;

describe('the summary of a log backup', () => {
  it('is complete when every log is read, and counts what was stored of each', () => {
    const { update, end } = summariseRun([row({}), row(audits)], run);
    expect(end).toEqual({ status: 'succeeded', result: 'complete' });
    expect(update).toEqual({
      progress: { directoryAudits: { done: 42 }, signIns: { done: 42 } },
      counts: { done: 2, skipped: 0, conflict: 0, failed: 0, pending: 0 },
      warnings: [],
    });
  });

  it('had nothing to do when no window was due', () => {
    const { end } = summariseRun([row({ windows: 0, added: 0, changed: 0 })], run);
    expect(end).toEqual({ status: 'succeeded', result: 'nothingToDo' });
  });

  it('states a missing licence and stays complete', () => {
    const { update, end } = summariseRun([row(unlicensed), row(audits)], run);
    expect(end).toEqual({ status: 'succeeded', result: 'complete' });
    expect(update.counts).toMatchObject({ done: 1, skipped: 1, failed: 0 });
    expect(update.warnings).toEqual([
      'signIns: graphNotLicensed: the tenant has no licence for this log (Microsoft Entra ID P1 or P2)',
    ]);
    expect(summariseRun([row(unlicensed)], run).end).toMatchObject({ result: 'nothingToDo' });
  });

  it('is partial with a log that is refused, and names the permission', () => {
    const forbidden = { outcome: 'refused', code: 'graphForbidden' } as const;
    const named = row({ ...forbidden, permission: 'AuditLog.Read.All' });
    for (const refused of [named, row(forbidden)]) {
      const { update, end } = summariseRun([refused, row(audits)], run);
      expect(end).toEqual({ status: 'succeeded', result: 'partial' });
      expect(update.counts).toMatchObject({ done: 1, failed: 1 });
      expect(update.warnings).toEqual([
        'signIns: graphForbidden: the application needs the permission AuditLog.Read.All',
      ]);
    }
  });

  it('fails with the first reason when nothing was read', () => {
    const failed = row({ outcome: 'failed', code: 'cacheUnreachable' });
    expect(summariseRun([failed, row({ ...audits, ...unlicensed })], run).end).toEqual({
      status: 'failed',
      error: { code: 'cacheUnreachable', message: 'no log was read: cacheUnreachable' },
    });
    const broken = summariseRun([row({ outcome: 'more' })], run);
    expect(broken.end).toMatchObject({ error: { code: 'internalError' } });
    expect(broken.update.counts).toMatchObject({ pending: 1, failed: 0 });
  });

  it('is partial with gaps or windows without an answer, and says so', () => {
    const { update, end } = summariseRun(
      [row({ gaps: 1, unanswered: 2, withoutCache: true })],
      run,
    );
    expect(end).toEqual({ status: 'succeeded', result: 'partial' });
    expect(update.warnings).toEqual([
      'signIns: 1 gap: time that Microsoft removed before it was read',
      'signIns: graph does not answer for 2 windows, tried again later',
      'signIns: cacheUnreachable: went on from manifests, so that no record is lost',
    ]);
  });

  it('says with figures when the quota of Graph cannot keep up with all logs of the tenant', () => {
    const other = row({ ...audits, operationId: 'another', neededRequests: 1_500 });
    const { update } = summariseRun([row({ neededRequests: 900 }), other], run);
    expect(update.progress).toEqual({ signIns: { done: 42 } });
    expect(update.warnings).toEqual([
      expect.stringMatching(/1764 requests for logs per hour, .* needs 2400/),
    ]);
  });
});
