const FIRST_BYTES = 16 * 1024;

/** Bytes that grow at the end: rows of an index before they are sorted. */
export class GrowingRows {
  bytes = 0;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);

  /** Room for `bytes` more; the place to write them. */
  reserve(bytes: number): { readonly buffer: Buffer; readonly from: number } {
    const from = this.bytes;
    this.bytes += bytes;
    if (this.bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, from);
      this.#buffer = larger;
    }
    return { buffer: this.#buffer, from };
  }

  content(): Buffer {
    return this.#buffer.subarray(0, this.bytes);
  }
}
