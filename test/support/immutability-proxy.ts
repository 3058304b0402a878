// What a container with a time-based retention policy (WORM) refuses; Azurite ignores such policies.
// https://learn.microsoft.com/en-us/azure/storage/blobs/immutable-container-level-worm-policies: a
// name can be written once and never again, blobs can be removed after the time only.

import type { IncomingMessage } from 'node:http';
import { BlobServiceClient } from '@azure/storage-blob';
import { type ProxyAnswer, type StorageProxy, startStorageProxy } from './storage-proxy.ts';

export interface ImmutabilityPolicy {
  readonly retentionMs: number;
  readonly now: () => number;
  readonly legalHold?: boolean;
  /** What the service says to a create under If-None-Match; not documented which comes first. */
  readonly toCreate?: 'BlobAlreadyExists' | 'BlobImmutableDueToPolicy';
}

/** `comp` of requests that write content: refused for ever once the blob is there. */
const writes = ['', 'block', 'blocklist', 'page', 'appendblock'];
const changes = ['metadata', 'properties', 'snapshot', 'undelete'];

export async function startImmutabilityProxy(
  connectionString: string,
  policy: ImmutabilityPolicy,
): Promise<StorageProxy> {
  const service = BlobServiceClient.fromConnectionString(connectionString);
  const before = async (asked: IncomingMessage): Promise<ProxyAnswer | undefined> => {
    const url = new URL(asked.url ?? '', 'http://proxy');
    const [, , container = '', ...rest] = decodeURIComponent(url.pathname).split('/');
    const changing = asked.method === 'PUT' || asked.method === 'DELETE';
    if (!changing || rest.length === 0 || url.searchParams.has('restype')) return undefined;
    const blob = service.getContainerClient(container).getBlobClient(rest.join('/'));
    if (!(await blob.exists())) return undefined;
    const { createdOn } = await blob.getProperties();
    const until = (createdOn?.getTime() ?? 0) + policy.retentionMs;
    const isKept = policy.legalHold === true || policy.now() < until;
    return refusalOf(asked, url.searchParams.get('comp') ?? '', isKept, policy.toCreate);
  };
  return await startStorageProxy(connectionString, { before });
}

function refusalOf(
  asked: IncomingMessage,
  comp: string,
  isKept: boolean,
  toCreate: ImmutabilityPolicy['toCreate'],
): ProxyAnswer | undefined {
  if (asked.method === 'DELETE' || changes.includes(comp)) return isKept ? immutable : undefined;
  if (!writes.includes(comp)) return undefined;
  const isCreate = asked.headers['if-none-match'] === '*';
  return isCreate && toCreate === 'BlobAlreadyExists' ? existing : immutable;
}

const immutable = conflict(
  'BlobImmutableDueToPolicy',
  'This operation is not permitted as the blob is immutable due to a policy.',
);
const existing = conflict('BlobAlreadyExists', 'The specified blob already exists.');

function conflict(code: string, message: string): ProxyAnswer {
  return {
    status: 409,
    headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  };
}
