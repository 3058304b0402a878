/**
 * The yardstick: what a download and COPY of the same bytes cost when nothing is understood, checked
 * or compared. Imports nothing of the product.
 */
import { finished } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { Pool } from 'undici';

export interface PlainSource {
  readonly origin: string;
  readonly ca: string;
  readonly token: string;
}

export class PlainCopy {
  readonly #pool: Pool;
  readonly #token: string;
  readonly #clients: pg.Client[] = [];
  readonly #databaseUrl: string;

  constructor(source: PlainSource, databaseUrl: string) {
    this.#pool = new Pool(source.origin, {
      connections: 4,
      allowH2: false,
      connect: { ca: source.ca },
    });
    this.#token = source.token;
    this.#databaseUrl = databaseUrl;
  }

  async close(): Promise<void> {
    await this.#pool.close();
    for (const client of this.#clients) await client.end();
  }

  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#databaseUrl });
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  /** Downloads every page from `path` on; the next one is on its way while `store` works. */
  async pages(path: string, store: (page: Buffer) => Promise<void>): Promise<void> {
    let coming: Promise<Buffer> | undefined = this.#page(path);
    while (coming !== undefined) {
      const page: Buffer = await coming;
      const next = nextLinkOf(page);
      coming = next === undefined ? undefined : this.#page(next);
      coming?.catch(() => undefined);
      await store(page);
    }
  }

  async #page(path: string): Promise<Buffer> {
    const { statusCode, headers, body } = await this.#pool.request({
      path,
      method: 'GET',
      headers: { 'accept-encoding': 'gzip', authorization: `Bearer ${this.#token}` },
    });
    const bytes = Buffer.from(await body.bytes());
    const page = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    if (statusCode !== 200) throw new Error(`${statusCode} for ${path}: ${page.toString()}`);
    return page;
  }
}

/** Found as bytes: a page is neither parsed nor made a string. */
function nextLinkOf(page: Buffer): string | undefined {
  const name = '"@odata.nextLink":"';
  const at = page.indexOf(name);
  if (at < 0) return undefined;
  const from = at + name.length;
  const link = page.toString('latin1', from, page.indexOf('"', from));
  const url = new URL(JSON.parse(`"${link}"`) as string);
  return url.pathname + url.search;
}

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);

/** Fits one block of a table with its headers: cut by the server, a page costs twice as much. */
const PIECE_BYTES = 8_100;

/** COPY of a page into a table with one bytea column, cut into rows that fill a block each. */
export async function copyPage(client: pg.Client, table: string, page: Buffer): Promise<void> {
  const parts: Buffer[] = [HEADER];
  for (let at = 0; at < page.length; at += PIECE_BYTES) {
    const piece = page.subarray(at, at + PIECE_BYTES);
    const head = Buffer.allocUnsafe(6);
    head.writeInt32BE(piece.length, head.writeInt16BE(1, 0));
    parts.push(head, piece);
  }
  await copyBytes(client, table, Buffer.concat([...parts, TRAILER]));
}

/** Bytes of a binary COPY of pairs of bigints with a constant in front and one behind. */
export function encodeLinks(
  tenantNo: number,
  relationship: string,
  pairs: readonly (readonly [number, number])[],
): Buffer {
  const name = Buffer.from(relationship);
  const kind = Buffer.from('relation');
  const width = 2 + 8 + 4 + name.length + 4 + kind.length + 12 + 12 + 8 + 8;
  const buffer = Buffer.allocUnsafe(HEADER.length + width * pairs.length + TRAILER.length);
  let at = HEADER.copy(buffer, 0);
  for (const [source, target] of pairs) {
    at = buffer.writeInt16BE(7, at);
    at = buffer.writeInt32BE(tenantNo, buffer.writeInt32BE(4, at));
    at = buffer.writeInt32BE(name.length, at);
    at += name.copy(buffer, at);
    at = buffer.writeInt32BE(kind.length, at);
    at += kind.copy(buffer, at);
    at = buffer.writeBigInt64BE(BigInt(source), buffer.writeInt32BE(8, at));
    at = buffer.writeBigInt64BE(BigInt(target), buffer.writeInt32BE(8, at));
    at = buffer.writeInt32BE(1, buffer.writeInt32BE(4, at));
    at = buffer.writeInt32BE(2_147_483_647, buffer.writeInt32BE(4, at));
  }
  TRAILER.copy(buffer, at);
  return buffer;
}

export async function copyBytes(client: pg.Client, table: string, bytes: Buffer): Promise<void> {
  const stream = client.query(from(`copy ${table} from stdin (format binary)`));
  stream.end(bytes);
  await finished(stream);
}
