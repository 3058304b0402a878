// Which versions of which records of one hour are stored: sorted digests of 16 bytes (8 of the id, 8
// of the content), exact, so that no record is taken for another.
export const DIGEST_BYTES = 16;
const ID_BYTES = 8;

/** Sorted digests without repetitions; never changed. */
export class KnownDigests {
  readonly sorted: Buffer;

  constructor(sorted: Buffer) {
    this.sorted = sorted;
  }

  get count(): number {
    return this.sorted.length / DIGEST_BYTES;
  }

  has(digest: Buffer): boolean {
    const at = this.#firstFrom(digest);
    return this.#equals(at, digest, DIGEST_BYTES);
  }

  hasId(digest: Buffer): boolean {
    const lowest = Buffer.alloc(DIGEST_BYTES);
    digest.copy(lowest, 0, 0, ID_BYTES);
    return this.#equals(this.#firstFrom(lowest), digest, ID_BYTES);
  }

  /** With `more`, which is sorted as well. */
  merged(more: Buffer): KnownDigests {
    if (more.length === 0) return this;
    const [one, other] = [this.sorted, more];
    const all = Buffer.allocUnsafe(one.length + other.length);
    let [left, right, end] = [0, 0, 0];
    while (left < one.length || right < other.length) {
      const order = compareAt(one, left, other, right);
      const [from, at] = order <= 0 ? [one, left] : [other, right];
      from.copy(all, end, at, at + DIGEST_BYTES);
      end += DIGEST_BYTES;
      if (order <= 0) left += DIGEST_BYTES;
      if (order >= 0) right += DIGEST_BYTES;
    }
    return new KnownDigests(all.subarray(0, end));
  }

  #firstFrom(digest: Buffer): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * DIGEST_BYTES;
      if (this.sorted.compare(digest, 0, DIGEST_BYTES, at, at + DIGEST_BYTES) < 0) low = middle + 1;
      else high = middle;
    }
    return low * DIGEST_BYTES;
  }

  #equals(at: number, digest: Buffer, bytes: number): boolean {
    return at < this.sorted.length && this.sorted.compare(digest, 0, bytes, at, at + bytes) === 0;
  }
}

export const noDigests = new KnownDigests(Buffer.alloc(0));

/** Behind the end everything is larger. */
function compareAt(one: Buffer, left: number, other: Buffer, right: number): number {
  if (left >= one.length) return 1;
  if (right >= other.length) return -1;
  return one.compare(other, right, right + DIGEST_BYTES, left, left + DIGEST_BYTES);
}

/** What one window adds to an hour; thrown away when the window is. */
export class AddedDigests {
  readonly #known: KnownDigests;
  readonly #added = new Set<string>();
  readonly #ids = new Set<string>();

  constructor(known: KnownDigests) {
    this.#known = known;
  }

  /** Notes the digest; `known`: this very content is stored or was seen in this window. */
  see(digest: Buffer): 'known' | 'changed' | 'new' {
    const text = digest.toString('latin1');
    if (this.#added.has(text) || this.#known.has(digest)) return 'known';
    this.#added.add(text);
    const id = text.slice(0, ID_BYTES);
    const isKnownId = this.#ids.has(id) || this.#known.hasId(digest);
    this.#ids.add(id);
    return isKnownId ? 'changed' : 'new';
  }

  /** Everything that is stored when the window is. */
  merged(): KnownDigests {
    const sorted = [...this.#added].sort((a, b) => (a < b ? -1 : 1));
    return this.#known.merged(Buffer.from(sorted.join(''), 'latin1'));
  }
}
