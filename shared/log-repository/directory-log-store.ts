// A log repository in a folder: a mounted share, a disk. A file appears under its name only when it
// is complete and on disk; no name is ever written twice.
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, type FileHandle, open, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isBackupError } from '../errors/backup-error.ts';
import { missing } from './container-ends.ts';
import { INCOMING, placeFile, prepareIncoming, syncFolder } from './directory-files.ts';
import { listFolder } from './directory-list.ts';
import { checkName, checkPrefix } from './log-names.ts';
import type { ByteRange, LogStore, Retained, StoredBlob } from './log-store.ts';
import { ContentError, Measure, measured, measureStream } from './measured-content.ts';
import { codeOf, missingStore, readBackFailed, refused, unavailable } from './store-errors.ts';

/** The folder must exist: a share that is not mounted is an error, not an empty repository. */
export class DirectoryLogStore implements LogStore {
  readonly description: string;
  readonly #root: string;
  #isPrepared = false;

  constructor(folder: string) {
    this.#root = path.resolve(folder);
    this.description = `the folder ${this.#root}`;
  }

  async create(
    name: string,
    content: AsyncIterable<Uint8Array> | Uint8Array,
  ): Promise<'created' | 'exists'> {
    const target = this.#pathOf(name);
    return await this.#guarded(async () => {
      if (!this.#isPrepared) await prepareIncoming(this.#root);
      this.#isPrepared = true;
      const temporary = path.join(this.#root, INCOMING, randomBytes(16).toString('hex'));
      const file = await open(temporary, 'wx', 0o600);
      try {
        const sent = await writeAll(file, content);
        const outcome = await placeFile(this.#root, temporary, target);
        if (outcome === 'exists') return outcome;
        await this.#readBack(name, sent);
        return outcome;
      } finally {
        await file.close();
        await unlink(temporary);
      }
    });
  }

  async read(name: string, range?: ByteRange): Promise<Buffer | undefined> {
    const target = this.#pathOf(name);
    return await this.#guarded(async () => {
      const file = await openIfThere(target);
      if (file === undefined) return undefined;
      try {
        return range === undefined ? await file.readFile() : await readRange(file, range);
      } finally {
        await file.close();
      }
    });
  }

  async *readStream(name: string): AsyncGenerator<Uint8Array> {
    const target = this.#pathOf(name);
    const stream = createReadStream(target, { highWaterMark: 1024 * 1024 });
    try {
      for await (const piece of stream) yield piece as Buffer;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw missing(name);
      throw this.#mapped(error);
    }
  }

  async head(name: string): Promise<StoredBlob | undefined> {
    const target = this.#pathOf(name);
    return await this.#guarded(async () => {
      const found = await stat(target).catch((error: unknown) => {
        if (isAbsent(error)) return undefined;
        throw error;
      });
      return found?.isFile() === true ? { name, bytes: found.size } : undefined;
    });
  }

  async *list(
    prefix: string,
    options: { readonly after?: string } = {},
  ): AsyncGenerator<StoredBlob> {
    checkPrefix(prefix);
    try {
      await access(this.#root);
      yield* listFolder(this.#root, prefix, options.after ?? '');
    } catch (error) {
      throw this.#mapped(error);
    }
  }

  async remove(name: string): Promise<'removed' | 'missing' | Retained> {
    const target = this.#pathOf(name);
    return await this.#guarded(async () => {
      try {
        await unlink(target);
      } catch (error) {
        if (isAbsent(error)) return 'missing';
        // an immutable file, or a share that was mounted without permission to remove
        if (codeOf(error) === 'EPERM' || codeOf(error) === 'EROFS') {
          return { retained: 'the file system refuses to remove it' };
        }
        throw error;
      }
      await syncFolder(path.dirname(target));
      return 'removed';
    });
  }

  async check(): Promise<{ readonly latencyMs: number }> {
    const start = performance.now();
    await this.#guarded(async () => await access(this.#root, constants.R_OK | constants.W_OK));
    return { latencyMs: performance.now() - start };
  }

  async #readBack(name: string, sent: Measure): Promise<void> {
    const found = await measureStream(this.readStream(name));
    if (found.bytes === sent.bytes && found.sha256() === sent.sha256()) return;
    throw readBackFailed(name, sent.bytes, found.bytes);
  }

  /** A checked name holds no `..`, no absolute path and nothing hidden. */
  #pathOf(name: string): string {
    return path.join(this.#root, ...checkName(name).split('/'));
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
    const code = codeOf(error);
    if (code === 'ENOENT') return missingStore(this.description, error);
    const denied = ['EACCES', 'EPERM', 'EROFS', 'ENOTSUP', 'EOPNOTSUPP'];
    if (denied.includes(code)) return refused(this.description, error);
    return unavailable(this.description, error);
  }
}

async function writeAll(
  file: FileHandle,
  content: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<Measure> {
  const sent = new Measure();
  for await (const piece of measured(content, sent)) await file.writeFile(piece);
  await file.sync();
  return sent;
}

async function readRange(file: FileHandle, range: ByteRange): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Math.max(0, Math.min(range.bytes, size - range.from));
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, range.from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function openIfThere(target: string): Promise<FileHandle | undefined> {
  try {
    return await open(target, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** ENOTDIR: a part of the name is a file. */
function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}
