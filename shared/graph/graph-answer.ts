import { BackupError } from '../errors/backup-error.ts';
import type { JsonValue } from '../json/json-value.ts';
import { type JsonDefect, parseJsonWithDefects } from '../json/parse-json.ts';
import type { HttpReply } from './http-exchange.ts';

export interface AnswerBody {
  readonly value: JsonValue;
  /** Paths start at `value`. */
  readonly defects: readonly JsonDefect[];
  /** Characters of the text at least: an upper bound for any item. */
  readonly size: number;
}

/** What Graph answered to one request, alone or as an item of a `$batch`. */
export interface GraphAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, undefined without a body. Throws graphBadAnswer when it is anything else. */
  body(): AnswerBody | undefined;
  /** The body as it came, uncompressed; the same checks but the parsing. Not of items of a `$batch`. */
  bytes?(): Buffer | undefined;
}

export function answerOf(reply: HttpReply): GraphAnswer {
  return {
    status: reply.status,
    headers: reply.headers,
    body: () => bodyOf(reply),
    bytes: () => bytesOf(reply),
  };
}

function bodyOf(reply: HttpReply): AnswerBody | undefined {
  const bytes = bytesOf(reply);
  if (bytes === undefined) return undefined;
  return { ...parseJsonWithDefects(bytes), size: bytes.length };
}

function bytesOf(reply: HttpReply): Buffer | undefined {
  if (reply.body.length === 0) return undefined;
  const type = reply.headers['content-type'] ?? '';
  if (!/^application\/([a-z.+-]+\+)?json\b/i.test(type)) {
    throw new BackupError('graphBadAnswer', 'the answer is not json but another type of content', {
      details: { defect: 'contentType', status: reply.status, bytes: reply.body.length },
    });
  }
  return reply.body;
}
