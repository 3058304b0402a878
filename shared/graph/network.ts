import type { LookupFunction } from 'node:net';
import tls from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { privateLookup } from './private-name.ts';

export interface NetworkOptions {
  /** `http://proxy:3128`; used for every call, sign-in included, through CONNECT. */
  readonly httpsProxy?: string;
  /** Hosts reached without the proxy, as in NO_PROXY. */
  readonly noProxy?: string;
  /** PEM certificates trusted in addition to the default ones. */
  readonly extraCa?: string;
  /** Private mode: a name that resolves to a public address is refused. */
  readonly refusePublicAddress?: boolean;
  /** Open connections for each host; default 4 (more brought nothing, and SNAT ports are scarce). */
  readonly connectionsPerHost?: number;
}

/** Connections of the process, shared by all tenants. Close them when the process ends. */
export interface Network {
  readonly dispatcher: Dispatcher;
  close(): Promise<void>;
}

const defaultConnections = 4;
const stallMs = 60_000;
const connectMs = 10_000;

/**
 * One pool for all calls. The default trust of Node applies (`tls.setDefaultCACertificates`); the
 * environment is never read: what counts is passed in.
 */
export function createNetwork(options: NetworkOptions = {}): Network {
  const connect = connectOptions(options);
  const agentOptions: Agent.Options = {
    connections: options.connectionsPerHost ?? defaultConnections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: stallMs,
    bodyTimeout: stallMs,
    connect: { ...connect, timeout: connectMs },
  };
  const dispatcher =
    options.httpsProxy === undefined
      ? new Agent(agentOptions)
      : new EnvHttpProxyAgent({
          ...agentOptions,
          httpProxy: '',
          httpsProxy: options.httpsProxy,
          noProxy: options.noProxy ?? '',
          requestTls: connect,
          proxyTls: connect,
        });
  return { dispatcher, close: () => dispatcher.close() };
}

function connectOptions(options: NetworkOptions): { ca?: string[]; lookup?: LookupFunction } {
  return {
    ...(options.extraCa === undefined
      ? {}
      : { ca: [...tls.getCACertificates('default'), options.extraCa] }),
    ...(options.refusePublicAddress === true ? { lookup: privateLookup() } : {}),
  };
}
