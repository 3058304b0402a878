import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, type LogFields, type LogLine } from '../../../shared/telemetry/logger.ts';
import { loggingMeter } from '../../../shared/telemetry/meter.ts';
import { redactMessage } from '../../../shared/telemetry/redact.ts';

const clock = { now: () => new Date('2026-11-01T08:00:00Z') };

function recording(base?: LogFields) {
  const lines: LogLine[] = [];
  return { lines, logger: createLogger((line) => lines.push(line), clock, base) };
}

/** Each in a form in which it really turns up. */
const planted = [
  'eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiIxMTExIn0.c2lnbmF0dXJl',
  'Bearer eyJhbGciOiJub25lIn0.e30.',
  'postgres://entra_backup_app:hunter2hunter2@db.contoso.example:5432/entra_backup',
  'client_secret=Q~8planted-client-secret',
  'AccountKey=cGxhbnRlZCBzdG9yYWdlIGFjY291bnQga2V5IHBsYW50ZWQ=',
  'https://graph.microsoft.com/v1.0/users?$skiptoken=RFNwdAIAAQAAAAplanted',
  'user0001@contoso.example',
  '{"passwordProfile":{"password":"Planted!Passw0rd"}}',
  '-----BEGIN PRIVATE KEY-----\nMIIEvPlanted\n-----END PRIVATE KEY-----',
  'User 0001 of Contoso',
];
const core =
  /c2lnbmF0dXJl|e30|hunter2|planted-client|cGxhbnRlZ|RFNwdAIAAQ|user0001|Passw0rd|MIIEv/i;

describe('the logger', () => {
  it('writes constant messages with fields, level and time', () => {
    const { lines, logger } = recording({ tenantId: 'b1f0c0de-0000-4000-8000-000000000001' });
    logger.info('restore point published', { point: 12, objects: 2400, phase: 'commit' });
    expect(lines).toEqual([
      {
        time: '2026-11-01T08:00:00.000Z',
        level: 'info',
        message: 'restore point published',
        fields: {
          tenantId: 'b1f0c0de-0000-4000-8000-000000000001',
          point: 12,
          objects: 2400,
          phase: 'commit',
        },
      },
    ]);
  });

  it('keeps ids, codes, routes and names of types as they are', () => {
    const values = [
      'backup:b1f0c0de-0000-4000-8000-000000000001',
      'graphThrottled',
      '/api/tenants/{tenantId}/restorePoints/{number}',
      'group.members',
      'conditionalAccessPolicy:conditions.users.includeUsers[]',
    ];
    for (const value of values) {
      const { lines, logger } = recording();
      logger.warn('probe', { collection: value });
      expect(lines[0]?.fields['collection']).toBe(value);
    }
  });

  it.each(planted)('redacts in any field: %s', (secret) => {
    for (const name of ['code', 'innerCode', 'reason', 'collection', 'route']) {
      const { lines, logger } = recording();
      logger.error('request failed', { [name]: secret });
      logger.error('request failed', { [name]: { inner: secret } } as LogFields);
      expect(JSON.stringify(lines)).not.toMatch(core);
      expect(JSON.stringify(lines)).not.toContain('Contoso');
    }
  });

  it('redacts known secrets in the text of a message', () => {
    for (const secret of planted.slice(0, -1)) {
      const { lines, logger } = recording();
      logger.error(`library said: ${secret} and stopped`);
      expect(lines[0]?.message).not.toMatch(core);
      expect(lines[0]?.message).toContain('and stopped');
    }
  });

  it('drops fields that are not on the list and says how many', () => {
    const { lines, logger } = recording();
    const fields = { displayName: 'x', userPrincipalName: 'y', count: 1 };
    logger.info('probe', fields as LogFields);
    expect(lines[0]?.fields).toEqual({ count: 1, dropped: 2 });
  });

  it('never lets a token through, wherever it stands', () => {
    const token = fc
      .string({ unit: fc.constantFrom(...'ABCDEFabcdef0123456789_-'), minLength: 24 })
      .map((body) => `eyJ${body}.${body}.${body}`);
    fc.assert(
      fc.property(fc.string(), token, fc.string(), (before, secret, after) => {
        const body = secret.split('.')[1] ?? secret;
        expect(redactMessage(`${before} ${secret} ${after}`)).not.toContain(body);
      }),
    );
  });
});

describe('the meter', () => {
  it('carries name, value and unit', () => {
    const { lines, logger } = recording();
    loggingMeter(logger).record('entra_backup.backup.objects', 5);
    expect(lines[0]?.message).toBe('metric entra_backup.backup.objects 5 {object}');
  });
});
