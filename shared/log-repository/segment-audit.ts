import { hash } from 'node:crypto';
import { BackupError, isBackupError } from '../errors/backup-error.ts';
import { pickMembers } from '../json/picked-members.ts';
import { namedIndex } from './container-check.ts';
import { GrowingRows } from './growing-rows.ts';
import { openIndex } from './index-reader.ts';
import type { LogSide } from './log-side.ts';
import type { ManifestSegment } from './manifest.ts';
import { measureStream } from './measured-content.ts';
import { DIGEST_BYTES, recordDigest } from './record-line.ts';
import { openNamed, openSegment, type Segment } from './segment-reader.ts';
import { sortRows } from './sorted-rows.ts';

/** What a full check of a segment gave; the same on both sides when the records are the same. */
export interface AuditedSegment {
  readonly records: number;
  readonly bytes: number;
  /** Of the sorted digests of all records. */
  readonly digestsSha256: string;
}

/**
 * Every frame decrypted, hashed and counted; the blob's own hash compared. Throws the errors of
 * openSegment, and `containerDamaged` for what differs from the manifest.
 */
export async function auditSegment(side: LogSide, named: ManifestSegment): Promise<AuditedSegment> {
  const open = async () => await openSegment(side.store, named.name, side.keys, named);
  const segment = await tellKey(side, named, open);
  const rows = await digestsOf(segment, named);
  const records = rows.length / DIGEST_BYTES;
  if (records !== named.records) throw differs(named.name, 'count of records');
  await checkBlob(side, named);
  return { records, bytes: segment.bytes, digestsSha256: hash('sha256', rows) };
}

/** Every frame of the index decrypted, and its digests compared with the audited segment. */
export async function auditIndex(
  side: LogSide,
  named: ManifestSegment,
  audited: AuditedSegment | undefined,
): Promise<number> {
  const { name, bytes } = named.index;
  const open = async () => await openNamed(side.store, name, side.keys, 'index', namedIndex(named));
  const container = await tellKey(side, named.index, open);
  for await (const { number, compressed } of container.frames()) {
    await container.decompress(number, compressed);
  }
  await checkBlob(side, named.index);
  const index = await openIndex(side.store, name, side.keys, namedIndex(named));
  const pieces: Buffer[] = [];
  for await (const piece of index.digests()) pieces.push(piece);
  if (index.records !== named.records) throw differs(name, 'count of records');
  const found = hash('sha256', Buffer.concat(pieces));
  if (audited !== undefined && found !== audited.digestsSha256) {
    throw differs(name, 'set of records than its segment');
  }
  return bytes;
}

/** A key that does not open bytes which are not the written ones says nothing about the key. */
async function tellKey<Result>(
  side: LogSide,
  named: Parameters<typeof checkBlob>[1],
  open: () => Promise<Result>,
): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    if (isBackupError(error, 'keyWrong')) await checkBlob(side, named);
    throw error;
  }
}

async function digestsOf(segment: Segment, { hour }: ManifestSegment): Promise<Buffer> {
  const rows = new GrowingRows();
  for await (const { frame, line } of segment.records()) {
    const id = idOf(line);
    if (id === undefined) {
      const message = `frame ${frame} of ${segment.name} (${hour}) holds a line that is no record`;
      throw new BackupError('containerDamaged', message, {
        details: { name: segment.name, part: 'frame', frame },
      });
    }
    const { buffer, from } = rows.reserve(DIGEST_BYTES);
    recordDigest(id, line).copy(buffer, from);
  }
  return sortRows(rows.content(), DIGEST_BYTES);
}

const wanted = { id: 'id' };

/** The id as the collector has read it: empty for a record without one. */
function idOf(line: Buffer): string | undefined {
  try {
    return pickMembers(line, wanted).get('id')?.[0] ?? '';
  } catch {
    // said by the caller, without the record's text
    return undefined;
  }
}

async function checkBlob(
  { store }: LogSide,
  named: { readonly name: string; readonly bytes: number; readonly sha256: string },
): Promise<void> {
  const measure = await measureStream(store.readStream(named.name));
  if (measure.bytes !== named.bytes || measure.sha256() !== named.sha256) {
    throw differs(named.name, 'hash than its manifest says');
  }
}

function differs(name: string, what: string): BackupError {
  return new BackupError('containerDamaged', `${name} has another ${what}`, { details: { name } });
}
