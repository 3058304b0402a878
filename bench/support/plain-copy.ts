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
  async pages(path: string, store: (text: string) => Promise<void>): Promise<void> {
    let coming: Promise<string> | undefined = this.#text(path);
    while (coming !== undefined) {
      const text: string = await coming;
      const next = nextLinkOf(text);
      coming = next === undefined ? undefined : this.#text(next);
      coming?.catch(() => undefined);
      await store(text);
    }
  }

  async #text(path: string): Promise<string> {
    const { statusCode, headers, body } = await this.#pool.request({
      path,
      method: 'GET',
      headers: { 'accept-encoding': 'gzip', authorization: `Bearer ${this.#token}` },
    });
    const bytes = Buffer.from(await body.bytes());
    const text = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    if (statusCode !== 200) throw new Error(`${statusCode} for ${path}: ${text.toString()}`);
    return text.toString('utf8');
  }
}

/** Found as text: a page is never parsed. */
function nextLinkOf(text: string): string | undefined {
  const link = /"@odata\.nextLink":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  if (link === undefined) return undefined;
  const url = new URL(JSON.parse(`"${link}"`) as string);
  return url.pathname + url.search;
}

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);

/** COPY of one row with one text column. */
export async function copyText(client: pg.Client, table: string, text: string): Promise<void> {
  const size = Buffer.byteLength(text);
  const row = Buffer.allocUnsafe(6 + size);
  row.writeInt16BE(1, 0);
  row.writeInt32BE(size, 2);
  row.write(text, 6);
  await copyBytes(client, table, Buffer.concat([HEADER, row, TRAILER]));
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
