import { BackupError } from '../../shared/errors/backup-error.ts';

/** Most bytes of one answer: the platform cuts answers that take too long. */
export const MOST_BYTES = 8 * 1024 * 1024;

export interface ByteRange {
  readonly from: number;
  readonly bytes: number;
  /** False: the whole content was asked for and is given. */
  readonly isPart: boolean;
}

/**
 * The range that is answered for a header such as `bytes=0-1023`, `bytes=1024-` or `bytes=-100`; a
 * longer one is cut to 8 MiB (RFC 9110 15.3.7 allows less than was asked for). Throws `rangeInvalid`
 * for any other form, for one outside the content, and for content that is too long without one.
 */
export function byteRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) {
    if (size <= MOST_BYTES) return { from: 0, bytes: size, isPart: false };
    throw invalidRange(size, 'the content has more than 8 MiB');
  }
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim()) ?? [];
  if (first === '' && last === '') throw invalidRange(size, 'the range has another form');
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (from >= end) throw invalidRange(size, 'the range lies outside of the content');
  return { from, bytes: Math.min(end - from, MOST_BYTES), isPart: true };
}

function invalidRange(size: number, message: string): BackupError {
  return new BackupError('rangeInvalid', message, { details: { size, target: 'Range' } });
}
