import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, inject } from 'vitest';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { openLogStore } from '../../shared/log-repository/open-log-store.ts';
import { Secret } from '../../shared/settings/secret.ts';

export const DAY = 24 * 60 * 60 * 1000;
export const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const pipeline = { retryOptions: { maxTries: 3, retryDelayInMs: 10, maxRetryDelayInMs: 20 } };
const smallBlocks = { blockBytes: 64 * 1024, inFlight: 3, pipeline };

export async function newContainer(): Promise<string> {
  const name = `logs-${randomUUID()}`;
  await BlobServiceClient.fromConnectionString(inject('azurite')).createContainer(name);
  return name;
}

export function openBlobs(connection: string, container: string): LogStore {
  return openLogStore(new Secret(`${connection};Container=${container}`), smallBlocks);
}

export function openFolder(folder: string): LogStore {
  return openLogStore(new Secret(pathToFileURL(folder).href));
}

export async function newFolder(parent: string = tmpdir()): Promise<string> {
  const folder = await mkdtemp(path.join(parent, 'entra-backup-store-'));
  closing.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** In memory where there is some: for tests of something else than making files durable. */
export async function newFastFolder(): Promise<string> {
  return await newFolder(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
}

export async function* inPieces(content: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < content.length; from += size) {
    yield await Promise.resolve(content.subarray(from, from + size));
  }
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export const code = async (act: Promise<unknown>): Promise<string> => {
  try {
    await act;
  } catch (error) {
    return isBackupError(error) ? error.code : `not a backup error: ${String(error)}`;
  }
  return 'nothing thrown';
};
