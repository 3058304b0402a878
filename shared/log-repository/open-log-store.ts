import { fileURLToPath } from 'node:url';
import {
  BlobServiceClient,
  ContainerClient,
  type StoragePipelineOptions,
} from '@azure/storage-blob';
import { BackupError } from '../errors/backup-error.ts';
import type { Secret } from '../settings/secret.ts';
import { BlobLogStore, type BlobStoreOptions } from './blob-log-store.ts';
import { DirectoryLogStore } from './directory-log-store.ts';
import type { LogStore } from './log-store.ts';

export interface LogStoreOptions extends BlobStoreOptions {
  /** The identity for `https://account/container`; any credential of `@azure/identity`. */
  readonly credential?: ContainerClient['credential'];
  readonly pipeline?: StoragePipelineOptions;
}

/**
 * Opens `https://account.blob.core.windows.net/container` (with the identity, or as it is when the
 * address carries a signature), `file:///folder` or `<connection string>;Container=<name>`. Makes no
 * request. Throws `settingsInvalid`.
 */
export function openLogStore(address: Secret, options: LogStoreOptions = {}): LogStore {
  const text = address.reveal();
  if (text.startsWith('file:')) return new DirectoryLogStore(folderOf(text));
  const container = text.startsWith('https://')
    ? fromUrl(text, options)
    : fromConnectionString(text, options.pipeline);
  return new BlobLogStore(container, options);
}

function folderOf(text: string): string {
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw invalid('a file address of a log repository names no folder of this machine', cause);
  }
}

function fromUrl(text: string, options: LogStoreOptions): ContainerClient {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const parts = url?.pathname.split('/').filter((part) => part !== '') ?? [];
  if (url === undefined || parts.length !== 1) {
    throw invalid('an https address of a log repository names no container');
  }
  if (url.searchParams.has('sig')) return new ContainerClient(text, undefined, options.pipeline);
  if (options.credential === undefined) {
    throw invalid('an https address of a log repository needs an identity');
  }
  return new ContainerClient(text, options.credential, options.pipeline);
}

function fromConnectionString(text: string, pipeline?: StoragePipelineOptions): ContainerClient {
  const parts = text.split(';').map((part) => part.trim());
  const isName = (part: string): boolean => /^Container=/i.test(part);
  const name = parts.find(isName)?.slice('Container='.length) ?? '';
  if (!/^[a-z0-9$](-?[a-z0-9]){2,62}$/.test(name)) {
    throw invalid('a connection string of a log repository ends with no Container=<name>');
  }
  const connection = parts.filter((part) => !isName(part)).join(';');
  try {
    return BlobServiceClient.fromConnectionString(connection, pipeline).getContainerClient(name);
  } catch {
    // the message of the client may show parts of the string
    throw invalid('the connection string of a log repository cannot be read');
  }
}

function invalid(message: string, cause?: unknown): BackupError {
  return new BackupError('settingsInvalid', message, { cause });
}
