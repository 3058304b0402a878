import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalKey } from '../../../shared/encryption/local-key.ts';
import { appendManifest } from '../../../shared/log-repository/chain.ts';
import { DirectoryLogStore } from '../../../shared/log-repository/directory-log-store.ts';
import type { Codec } from '../../../shared/log-repository/frame-codec.ts';
import { IndexWriter } from '../../../shared/log-repository/index-writer.ts';
import { manifestName } from '../../../shared/log-repository/log-names.ts';
import { recordDigest } from '../../../shared/log-repository/record-line.ts';
import { openSegmentWriter } from '../../../shared/log-repository/segment-writer.ts';
import { newPlace, signIn, timeOf } from '../../support/log-fixtures.ts';

const run = promisify(execFile);
const documentFile = path.join(import.meta.dirname, '../../../docs/log-format.md');
const lines = Array.from({ length: 300 }, (_, number) => signIn(number));
let folder: string;
let script: string;
let keyFile: string;
const key = randomBytes(32);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'entra-backup-format-'));
  const text = await readFile(documentFile, 'utf8');
  const [, block] = /```js\n(\/\/ read-logs\.mjs\n[\s\S]*?)```/.exec(text) ?? [];
  script = path.join(folder, 'read-logs.mjs');
  await writeFile(script, block ?? '');
  keyFile = path.join(folder, 'key');
  await writeFile(keyFile, key.toString('hex'));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function repository(
  codec: Codec,
): Promise<{ root: string; manifest: string; segment: string }> {
  const root = await mkdtemp(path.join(folder, 'logs-'));
  const store = new DirectoryLogStore(root);
  const keys = createLocalKey(key);
  const place = newPlace();
  const writer = openSegmentWriter(store, { place, keys, codec, frameBytes: 20_000 });
  const index = new IndexWriter();
  for (const [number, line] of lines.entries()) {
    const frame = await writer.add(line, timeOf(number));
    const value = `user${String(number % 97).padStart(4, '0')}@contoso.example`;
    index.add(recordDigest(String(number), line), frame, [{ kind: 'actor', value }]);
  }
  const segment = await writer.close();
  const stored = await index.store(store, { place, keys, codec });
  if (segment === 'exists' || stored === 'exists') throw new Error('exists');
  const { frames: _, ...described } = segment;
  const { name, bytes, sha256, footerSha256 } = stored;
  await appendManifest(store, place, undefined, {
    kind: 'window',
    createdDateTime: '2026-03-04T06:10:00Z',
    writer: 'test',
    segments: [
      { ...described, new: 300, changed: 0, index: { name, bytes, sha256, footerSha256 } },
    ],
  });
  return { root, manifest: manifestName(place, 1), segment: segment.name };
}

async function read(root: string, manifest: string, ...more: string[]): Promise<string> {
  const options = { maxBuffer: 10_000_000, timeout: 20_000 };
  const args = [script, root, manifest, keyFile, ...more];
  return (await run(process.execPath, args, options)).stdout;
}

describe('the steps of docs/log-format.md, with node alone', () => {
  const expected = lines.map((line) => `${line.toString()}\n`).join('');

  it('use no code of the product', async () => {
    const imports = (await readFile(script, 'utf8')).match(/from '([^']+)'/g);
    expect(imports).toEqual([
      "from 'node:crypto'",
      "from 'node:fs'",
      "from 'node:path'",
      "from 'node:zlib'",
    ]);
  });

  it.each(['zstd', 'gzip'] as const)('give every record of a %s segment back', async (codec) => {
    const { root, manifest } = await repository(codec);
    expect(await read(root, manifest)).toBe(expected);
  });

  it('find one user by the index, in fewer frames', async () => {
    const { root, manifest } = await repository('zstd');
    const found = await read(root, manifest, 'actor', 'USER0042@contoso.example');
    const own = lines.filter((_, number) => number % 97 === 42).map(String);
    expect(own.every((line) => found.includes(line))).toBe(true);
    expect(found.length).toBeLessThan(expected.length / 2);
    expect(await read(root, manifest, 'actor', 'nobody@contoso.example')).toBe('');
  });

  it('stop when a byte was changed', async () => {
    const { root, manifest, segment } = await repository('zstd');
    const bytes = await readFile(path.join(root, segment));
    bytes.writeUInt8(bytes.readUInt8(900) ^ 1, 900);
    await writeFile(path.join(root, segment), bytes);
    await expect(read(root, manifest)).rejects.toThrow('does not fit');
  });
});
