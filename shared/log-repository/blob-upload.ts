import { createHash, randomBytes } from 'node:crypto';
import type { BlockBlobClient, BlockBlobUploadOptions } from '@azure/storage-blob';
import { type Measure, measured } from './measured-content.ts';
import { codeOf } from './store-errors.ts';

export interface BlobUploadOptions {
  /** Bytes of a block; content of at most one block goes up in one request. */
  readonly blockBytes: number;
  /** Blocks on their way at the same time. */
  readonly inFlight: number;
  readonly signal: () => AbortSignal;
}

/** Marks whose upload a blob is: a commit whose answer was lost is recognised by it. */
export interface UploadMark {
  readonly upload: string;
}

export function newUploadMark(): UploadMark {
  return { upload: randomBytes(16).toString('hex') };
}

/**
 * Uploads under `If-None-Match: *`; throws the service's error when the name is taken. The metadata
 * hold the SHA-256 of the content and the mark. Memory: `inFlight + 1` blocks.
 */
export async function uploadBlob(
  blob: BlockBlobClient,
  content: AsyncIterable<Uint8Array> | Uint8Array,
  sent: Measure,
  mark: UploadMark,
  options: BlobUploadOptions,
): Promise<string> {
  const blocks = new StagedBlocks(blob, mark, options);
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of measured(content, sent)) {
      for (const part of partsOf(piece, options.blockBytes)) {
        if (bytes + part.length > options.blockBytes) {
          await blocks.stage(Buffer.concat(waiting));
          [waiting, bytes] = [[], 0];
        }
        waiting.push(part);
        bytes += part.length;
      }
    }
  } catch (error) {
    await blocks.settle();
    throw error;
  }
  const last = Buffer.concat(waiting);
  const sha256 = sent.sha256();
  const finish = { conditions: { ifNoneMatch: '*' }, metadata: { ...mark, sha256 } };
  if (blocks.ids.length === 0) {
    const abortSignal = options.signal();
    const isDone = await uploadWhole(blob, last, { ...finish, abortSignal });
    if (isDone) return sha256;
  }
  if (last.length > 0) await blocks.stage(last);
  await blocks.finished();
  await blob.commitBlockList(blocks.ids, { ...finish, abortSignal: options.signal() });
  return sha256;
}

/**
 * False when only blocks that somebody never committed are in the way: a name with such blocks may
 * count as taken for an upload in one request, a block list replaces them.
 */
async function uploadWhole(
  blob: BlockBlobClient,
  content: Buffer,
  options: BlockBlobUploadOptions,
): Promise<boolean> {
  try {
    await blob.upload(content, content.length, options);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'BlobAlreadyExists' || (await blob.exists())) throw error;
    return false;
  }
}

function* partsOf(piece: Uint8Array, most: number): Generator<Uint8Array> {
  for (let from = 0; from < piece.length; from += most) yield piece.subarray(from, from + most);
}

/** Blocks under ids of this upload alone: two writers of one name do not mix theirs. */
class StagedBlocks {
  readonly ids: string[] = [];
  readonly #blob: BlockBlobClient;
  readonly #mark: UploadMark;
  readonly #options: BlobUploadOptions;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly reason: unknown } | undefined;

  constructor(blob: BlockBlobClient, mark: UploadMark, options: BlobUploadOptions) {
    this.#blob = blob;
    this.#mark = mark;
    this.#options = options;
  }

  /** Waits while enough blocks are on their way; throws what one of them met. */
  async stage(block: Buffer): Promise<void> {
    while (this.#running.size >= this.#options.inFlight) await Promise.race(this.#running);
    this.#throwFailure();
    // ids of one blob must have one length
    const number = String(this.ids.length).padStart(6, '0');
    const id = Buffer.from(`${this.#mark.upload.slice(0, 16)}-${number}`).toString('base64');
    this.ids.push(id);
    const running = this.#send(id, block).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async finished(): Promise<void> {
    await this.settle();
    this.#throwFailure();
  }

  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #send(id: string, block: Buffer): Promise<void> {
    // the service refuses a block that another MD5 than this arrives with
    const transactionalContentMD5 = createHash('md5').update(block).digest();
    const abortSignal = this.#options.signal();
    try {
      const options = { transactionalContentMD5, abortSignal };
      await this.#blob.stageBlock(id, block, block.length, options);
    } catch (reason) {
      this.#failure ??= { reason };
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }
}
