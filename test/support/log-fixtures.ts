import { createHash, randomBytes } from 'node:crypto';
import type { KeyWrapper } from '../../shared/encryption/key-wrapper.ts';
import { createLocalKey } from '../../shared/encryption/local-key.ts';
import type { Codec } from '../../shared/log-repository/frame-codec.ts';
import type { SegmentPlace } from '../../shared/log-repository/log-names.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import {
  openSegmentWriter,
  type StoredSegment,
} from '../../shared/log-repository/segment-writer.ts';

export const tenantA = 'aaaaaaaa-0000-4000-8000-000000000001';
export const tenantB = 'bbbbbbbb-0000-4000-8000-000000000002';
export const HOUR = '2026-03-04T05';

export function newPlace(more: Partial<SegmentPlace> = {}): SegmentPlace {
  const segmentId = randomBytes(16).toString('hex');
  return { tenant: tenantA, source: 'signIns', hour: HOUR, number: 1, segmentId, ...more };
}

export function newKey(): KeyWrapper {
  return createLocalKey(randomBytes(32));
}

export interface WriteOptions {
  readonly place?: SegmentPlace;
  readonly keys: KeyWrapper;
  readonly codec?: Codec;
  readonly frameBytes?: number;
}

/** Writes records, all at times within the hour. */
export async function writeSegment(
  store: LogStore,
  lines: readonly Buffer[],
  options: WriteOptions,
): Promise<StoredSegment> {
  const place = options.place ?? newPlace();
  const writer = openSegmentWriter(store, { ...options, place });
  for (const [number, line] of lines.entries()) await writer.add(line, timeOf(number));
  const stored = await writer.close();
  if (stored === 'exists') throw new Error('the segment was there already');
  return stored;
}

/** 7-digit times that go up and down within the hour. */
export function timeOf(number: number): string {
  const ticks = (number * 7_919) % 36_000_000;
  const minute = String(Math.floor(ticks / 600_000)).padStart(2, '0');
  const rest = String(ticks % 600_000).padStart(7, '0');
  return `${HOUR}:${minute}:${rest.slice(0, 2)}.${rest.slice(2)}00Z`;
}

/** A sign-in of `bytes` bytes (300 at least); the same number gives the same. */
export function signIn(number: number, bytes = 600): Buffer {
  const hash = createHash('sha256').update(String(number)).digest('hex');
  const user = number % 97;
  const record = {
    id: `${hash.slice(0, 8)}-0000-4000-8000-${hash.slice(8, 20)}`,
    createdDateTime: timeOf(number),
    userPrincipalName: `user${String(user).padStart(4, '0')}@contoso.example`,
    correlationId: hash.slice(20, 52),
    ipAddress: `192.0.2.${number % 251}`,
    note: '',
  };
  const missing = Math.max(0, bytes - JSON.stringify(record).length);
  const sentence = 'The user was asked for a second factor. ';
  const note = sentence.repeat(Math.ceil(missing / sentence.length)).slice(0, missing);
  return Buffer.from(JSON.stringify({ ...record, note }));
}
