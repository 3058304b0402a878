import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBackupError } from '../../../shared/errors/backup-error.ts';
import { answerOf } from '../../../shared/graph/graph-answer.ts';
import type { GraphPage, GraphRequest } from '../../../shared/graph/graph-request.ts';
import { readPage } from '../../../shared/graph/page-body.ts';
import { type GraphServer, json, raw, startGraphServer } from './support/graph-server.ts';
import { clientOf } from './support/test-client.ts';

const users: GraphRequest = { path: '/users', apiVersion: 'v1.0', service: 'identity' };
const origin = 'https://graph.example';

function pageOf(body: Buffer): GraphPage {
  const headers = { 'content-type': 'application/json' };
  const answer = answerOf({ status: 200, headers, body, bytesReceived: body.length });
  return readPage(answer, { request: users, origin, startedAt: new Date(0) });
}

function samplePage(bytes: number): Buffer {
  const items: object[] = [];
  const page = (): Buffer =>
    Buffer.from(
      JSON.stringify({
        '@odata.context': `${origin}/v1.0/$metadata#users`,
        value: items,
        '@odata.nextLink': `${origin}/v1.0/users?$skiptoken=abc`,
      }),
    );
  while (page().length < bytes) {
    const id = items.length;
    items.push({ id: `u${id}`, displayName: `Zoë ${id} {"[]}`, n: -1.5e3, list: [[], {}, null] });
  }
  return page();
}

describe('a truncated page', () => {
  it('is never taken for a page, wherever it is cut (G3, 2,000 cuts)', () => {
    const whole = samplePage(2_000);
    expect(pageOf(whole).items.length).toBeGreaterThan(10);
    let cuts = 0;
    for (let length = 0; length < whole.length; length++) {
      cuts++;
      expect(() => pageOf(whole.subarray(0, length))).toThrow(/./);
      try {
        pageOf(whole.subarray(0, length));
      } catch (error) {
        expect(isBackupError(error, 'graphBadAnswer')).toBe(true);
      }
    }
    expect(cuts).toBeGreaterThanOrEqual(2_000);
  });

  it('with one byte changed is the page with that text, or refused, and never a crash', () => {
    const whole = samplePage(2_000);
    const seed = Date.now();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        try {
          expect(Array.isArray(pageOf(changed).items)).toBe(true);
        } catch (error) {
          expect(isBackupError(error, 'graphBadAnswer', 'graphLinkRefused')).toBe(true);
        }
      }),
      { numRuns: 2_000, seed, verbose: true },
    );
  });
});

describe('limits', () => {
  let server: GraphServer;
  beforeAll(async () => {
    server = await startGraphServer();
  });
  afterAll(() => server.close());

  it('refuse an answer above 32 MiB at once, compressed or not, without reading it all', async () => {
    const { client } = clientOf(server);
    const huge = `{"value":[],"x":"${' '.repeat(33 * 1024 * 1024)}"}`;
    for (const answer of [raw(huge), json({ value: [], x: huge })]) {
      server.seen.length = 0;
      server.answer(answer);
      await expect(client.page(users)).rejects.toMatchObject({
        code: 'graphBadAnswer',
        details: { defect: 'tooLarge' },
      });
      expect(server.seen).toHaveLength(1);
    }
  });

  it('put an item above 4 MiB aside and keep the page', async () => {
    const big = 'x'.repeat(4 * 1024 * 1024);
    server.answer(json({ value: [{ id: 'a' }, { id: 'b', big }, { id: 'c' }] }));
    const page = await clientOf(server).client.page(users);
    expect(page.items.map((item) => item['id'])).toEqual(['a', 'c']);
    expect(page.quarantined).toEqual([{ id: 'b', reason: 'tooLarge' }]);
  });

  it('refuse a single object above 4 MiB', async () => {
    server.answer(json({ id: 'b', big: 'x'.repeat(4 * 1024 * 1024) }));
    await expect(clientOf(server).client.object(users)).rejects.toMatchObject({
      code: 'graphBadAnswer',
    });
  });

  it('put items aside that repeat a name, are too deep or are no objects', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    server.answer(
      raw(`{"value":[{"id":"a"},{"id":"b","x":1,"x":1},null,7,{"id":"c","deep":${deep}},[]]}`),
    );
    const page = await clientOf(server).client.page(users);
    expect(page.items).toHaveLength(1);
    expect(page.quarantined).toEqual([
      { id: 'b', reason: 'duplicateKey' },
      { reason: 'notAnObject' },
      { reason: 'notAnObject' },
      { id: 'c', reason: 'tooDeep' },
      { reason: 'notAnObject' },
    ]);
  });

  it('put an item without id aside, but do not believe a page in which none has one', async () => {
    server.answer(json({ value: [{ name: 'x' }, { id: 7 }, { id: '' }, { id: 'a' }] }));
    const { client } = clientOf(server);
    const page = await client.page(users);
    expect(page.items).toEqual([{ id: 'a' }]);
    expect(page.quarantined).toEqual([
      { reason: 'noId' },
      { reason: 'noId' },
      { id: '', reason: 'noId' },
    ]);
    server.answer(json({ value: [{ name: 'x' }] }));
    await expect(client.page(users)).rejects.toMatchObject({ details: { defect: 'noId' } });
    expect(await client.page({ ...users, itemsWithoutId: true })).toMatchObject({
      items: [{ name: 'x' }],
    });
  });

  it('keep connections few: 40 calls at once use no more than 4', async () => {
    server.answer(json({ value: [] }));
    const { client } = clientOf(server);
    const before = server.connections();
    await Promise.all(Array.from({ length: 40 }, () => client.page(users)));
    expect(server.connections() - before).toBeLessThanOrEqual(4);
  });
});
