import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GraphRequest } from '../../../shared/graph/graph-request.ts';
import { createNetwork } from '../../../shared/graph/network.ts';
import { isPrivateAddress, privateLookup } from '../../../shared/graph/private-name.ts';
import { type ConnectProxy, startConnectProxy } from './support/connect-proxy.ts';
import { type GraphServer, json, startGraphServer } from './support/graph-server.ts';
import { clientOf } from './support/test-client.ts';

const users: GraphRequest = { path: '/users', apiVersion: 'v1.0', service: 'identity' };

describe('the network', () => {
  let server: GraphServer;
  let proxy: ConnectProxy;
  beforeAll(async () => {
    server = await startGraphServer();
    proxy = await startConnectProxy();
  });
  afterAll(async () => {
    await proxy.close();
    await server.close();
  });
  beforeEach(() => {
    server.answer(json({ value: [] }));
    server.seen.length = 0;
    server.signIns.length = 0;
    proxy.tunnels.length = 0;
  });
  afterEach(() => {
    proxy.refuse(undefined);
    delete process.env['HTTPS_PROXY'];
  });

  it('sends every call through the proxy, sign-in included', async () => {
    const before = server.connections();
    const network = createNetwork({ extraCa: server.ca, httpsProxy: proxy.url });
    const { client } = clientOf(server, { network });
    await client.page(users);
    await client.batchPages([users, users]).catch(() => undefined);
    await client.write({ ...users, path: '/groups', method: 'POST', body: {} });
    expect(server.signIns).toHaveLength(1);
    expect(server.seen.length).toBeGreaterThanOrEqual(3);
    expect(new Set(proxy.tunnels)).toEqual(new Set([`localhost:${server.port}`]));
    // Every connection the server has seen is a tunnel of the proxy.
    expect(server.connections() - before).toBe(proxy.tunnels.length);
    expect(proxy.bytes()).toBeGreaterThan(0);
    await network.close();
  });

  it('does not fall back to a direct way when the proxy refuses', async () => {
    proxy.refuse(407);
    const before = server.connections();
    const network = createNetwork({ extraCa: server.ca, httpsProxy: proxy.url });
    const { client } = clientOf(server, { network });
    await expect(client.page(users)).rejects.toMatchObject({ code: 'signInFailed' });
    expect(server.connections() - before).toBe(0);
    expect(server.seen).toEqual([]);
    await network.close();
  }, 30_000);

  it('leaves out hosts that need no proxy', async () => {
    const network = createNetwork({
      extraCa: server.ca,
      httpsProxy: proxy.url,
      noProxy: 'localhost',
    });
    await clientOf(server, { network }).client.page(users);
    expect(proxy.tunnels).toEqual([]);
    await network.close();
  });

  it('reads no environment: a proxy that was not passed in is not used', async () => {
    process.env['HTTPS_PROXY'] = proxy.url;
    const network = createNetwork({ extraCa: server.ca });
    await clientOf(server, { network }).client.page(users);
    expect(proxy.tunnels).toEqual([]);
    await network.close();
  });

  it('trusts no certificate it was not told to trust', async () => {
    const network = createNetwork();
    await expect(clientOf(server, { network }).client.page(users)).rejects.toMatchObject({
      message: expect.stringContaining('certificate') as string,
    });
    expect(server.seen).toEqual([]);
    await network.close();
  }, 30_000);

  it('accepts private addresses in private mode', async () => {
    const network = createNetwork({ extraCa: server.ca, refusePublicAddress: true });
    await clientOf(server, { network }).client.page(users);
    expect(server.seen).toHaveLength(1);
    await network.close();
  });

  it.each([
    ['graphUrl', 'http://graph.example'],
    ['graphUrl', 'https://graph.example/v1.0'],
    ['loginUrl', 'https://user:pass@login.example'],
    ['loginUrl', 'login.example'],
  ])('needs plain https addresses: %s %s is refused', (name, url) => {
    expect(() => clientOf(server, { [name]: url })).toThrow(/plain https/);
  });
});

describe('a private name', () => {
  it.each([
    ['10.1.2.3', true],
    ['172.31.255.255', true],
    ['172.32.0.1', false],
    ['192.168.0.1', true],
    ['100.64.0.1', true],
    ['20.190.128.1', false],
    ['8.8.8.8', false],
    ['::1', true],
    ['fd00::1', true],
    ['2603:1000::1', false],
    ['::ffff:10.0.0.1', true],
    ['::ffff:8.8.8.8', false],
  ])('with address %s: private is %s', (address, expected) => {
    expect(isPrivateAddress(address)).toBe(expected);
  });

  it('that resolves to a public address, alone or among others, is refused', async () => {
    for (const addresses of [['8.8.8.8'], ['10.0.0.1', '8.8.8.8']]) {
      const lookup = privateLookup((_name, _options, callback) =>
        callback(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        ),
      );
      const error = await new Promise((resolve) => {
        lookup('vault.privatelink.example', { all: true }, (failure) => resolve(failure));
      });
      expect(error).toMatchObject({
        code: 'publicAddressRefused',
        details: { publicAddresses: 1 },
      });
    }
  });

  it('that resolves to private addresses is used, one or all as the socket asks', async () => {
    const lookup = privateLookup((_name, _options, callback) =>
      callback(null, [{ address: '10.0.0.1', family: 4 }]),
    );
    const ask = (all: boolean): Promise<unknown> =>
      new Promise((resolve) => {
        lookup('a', { all }, (_failure, address) => resolve(address));
      });
    expect(await ask(false)).toBe('10.0.0.1');
    expect(await ask(true)).toEqual([{ address: '10.0.0.1', family: 4 }]);
  });
});
