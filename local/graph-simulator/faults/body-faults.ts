// Faults inside a finished answer: what a client must notice although status and headers are fine.
import type { JsonObject, JsonValue, SimulatorReply } from '../types.ts';

export type Rewrite = (reply: SimulatorReply) => SimulatorReply;

const JSON_TYPE = 'application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8';

/** The change each of these faults makes to a successful answer. */
export const bodyFaults = {
  replaceBody: ({ body }: { body: JsonValue }) =>
    onSuccess((reply) => asText(reply, JSON.stringify(body))),
  cutJson: ({ keepShare = 0.5 }: { keepShare?: number | undefined }) =>
    onSuccess((reply, text) => asText(reply, text.slice(0, Math.floor(text.length * keepShare)))),
  brokenUtf8: () => onSuccess((reply, text) => ({ ...reply, body: withBrokenString(text) })),
  duplicateKeys: () => onSuccess((reply, text) => asText(reply, withDuplicateKey(text))),
  oversizeObject: ({ bytes }: { bytes: number }) =>
    changeFirst(() => ({ oversize: 'x'.repeat(bytes) })),
  deepObject: ({ depth }: { depth: number }) =>
    onSuccess((reply, text) => asText(reply, withDeepValue(text, depth))),
  exactNumbers: () =>
    onSuccess((reply, text) =>
      asText(reply, insertBeforeId(text, '"numbers":[9007199254740993,1e400,-0,1.00,1E+2],')),
    ),
  unknownProperties: () => changeEach(addUnknown),
  dropProperty: ({ name }: { name: string }) => changeEach(({ [name]: _dropped, ...kept }) => kept),
  errorInBody: () => onSuccess((reply, text) => asText(reply, withErrorInside(text))),
  nullRow: () => changeRows((rows) => [...rows.slice(0, 1), null, ...rows.slice(1)]),
};

function onSuccess(change: (reply: SimulatorReply, text: string) => SimulatorReply): Rewrite {
  return (reply) => {
    if (reply.status < 200 || reply.status >= 300 || reply.body === undefined) return reply;
    return change(reply, bodyText(reply.body));
  };
}

function bodyText(body: JsonValue | Buffer): string {
  return Buffer.isBuffer(body) ? body.toString('utf8') : JSON.stringify(body);
}

/** Sent as it is; the content type stays JSON, which is the point of these faults. */
function asText(reply: SimulatorReply, content: string): SimulatorReply {
  const { body: _replaced, ...rest } = reply;
  return { ...rest, text: { contentType: JSON_TYPE, content } };
}

function changeRows(change: (rows: readonly JsonValue[]) => readonly JsonValue[]): Rewrite {
  return onSuccess((reply, text) => {
    const body = JSON.parse(text) as JsonValue;
    if (!isObject(body)) return reply;
    const rows = body['value'];
    if (!Array.isArray(rows)) return { ...reply, body: change([body])[0] ?? body };
    return { ...reply, body: { ...body, value: change(rows as readonly JsonValue[]) } };
  });
}

function changeEach(change: (row: JsonObject) => JsonObject): Rewrite {
  return changeRows((rows) => rows.map((row) => (isObject(row) ? change(row) : row)));
}

function changeFirst(add: () => JsonObject): Rewrite {
  return changeRows(([first, ...others]) =>
    first !== undefined && isObject(first) ? [{ ...first, ...add() }, ...others] : others,
  );
}

function addUnknown(row: JsonObject): JsonObject {
  return {
    ...row,
    propertyOfTomorrow: { nested: [1, 2.5, 1e21, 'text'], flag: true },
    'propertyOfTomorrow@odata.type': '#microsoft.graph.typeOfTomorrow',
    enumOfTomorrow: 'unknownFutureValue',
    extension_0123456789abcdef0123456789abcdef_badge: 'a badge',
  };
}

/** `"id":` appears twice in the first object, the first time with another value. */
function withDuplicateKey(text: string): string {
  return insertBeforeId(text, '"id":"00000000-0000-0000-0000-000000000000",');
}

function withDeepValue(text: string, depth: number): string {
  return insertBeforeId(text, `"deep":${'['.repeat(depth)}${']'.repeat(depth)},`);
}

/**
 * Seen on audit logs: https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/7577
 */
function withErrorInside(text: string): string {
  const last = text.lastIndexOf('{"id":"');
  const end = last < 0 ? text.length : text.indexOf('"', last + 7) + 1;
  return `${text.slice(0, end)}{\n  "error": {"code": "BadRequest", "message": "The property 'category[Nullable=False]' of type 'Edm.String' has a null value, which is not allowed."}}`;
}

/** Puts members into the first object that has an id, as text: a parser would change them. */
function insertBeforeId(text: string, members: string): string {
  const at = text.indexOf('"id":');
  return at < 0 ? text : `${text.slice(0, at)}${members}${text.slice(at)}`;
}

/** A string, a name when there is one, with a byte that no UTF-8 text has. */
function withBrokenString(text: string): Buffer {
  const bytes = Buffer.from(text);
  const start = ['"displayName":"', '":"'].find((mark) => bytes.includes(mark));
  if (start !== undefined) bytes[bytes.indexOf(start) + start.length] = 0xff;
  return bytes;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
