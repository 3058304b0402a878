const FIRST_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

/** Raw lines of one frame in one buffer of its own: the pages they came from can be let go. */
export class LineBlock {
  bytes = 0;
  records = 0;
  minTime = '';
  maxTime = '';
  #buffer: Buffer;
  readonly #usual: number;

  /** `usual`: bytes at which the buffer stops doubling; longer lines still fit. */
  constructor(usual: number) {
    this.#usual = usual;
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(FIRST_BYTES, usual));
  }

  add(line: Uint8Array, time: string): void {
    const end = this.bytes + line.length;
    if (end + 1 > this.#buffer.length) this.#grow(end + 1);
    this.#buffer.set(line, this.bytes);
    this.#buffer[end] = LINE_FEED;
    this.bytes = end + 1;
    this.records += 1;
    if (this.records === 1 || time < this.minTime) this.minTime = time;
    if (time > this.maxTime) this.maxTime = time;
  }

  content(): Buffer {
    return this.#buffer.subarray(0, this.bytes);
  }

  #grow(needed: number): void {
    const doubled = Math.min(this.#buffer.length * 2, this.#usual);
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, doubled));
    this.#buffer.copy(larger, 0, 0, this.bytes);
    this.#buffer = larger;
  }
}
