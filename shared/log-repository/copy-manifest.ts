import { z } from 'zod';

const MAX_SEGMENTS = 20_000;
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const segmentForm = z.strictObject({
  name: z.string().min(1).max(512),
  bytes: count,
  /** Of the whole blob. */
  sha256,
  /** Of the sealed footer, which binds the header and every frame. */
  footerSha256: sha256,
  records: count.min(1),
});

/** What a manifest of kind `copy` says: a copy of the directory of a tenant has no hours or index. */
export const copyForm = z.strictObject({
  /** `full`: all that the points up to `through` need; `changes`: what the points after `after` changed. */
  kind: z.enum(['full', 'changes']),
  after: count,
  through: count.min(1),
  /** Session of the point `through`: a database with another one there has another history. */
  session: z.uuid(),
  /** Largest object key that was copied. */
  maxKey: count,
  /** Digest of labels, holds, acknowledgements, expiry, identity map and settings. */
  state: sha256,
  /** Whether labels and so on, and the identity map, are in this copy; else those before hold. */
  hasState: z.boolean(),
  /** The newest full copy, itself or one before: a rebuild begins there. */
  full: z.strictObject({ number: count.min(1), createdDateTime: z.iso.datetime() }),
  /** In order: what later lines say holds. */
  segments: z.array(segmentForm).min(1).max(MAX_SEGMENTS),
  /** Lines of each kind in all segments. */
  lines: z.record(z.string().max(32), count),
});

export type CopyStatement = Readonly<z.output<typeof copyForm>>;
export type CopiedSegment = Readonly<z.output<typeof segmentForm>>;
