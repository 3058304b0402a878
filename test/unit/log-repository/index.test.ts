import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DirectoryLogStore } from '../../../shared/log-repository/directory-log-store.ts';
import { type Term, termKinds } from '../../../shared/log-repository/index-blocks.ts';
import { openIndex } from '../../../shared/log-repository/index-reader.ts';
import { IndexWriter } from '../../../shared/log-repository/index-writer.ts';
import type { LogStore } from '../../../shared/log-repository/log-store.ts';
import { DIGEST_BYTES, recordDigest } from '../../../shared/log-repository/record-line.ts';
import { sortRows } from '../../../shared/log-repository/sorted-rows.ts';
import { newKey, newPlace } from '../../support/log-fixtures.ts';

let folder: string;
let store: LogStore;
const keys = newKey();
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'entra-backup-index-'));
  store = new DirectoryLogStore(folder);
});
afterAll(async () => await rm(folder, { recursive: true }));

async function stored(index: IndexWriter) {
  const found = await index.store(store, { place: newPlace(), keys });
  if (found === 'exists') throw new Error('exists');
  return found;
}

async function digestsOf(name: string): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of (await openIndex(store, name, keys)).digests()) blocks.push(block);
  return Buffer.concat(blocks);
}

interface IndexedRecord {
  readonly frame: number;
  readonly terms: readonly Term[];
}

const textOf = ({ kind, value }: Term): string => `${kind} ${value.toLowerCase()}`;

async function checkIndex(records: readonly IndexedRecord[]): Promise<void> {
  const index = new IndexWriter();
  const truth = new Map<string, Set<number>>();
  const digests: string[] = [];
  for (const [number, { frame, terms }] of records.entries()) {
    const digest = recordDigest(`id-${number}`, Buffer.from(JSON.stringify(terms)));
    digests.push(digest.toString('hex'));
    index.add(digest, frame, terms);
    for (const term of terms) {
      truth.set(textOf(term), (truth.get(textOf(term)) ?? new Set()).add(frame));
    }
  }
  const { name } = await stored(index);
  expect((await digestsOf(name)).toString('hex')).toBe(digests.sort().join(''));
  const reader = await openIndex(store, name, keys);
  expect(reader.records).toBe(records.length);
  const terms = records.flatMap((each) => each.terms).filter(({ value }) => value !== '');
  for (const term of terms.slice(0, 40)) {
    const expected = [...(truth.get(textOf(term)) ?? [])].sort((a, b) => a - b);
    expect(await reader.framesOf(term)).toEqual(expected);
    const lower = { ...term, value: term.value.toLowerCase() };
    expect(await reader.framesOf(lower)).toEqual(expected);
  }
  expect(await reader.framesOf({ kind: 'actor', value: 'nobody@contoso.example' })).toEqual([]);
}

describe('an index', () => {
  it('knows every digest in order and the frames of every term, in random segments', async () => {
    const term = fc.record({
      kind: fc.constantFrom(...termKinds),
      value: fc.oneof(
        fc.constantFrom('a', 'A', 'B', 'b', 'user0001@contoso.example', 'Ä'),
        fc.string(),
      ),
    });
    const record = fc.record({ frame: fc.nat(400), terms: fc.array(term, { maxLength: 6 }) });
    const property = fc.asyncProperty(fc.array(record, { maxLength: 300 }), checkIndex);
    await fc.assert(property, { numRuns: 40, verbose: true });
  });

  it('of 41,667 sign-ins takes at most 40 bytes a record and finds a user with one block', async () => {
    const index = new IndexWriter();
    const seed = randomBytes(8).toString('hex');
    const at = (kind: string, number: number): string =>
      createHash('sha256').update(`${seed} ${kind} ${number}`).digest('hex');
    const count = 41_667;
    const framesOfUser = new Set<number>();
    for (let number = 0; number < count; number++) {
      const pick = Number.parseInt(at('pick', number).slice(0, 8), 16);
      const user = pick % 12_000;
      const frame = Math.floor(number / 745);
      if (user === 77) framesOfUser.add(frame);
      const terms: Term[] = [
        { kind: 'actor', value: `user${user}@contoso.example` },
        { kind: 'actor', value: at('user', user).slice(0, 32) },
        { kind: 'application', value: at('application', pick % 180).slice(0, 32) },
        { kind: 'target', value: at('resource', pick % 40).slice(0, 32) },
        { kind: 'address', value: at('address', pick % 9000).slice(0, 12) },
        { kind: 'correlation', value: at('correlation', number).slice(0, 32) },
      ];
      index.add(recordDigest(at('id', number), Buffer.from(at('raw', number))), frame, terms);
    }
    const { name, bytes, frames } = await stored(index);
    const perRecord = bytes / count;
    console.info(`index: ${perRecord.toFixed(1)} bytes a record`);
    expect(perRecord, `${perRecord.toFixed(1)} bytes a record, seed ${seed}`).toBeLessThan(40);
    let read = 0;
    const counting: LogStore = Object.assign(new DirectoryLogStore(folder), {
      read: async (...args: Parameters<LogStore['read']>) => {
        const found = await new DirectoryLogStore(folder).read(...args);
        read += found?.length ?? 0;
        return found;
      },
    });
    const reader = await openIndex(counting, name, keys, { bytes });
    const found = await reader.framesOf({ kind: 'actor', value: 'USER77@contoso.example' });
    expect(found).toEqual([...framesOfUser]);
    const largest = Math.max(...frames.map((frame) => frame.bytes));
    expect(read).toBeLessThanOrEqual(64 * 1024 + 1 + 4096 + largest);
    expect((await digestsOf(name)).length).toBe(count * DIGEST_BYTES);
  });

  it('refuses a digest of another length', () => {
    expect(() => new IndexWriter().add(Buffer.alloc(15), 0, [])).toThrow('wrong digest');
  });
});

describe('sorting rows', () => {
  it('gives the order of byte strings, also when many begin alike', () => {
    const rows = fc.array(
      fc.tuple(
        fc.uint8Array({ minLength: 1, maxLength: 1 }),
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
      ),
      { maxLength: 200 },
    );
    const property = fc.property(rows, fc.boolean(), (pairs, alike) => {
      const all = pairs.map(([first, rest]) =>
        Buffer.concat([alike ? Buffer.alloc(5) : Buffer.from([...first, 0, 0xff, 0x80, 1]), rest]),
      );
      const expected = Buffer.concat([...all].sort((a, b) => Buffer.compare(a, b)));
      expect(sortRows(Buffer.concat(all), 13)).toEqual(expected);
    });
    fc.assert(property, { numRuns: 300, verbose: true });
  });
});
