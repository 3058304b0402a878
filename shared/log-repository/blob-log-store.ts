// A log repository in a blob container, immutable (WORM) ones included: blobs are created once with
// If-None-Match and never touched again, their metadata neither.
import type { BlobGetPropertiesResponse, ContainerClient } from '@azure/storage-blob';
import { isBackupError } from '../errors/backup-error.ts';
import { newUploadMark, type UploadMark, uploadBlob } from './blob-upload.ts';
import { missing } from './container-ends.ts';
import { checkName, checkPrefix } from './log-names.ts';
import type { ByteRange, LogStore, Retained, StoredBlob } from './log-store.ts';
import { ContentError, Measure, measureStream } from './measured-content.ts';
import { codeOf, missingStore, readBackFailed, refused, unavailable } from './store-errors.ts';

export interface BlobStoreOptions {
  /** 4 MiB by default; the service takes up to 50,000 blocks a blob. */
  readonly blockBytes?: number;
  readonly inFlight?: number;
  /** Limit of one call with the retries of the client; 2 min by default. */
  readonly timeoutMs?: number;
}

const MEBIBYTE = 1024 * 1024;
const READ_BYTES = 8 * MEBIBYTE;
/**
 * The name is taken. A name that a policy protects is answered with BlobImmutableDueToPolicy
 * https://learn.microsoft.com/en-us/azure/storage/blobs/immutable-container-level-worm-policies, and
 * blocks that another writer's commit threw away with InvalidBlockList.
 */
const takenCodes = [
  'BlobAlreadyExists',
  'ConditionNotMet',
  'BlobImmutableDueToPolicy',
  'UnauthorizedBlobOverwrite',
  'InvalidBlockList',
];

export class BlobLogStore implements LogStore {
  readonly description: string;
  readonly #container: ContainerClient;
  readonly #blockBytes: number;
  readonly #inFlight: number;
  readonly #timeoutMs: number;

  constructor(container: ContainerClient, options: BlobStoreOptions = {}) {
    this.#container = container;
    this.#blockBytes = options.blockBytes ?? 4 * MEBIBYTE;
    this.#inFlight = options.inFlight ?? 3;
    this.#timeoutMs = options.timeoutMs ?? 120_000;
    this.description = `the container ${container.accountName}/${container.containerName}`;
  }

