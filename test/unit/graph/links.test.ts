import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupError, isBackupError } from '../../../shared/errors/backup-error.ts';
import type { GraphRequest } from '../../../shared/graph/graph-request.ts';
import { checkLink } from '../../../shared/graph/link-guard.ts';
import { LinkTrail } from '../../../shared/graph/link-trail.ts';
import { type GraphServer, json, startGraphServer } from './support/graph-server.ts';
import { clientOf } from './support/test-client.ts';

const users: GraphRequest = { path: '/users', apiVersion: 'v1.0', service: 'identity' };

/** Links that must never be followed from `origin`/v1.0/users. */
function hostileLinks(origin: string): string[] {
  const { host, hostname, port } = new URL(origin);
  const good = `${origin}/v1.0/users?$skiptoken=a`;
  const hosts = [
    'graph.microsoft.com.evil.example',
    'evil.example',
    `${hostname}.evil.example:${port}`,
    `evil-${host}`,
    `${hostname}:1`,
    hostname,
    `${hostname}:443`,
    `${hostname}:0${port}`,
    `${hostname}.:${port}`,
    '127.0.0.1',
    `127.0.0.1:${port}`,
    '[::1]',
    `[::1]:${port}`,
    '169.254.169.254',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    'localhost',
    `LOCALHOST:${port}`,
    `user@${host}`,
    `user:pass@${host}`,
    `${host}@evil.example`,
    `evil.example#@${host}`,
    `evil.example?@${host}`,
    `evil.example\\@${host}`,
    `${host}\\.evil.example`,
    `${host}%2eevil.example`,
    `${host}%00.evil.example`,
    `%6cocalhost:${port}`,
    `ⓛocalhost:${port}`,
    `locaⅼhost:${port}`,
    'xn--lcalhost-9ob.example',
    `${host},evil.example`,
    `${host};evil.example`,
    `${host}&evil.example`,
    `${host}=x`,
    `${host} .evil.example`,
    `${host}\t.evil.example`,
    `@${host}`,
    `:@${host}`,
    `//${host}`,
    '',
    '.',
    'metadata.google.internal',
    'login.microsoftonline.com',
    'graph.microsoft.us',
    `${hostname}:${port}${port}`,
    `${hostname}:-${port}`,
    `${hostname}:${port}.`,
  ].map((name) => `https://${name}/v1.0/users?$skiptoken=a`);
  const schemes = [
    'http',
    'HTTPS',
    'Https',
    'ftp',
    'file',
    'ws',
    'wss',
    'data',
    'javascript',
    'https+unix',
    'gopher',
    'ldap',
    'jar',
    ' https',
    'https ',
    'view-source:https',
    'blob:https',
    'httpss',
  ].map((scheme) => `${scheme}://${host}/v1.0/users?$skiptoken=a`);
  const paths = [
    '',
    '/',
    '/users',
    '/v1.0',
    '/v1.0/',
    '/v1.0?x=/users',
    '/beta/users',
    '/V1.0/users',
    '/v1.0//users',
    '//v1.0/users',
    '/v1.0/./users',
    '/v1.0/../v1.0/users',
    '/v1.0/x/../users',
    '/v1.0/%2e%2e/v1.0/users',
    '/v1.0/%2E/users',
    '/v1.0/users/',
    '/v1.0/users/..',
    '/v1.0/users/%2e%2e/groups',
    '/v1.0/users%2fx',
    '/v1.0/users%2F..%2Fgroups',
    '/v1.0/users%5cx',
    '/v1.0/users\\..\\groups',
    '/v1.0/users%00',
    '/v1.0/users%25',
    '/v1.0/groups',
    '/v1.0/users/a',
    '/v1.0/users/delta',
    '/v1.0/users/$count',
    '/v1.0/me',
    '/v1.0/$batch',
    '/v1.0/user',
    '/v1.0/userss',
    '/v1.0/%75sers',
    '/v1.0/users;x=1',
    '/v1.0/users()/x',
    '/v1.0/directory/deletedItems',
    '/v1.0.evil/users',
    '/v1.0%2fusers',
    '/v2.0/users',
    '/v1.0/users#',
    '/v1.0/users#?$skiptoken=a',
    '/v1.0/users|x',
    '/v1.0/users"',
    "/v1.0/'users'",
    '/api/v1.0/users',
    '/v1.0/https://evil.example/users',
    '/v1.0/users/../../beta/users',
  ].map((path) => `${origin}${path}?$skiptoken=a`);
  const texts = [
    '',
    ' ',
    'users',
    '/v1.0/users?$skiptoken=a',
    `//${host}/v1.0/users`,
    '?$skiptoken=a',
    '#',
    'https:',
    'https:/',
    'https://',
    `https:/${host}/v1.0/users`,
    `https:${host}/v1.0/users`,
    `https:\\\\${host}/v1.0/users`,
    `https:///${host}/v1.0/users`,
    ` ${good}`,
    `${good} `,
    `${good}\n`,
    `${good}\r\nhost: evil.example`,
    `\u0000${good}`,
    `${good}\u0000`,
    `${good}é`,
    `${good}\u202e`,
    `\ufeff${good}`,
    `${good}#x`,
    `${good}\\`,
    `${good}<x>`,
    `${good}"`,
    `${good}{x}`,
    `${good}^`,
    `${good}\``,
    `${good}&x=${'y'.repeat(20_000)}`,
  ];
  return [...hosts, ...schemes, ...paths, ...texts];
}

