// Fault plans as data: what a rule looks like when it comes over the control interface. A rule
// names requests, says which of them, and what goes wrong with these.
import { z } from 'zod';

/** Forms of the Retry-After header that were seen or that HTTP allows. */
export const retryAfterShapes = [
  'integer',
  'fraction',
  'date',
  'pastDate',
  'absent',
  'zero',
  'negative',
  'huge',
  'garbage',
] as const;
export type RetryAfterShape = (typeof retryAfterShapes)[number];

const count = z.int().min(1);
const milliseconds = z.int().min(0);
const retryAfter = z.enum(retryAfterShapes);

const faultSchema = z.discriminatedUnion('kind', [
  /** An error in Graph's shape; `retryAfter` also for 503 and 504. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    code: z.string().optional(),
    message: z.string().optional(),
    retryAfter: retryAfter.optional(),
    seconds: z.number().optional(),
  }),
  /** 429; `seconds` (default 1) is what the header says in its shape. */
  z.strictObject({
    kind: z.literal('throttle'),
    retryAfter,
    seconds: z.number().optional(),
    code: z.string().optional(),
  }),
  /** An HTML page, as a proxy or load balancer sends it, also with status 200. */
  z.strictObject({ kind: z.literal('html'), status: z.int().min(200).max(599) }),
  /** A redirect to another host. */
  z.strictObject({ kind: z.literal('redirect'), location: z.url() }),
  /** 200 with this JSON instead of the answer (`{}`, `[]`, `null`, a text). */
  z.strictObject({ kind: z.literal('replaceBody'), body: z.json() }),
  /** 200 with a JSON text that ends early although the length is right. */
  z.strictObject({ kind: z.literal('cutJson'), keepShare: z.number().min(0).max(1).optional() }),
  /** Bytes that are not UTF-8 inside a string. */
  z.strictObject({ kind: z.literal('brokenUtf8') }),
  /** Fewer bytes than Content-Length announces, then the connection ends. */
  z.strictObject({ kind: z.literal('truncate'), keepBytes: z.int().min(0) }),
  z.strictObject({ kind: z.literal('reset'), when: z.enum(['beforeHeaders', 'inBody']) }),
  z.strictObject({ kind: z.literal('hang'), milliseconds }),
  z.strictObject({ kind: z.literal('delay'), milliseconds }),
  z.strictObject({ kind: z.literal('slowDrip'), bytesPerSecond: count }),
  /** The write takes effect, its answer does not arrive. */
  z.strictObject({
    kind: z.literal('responseLost'),
    how: z.enum(['reset', 'gatewayTimeout', 'serverError', 'hang']),
    milliseconds: milliseconds.optional(),
  }),
  z.strictObject({ kind: z.literal('emptyPage') }),
  z.strictObject({ kind: z.literal('duplicateRows'), count }),
  z.strictObject({ kind: z.literal('conflictingRows'), count }),
  z.strictObject({ kind: z.literal('replayRound') }),
  z.strictObject({ kind: z.literal('removedBeforeAdded'), count }),
  z.strictObject({ kind: z.literal('skipRows'), count }),
  z.strictObject({ kind: z.literal('doubleRows'), count }),
  /** Log: so many rows at most although more follow; 0 gives an empty page. */
  z.strictObject({ kind: z.literal('shortPage'), rows: z.int().min(0) }),
  /** Log: the first rows of the page are missing from this run. */
  z.strictObject({ kind: z.literal('omitRows'), count }),
  z.strictObject({
    kind: z.literal('expiredDeltaToken'),
    form: z.enum(['syncStateNotFound', 'gone', 'resyncRequired']),
  }),
  z.strictObject({
    kind: z.literal('expiredPageToken'),
    form: z.enum(['Directory_ExpiredPageToken', 'DirectoryPageTokenNotFoundException']),
  }),
  z.strictObject({ kind: z.literal('endlessRound') }),
  z.strictObject({ kind: z.literal('missingValue') }),
  z.strictObject({ kind: z.literal('replaceValue'), value: z.json() }),
  z.strictObject({ kind: z.literal('loseNextLink') }),
  /** The next link is the request itself again. */
  z.strictObject({ kind: z.literal('nextLinkLoop') }),
  z.strictObject({ kind: z.literal('replaceNextLink'), link: z.string() }),
  /** The first object of the answer has a key twice, with different values. */
  z.strictObject({ kind: z.literal('duplicateKeys') }),
  /** The first object of the answer grows to about this many bytes. */
  z.strictObject({ kind: z.literal('oversizeObject'), bytes: count }),
  /** The first object of the answer holds arrays nested this deep. */
  z.strictObject({ kind: z.literal('deepObject'), depth: count }),
  /** The first object of the answer has numbers that no double holds, and ones written oddly. */
  z.strictObject({ kind: z.literal('exactNumbers') }),
  /** Every object has properties, annotations and an enum value nobody knows. */
  z.strictObject({ kind: z.literal('unknownProperties') }),
  /** This property is missing from every object (an expanded relation, for example). */
  z.strictObject({ kind: z.literal('dropProperty'), name: z.string() }),
  /** The text breaks off inside a row and an error object follows, with status 200. */
  z.strictObject({ kind: z.literal('errorInBody') }),
  /** `value` has a null among its rows. */
  z.strictObject({ kind: z.literal('nullRow') }),
]);

const names = z.union([z.string(), z.array(z.string())]);

export const faultRuleSchema = z.strictObject({
  name: z.string().min(1),
  match: z
    .strictObject({
      method: names.optional(),
      /** As in the route table: `/groups/{id}/members`. */
      template: names.optional(),
      /** The path with `*` for one segment and `**` for any rest; compared without case. */
      path: z.string().optional(),
      tenantId: z.string().optional(),
      appId: z.string().optional(),
      /** Query options that must be there; `true` = with any value, `false` = must not be there. */
      query: z.record(z.string(), z.union([z.string(), z.boolean()])).optional(),
      /** Requests to a log whose window is wider than this, or has no beginning at all. */
      windowWiderThanMinutes: z.number().min(0).optional(),
      /** Requests for tokens and keys instead of requests to Graph. */
      signIn: z.boolean().optional(),
      /** Items of a `$batch`, or everything else; both unless given. */
      batch: z.enum(['inner', 'notInner']).optional(),
    })
    .default({}),
  /** Which of the matching requests; all of them unless given. Parts given must all agree. */
  when: z
    .strictObject({
      /** Numbers of the matching requests, from 1. */
      nth: z.union([count, z.array(count)]).optional(),
      every: count.optional(),
      from: count.optional(),
      /** At most so many times. */
      times: count.optional(),
      probability: z.number().min(0).max(1).optional(),
      seed: z.int().optional(),
      /** Numbers count per different URL: `nth: 1` fails the first try of everything. */
      perUrl: z.boolean().optional(),
    })
    .default({}),
  fault: faultSchema,
});

export type Fault = z.infer<typeof faultSchema>;
export type FaultKind = Fault['kind'];
/** A rule as it is written; `FaultRule` is what it becomes when read. */
export type FaultRuleInput = z.input<typeof faultRuleSchema>;
export type FaultRule = z.output<typeof faultRuleSchema>;

/** Reads rules as `FaultRuleInput[]`; the error names the rule and what is wrong with it. */
export function readFaultRules(value: unknown): FaultRule[] {
  const result = z.array(faultRuleSchema).safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `rule ${issue.path.map(String).join('.')}: ${issue.message}`,
  );
  throw new Error(`the fault plan cannot be read: ${problems.join('; ')}`);
}
