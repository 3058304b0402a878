import { describe, expect, it } from 'vitest';
import { byteRange, MOST_BYTES } from '../../../functions/http/byte-range.ts';
import { isBackupError } from '../../../shared/errors/backup-error.ts';

describe('the range of a download', () => {
  it.each([
    ['bytes=0-0', 10, 0, 1],
    ['bytes=3-', 10, 3, 7],
    ['bytes=3-99', 10, 3, 7],
    ['bytes=-4', 10, 6, 4],
    ['bytes=-40', 10, 0, 10],
    ['bytes=0-', MOST_BYTES + 5, 0, MOST_BYTES],
    ['bytes=-', undefined, 0, 0],
    ['bytes=5-4', undefined, 0, 0],
    ['bytes=10-', undefined, 0, 0],
    ['bytes=-0', undefined, 0, 0],
    ['bytes=0-1,4-5', undefined, 0, 0],
    ['lines=0-1', undefined, 0, 0],
    ['bytes=a-b', undefined, 0, 0],
  ])('%s', (header, size, from, bytes) => {
    if (size !== undefined) {
      expect(byteRange(header, size)).toEqual({ from, bytes, isPart: true });
      return;
    }
    expect(refusal(header, 10)).toBe(true);
  });

  it('is not needed for what comes at once, and needed for more', () => {
    const whole = { from: 0, isPart: false };
    expect(byteRange(undefined, MOST_BYTES)).toEqual({ ...whole, bytes: MOST_BYTES });
    expect(byteRange(undefined, 0)).toEqual({ ...whole, bytes: 0 });
    expect(refusal(undefined, MOST_BYTES + 1)).toBe(true);
    expect(refusal('bytes=0-', 0)).toBe(true);
  });
});

function refusal(header: string | undefined, size: number): boolean {
  try {
    byteRange(header, size);
    return false;
  } catch (error) {
    return isBackupError(error, 'rangeInvalid');
  }
}