describe('a link of Graph', () => {
  let server: GraphServer;
  beforeAll(async () => {
    server = await startGraphServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
    server.signIns.length = 0;
  });

  it('is followed nowhere else: 120 hostile links and more, no request, no token (T3, G10)', async () => {
    const hostile = [...new Set(hostileLinks(server.origin))];
    expect(hostile.length).toBeGreaterThanOrEqual(120);
    const { client, logger } = clientOf(server);
    const followed: string[] = [];
    for (const link of hostile) {
      const error: unknown = await client.page(users, link).catch((reason: unknown) => reason);
      if (!isBackupError(error, 'graphLinkRefused')) followed.push(link);
    }
    expect(followed).toEqual([]);
    expect(server.seen).toEqual([]);
    expect(server.signIns).toEqual([]);
    expect(logger.lines.filter((line) => line.level === 'warn')).toHaveLength(hostile.length);
    expect(JSON.stringify(logger.lines)).not.toContain('evil');
  });

  it('that is hostile is refused as soon as a page brings it', async () => {
    const { client } = clientOf(server);
    for (const name of ['@odata.nextLink', '@odata.deltaLink']) {
      server.answer(json({ value: [{ id: 'a' }], [name]: 'https://evil.example/v1.0/users?a' }));
      await expect(client.page(users)).rejects.toMatchObject({ code: 'graphLinkRefused' });
    }
  });

  it.each([
    '/v1.0/users/delta?$deltatoken=a',
    '/v1.0/users/delta()?$skiptoken=a',
    '/v1.0/users/microsoft.graph.delta?$skiptoken=a',
    '/v1.0/users/microsoft.graph.delta()?$skiptoken=a',
    '/v1.0/Users/delta?$skiptoken=a',
  ])('of a delta round may be written as %s', (path) => {
    const delta = { ...users, path: '/users/delta' };
    expect(() => checkLink(`https://g.example${path}`, delta, 'https://g.example')).not.toThrow();
  });

  it('that leads to its own page is not believed, and read again', async () => {
    const link = `${server.origin}/v1.0/users?$skiptoken=a`;
    server.answer(json({ value: [], '@odata.nextLink': link }), json({ value: [{ id: 'a' }] }));
    const { client } = clientOf(server);
    expect((await client.page(users, link)).items).toHaveLength(1);
  });

  it('that leads back to an earlier page ends the listing with an error (G5)', async () => {
    const link = (token: string): string => `${server.origin}/v1.0/users?$skiptoken=${token}`;
    server.answer(
      json({ value: [], '@odata.nextLink': link('a') }),
      json({ value: [], '@odata.nextLink': link('b') }),
      json({ value: [], '@odata.nextLink': link('a') }),
    );
    const { client } = clientOf(server);
    const read = async (): Promise<void> => {
      for await (const page of client.pages(users)) expect(page.items).toEqual([]);
    };
    await expect(read()).rejects.toMatchObject({
      code: 'graphBadAnswer',
      details: { defect: 'linkLoop' },
    });
    expect(server.seen).toHaveLength(3);
  });

  it('is remembered as a hash, across slices', () => {
    const trail = new LinkTrail();
    trail.follow('https://g.example/secret-token');
    expect(JSON.stringify(trail.hashes)).not.toContain('secret-token');
    const later = new LinkTrail(trail.hashes);
    expect(() => later.follow('https://g.example/secret-token')).toThrow(BackupError);
  });

  it('that is always new does not lead on for ever', () => {
    const trail = new LinkTrail();
    const follow = (): void => {
      for (let page = 0; page < 10_000; page++) trail.follow(`https://g.example/${page}`);
    };
    expect(follow).toThrow('do not end');
    expect(trail.hashes).toHaveLength(5_000);
  });

  it('is missing or doubled in a delta round: never taken for the end of it', async () => {
    const delta = { ...users, path: '/users/delta' };
    const link = `${server.origin}/v1.0/users/delta?$skiptoken=a`;
    const { client } = clientOf(server);
    for (const links of [{}, { '@odata.nextLink': link, '@odata.deltaLink': link }]) {
      server.seen.length = 0;
      server.answer(json({ value: [], ...links }), json({ value: [], '@odata.deltaLink': link }));
      expect(await client.page(delta)).toMatchObject({ deltaLink: link });
      expect(server.seen).toHaveLength(2);
    }
  });
});