  async create(
    name: string,
    content: AsyncIterable<Uint8Array> | Uint8Array,
  ): Promise<'created' | 'exists'> {
    const blob = this.#container.getBlockBlobClient(checkName(name));
    const mark = newUploadMark();
    const sent = new Measure();
    const options = {
      ...{ blockBytes: this.#blockBytes, inFlight: this.#inFlight },
      signal: () => this.#signal(),
    };
    return await this.#guarded(async () => {
      try {
        const sha256 = await uploadBlob(blob, content, sent, mark, options);
        await this.#readBack(name, sent.bytes, sha256);
      } catch (error) {
        if (!takenCodes.includes(codeOf(error)) && !mayHaveArrived(error)) throw error;
        return await this.#compare(name, mark, error);
      }
      return 'created';
    });
  }

  async read(name: string, range?: ByteRange): Promise<Buffer | undefined> {
    checkName(name);
    if (range !== undefined) return await this.#readRange(name, range);
    const pieces: Buffer[] = [];
    for await (const piece of this.#pieces(name)) {
      if (piece === undefined) return undefined;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  async *readStream(name: string): AsyncGenerator<Uint8Array> {
    checkName(name);
    for await (const piece of this.#pieces(name)) {
      if (piece === undefined) throw missing(name);
      yield piece;
    }
  }

  async head(name: string): Promise<StoredBlob | undefined> {
    checkName(name);
    const found = await this.#properties(name);
    if (found === undefined) return undefined;
    const until = found.immutabilityPolicyExpiresOn;
    const bytes = found.contentLength ?? 0;
    return { name, bytes, ...(until === undefined ? {} : { retainedUntil: until }) };
  }

  async *list(
    prefix: string,
    options: { readonly after?: string } = {},
  ): AsyncGenerator<StoredBlob> {
    const after = options.after ?? '';
    const pages = this.#container.listBlobsFlat({ prefix: checkPrefix(prefix) }).byPage();
    try {
      for await (const page of pages) {
        for (const { name, properties } of page.segment.blobItems) {
          if (name > after) yield { name, bytes: properties.contentLength ?? 0 };
        }
      }
    } catch (error) {
      throw this.#mapped(error);
    }
  }

  async remove(name: string): Promise<'removed' | 'missing' | Retained> {
    checkName(name);
    return await this.#guarded(async () => {
      const blob = this.#container.getBlobClient(name);
      try {
        await blob.delete({ deleteSnapshots: 'include', abortSignal: this.#signal() });
        return 'removed';
      } catch (error) {
        if (codeOf(error) === 'BlobNotFound') return 'missing';
        if (codeOf(error) === 'BlobImmutableDueToPolicy') return await this.#retained(name);
        throw error;
      }
    });
  }

  async check(): Promise<{ readonly latencyMs: number }> {
    const start = performance.now();
    await this.#guarded(
      async () => await this.#container.getProperties({ abortSignal: this.#signal() }),
    );
    return { latencyMs: performance.now() - start };
  }

  /** `created` when the blob that took the name is our own, whose answer was lost. */
  async #compare(name: string, mark: UploadMark, cause: unknown): Promise<'created' | 'exists'> {
    const found = await this.#properties(name);
    if (found === undefined) throw unavailable(this.description, cause);
    if (found.metadata?.['upload'] !== mark.upload) return 'exists';
    await this.#readBack(name, found.contentLength ?? 0, found.metadata['sha256'] ?? '');
    return 'created';
  }

  async #readBack(name: string, bytes: number, sha256: string): Promise<void> {
    const found = await measureStream(this.readStream(name));
    if (found.bytes === bytes && found.sha256() === sha256) return;
    throw readBackFailed(name, bytes, found.bytes);
  }

  async #retained(name: string): Promise<Retained> {
    const found = await this.#properties(name);
    if (found?.legalHold === true) return { retained: 'a legal hold of the blob keeps it' };
    const until = found?.immutabilityPolicyExpiresOn;
    const retained = 'an immutability policy or a legal hold of the container keeps it';
    return { retained, ...(until === undefined ? {} : { until }) };
  }

  async #properties(name: string): Promise<BlobGetPropertiesResponse | undefined> {
    return await this.#guarded(async () => {
      try {
        const blob = this.#container.getBlobClient(name);
        return await blob.getProperties({ abortSignal: this.#signal() });
      } catch (error) {
        if (codeOf(error) === 'BlobNotFound') return undefined;
        throw error;
      }
    });
  }

  /** In ranges, each a request of its own: no connection stays open while the reader is slow. */
  async *#pieces(name: string): AsyncGenerator<Buffer | undefined> {
    for (let from = 0; ; ) {
      const piece = await this.#readRange(name, { from, bytes: READ_BYTES });
      yield piece;
      if (piece === undefined || piece.length < READ_BYTES) return;
      from += piece.length;
    }
  }

  async #readRange(name: string, { from, bytes }: ByteRange): Promise<Buffer | undefined> {
    return await this.#guarded(async () => {
      try {
        const options = { maxRetryRequests: 3, abortSignal: this.#signal() };
        const blob = this.#container.getBlobClient(name);
        const { readableStreamBody } = await blob.download(from, bytes, options);
        return await bytesOf(readableStreamBody);
      } catch (error) {
        if (codeOf(error) === 'BlobNotFound') return undefined;
        if (codeOf(error) === 'InvalidRange') return Buffer.alloc(0);
        throw error;
      }
    });
  }

  #signal(): AbortSignal {
    return AbortSignal.timeout(this.#timeoutMs);
  }

  async #guarded<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw this.#mapped(error);
    }
  }

  #mapped(error: unknown): unknown {
    if (error instanceof ContentError) return error.reason;
    if (isBackupError(error)) return error;
    if (codeOf(error) === 'ContainerNotFound') return missingStore(this.description, error);
    if ([401, 403].includes(statusOf(error) ?? 0)) return refused(this.description, error);
    return unavailable(this.description, error);
  }
}

/** No answer, or one that does not tell whether the request was carried out. */
function mayHaveArrived(error: unknown): boolean {
  if (error instanceof ContentError || isBackupError(error)) return false;
  return (statusOf(error) ?? 500) >= 500;
}

function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

async function bytesOf(body: NodeJS.ReadableStream | undefined): Promise<Buffer> {
  const pieces: Buffer[] = [];
  if (body !== undefined) for await (const piece of body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
