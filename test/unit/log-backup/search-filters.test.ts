import { describe, expect, it } from 'vitest';
import { recordMatcher, type SearchFilters } from '../../../shared/log-backup/search-filters.ts';

const time = '"createdDateTime":"2026-03-04T05:00:00Z"';
const finds = (text: string, filters: SearchFilters): boolean =>
  recordMatcher('signIns', filters)(Buffer.from(`{"id":"1",${time},${text}}`)) !== undefined;

describe('the filters of a search', () => {
  it('compare whole values of the right members without regard to case', () => {
    const record = '"userPrincipalName":"Adele@contoso.example","appDisplayName":"Portal"';
    expect(finds(record, { actor: 'ADELE@contoso.example' })).toBe(true);
    expect(finds(record, { actor: 'adele' })).toBe(false);
    expect(finds(record, { application: 'adele@contoso.example' })).toBe(false);
    expect(finds(record, { actor: 'adele@contoso.example', application: 'teams' })).toBe(false);
  });

  it.each([
    [
      'plain letters written as escapes',
      '"userDisplayName":"\\u0041dele \\u0056ance"',
      'adele vance',
    ],
    ['an apostrophe written as an escape', '"userDisplayName":"O\\u0027Neil"', "o'neil"],
    ['a quotation mark', '"userDisplayName":"Oli \\"O\\" Jones"', 'oli "o" jones'],
    ['a slash written as an escape', '"userDisplayName":"a\\/b"', 'a/b'],
    ['a backslash', '"userDisplayName":"CONTOSO\\\\adele"', 'contoso\\adele'],
    ['letters beyond ASCII', '"userDisplayName":"ZOË Müller"', 'zoë MÜLLER'],
    ['letters beyond ASCII written as escapes', '"userDisplayName":"Zo\\u00eb"', 'zoë'],
    ['a Kelvin sign, whose small letter is k', '"userDisplayName":"\u212Aarl"', 'karl'],
    ['the same written as an escape', '"userDisplayName":"\\u212Aarl"', 'karl'],
  ])('find a value with %s', (_, record, actor) => {
    expect(finds(record, { actor })).toBe(true);
    expect(finds(record, { actor: `${actor}x` })).toBe(false);
  });

  it.each([
    ['signIns', '"status":{"errorCode":0}', 'success', '0'],
    ['signIns', '"status":{"errorCode":50126}', 'failure', '50126'],
    ['signIns', '"status":null', undefined, undefined],
    ['directoryAudits', '"result":"timeout","resultReason":"TOO late"', 'failure', 'too LATE'],
    ['provisioning', '"provisioningStatusInfo":{"status":"skipped"}', undefined, undefined],
    [
      'provisioning',
      '"provisioningStatusInfo":{"status":"failure","errorInformation":{"errorCode":"Gone"}}',
      'failure',
      'gone',
    ],
  ] as const)('know how an act of %s ended: %s', (source, text, result, errorCode) => {
    const at = source === 'signIns' ? time : time.replace('created', 'activity');
    const is = (filters: SearchFilters): boolean =>
      recordMatcher(source, filters)(Buffer.from(`{"id":"1",${at},${text}}`)) !== undefined;
    expect(is({ result: 'success' })).toBe(result === 'success');
    expect(is({ result: 'failure' })).toBe(result === 'failure');
    if (errorCode !== undefined) expect(is({ errorCode })).toBe(true);
    expect(is({ errorCode: 'another' })).toBe(false);
  });

  it('look for text in the record as it was sent', () => {
    const record = '"userDisplayName":"Zoë \\u00fc"';
    expect(finds(record, { text: 'zoË' })).toBe(true);
    expect(finds(record, { text: '\\U00FC' })).toBe(true);
    expect(finds(record, { text: 'ü' })).toBe(false);
  });
});
