// A manifest makes segments exist: plain JSON without personal data, one per number of a chain, each
// with the hash of the one before. docs/log-format.md describes it.
import { hash } from 'node:crypto';
import { z } from 'zod';
import { BackupError } from '../errors/backup-error.ts';
import { copyForm } from './copy-manifest.ts';
import { type ChainId, MAX_MANIFEST_NUMBER, manifestName } from './log-names.ts';
import { type PlainJson, sortedJson } from './sorted-json.ts';

const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;
const MAX_SEGMENTS = 20_000;
const MAX_HOURS = 300_000;

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const number = z.int().min(1).max(MAX_MANIFEST_NUMBER);
/** RFC 3339 UTC, as Graph wrote it or with milliseconds. */
const time = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?Z$/);
const hour = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}$/);
const name = z.string().min(1).max(512);

const segmentForm = z.strictObject({
  name,
  hour,
  bytes: count,
  /** Of the whole blob. */
  sha256,
  /** Of the sealed footer, which binds the header and every frame. */
  footerSha256: sha256,
  records: count,
  /** Records whose id was not known before, and new versions of known ones. */
  new: count,
  changed: count,
  minTime: time,
  maxTime: time,
  index: z.strictObject({ name, bytes: count, sha256, footerSha256: sha256.optional() }),
});

const windowForm = z.strictObject({
  from: time,
  to: time,
  /** 0: the first read; then one number per late sweep. */
  sweep: count,
  read: count,
  new: count,
  changed: count,
  requests: count,
});

const checkpointForm = z.strictObject({
  /** The manifests from here to `removedThrough` may be removed, and what only they name. */
  firstNumber: number,
  removedThrough: number,
  /** Of the manifest `removedThrough`: the next one names it as the one before. */
  manifestSha256: sha256,
  /** What was known of each hour, so that statements outlive their manifests. */
  hours: z
    .record(hour, z.strictObject({ records: count, versions: count, complete: z.boolean() }))
    .refine((hours) => Object.keys(hours).length <= MAX_HOURS),
});

/** A repair replaces segments that earlier manifests name; both names stay for ever. */
const repairForm = z.strictObject({
  replaced: z
    .array(
      z.strictObject({
        /** Of the manifest that names the replaced segment. */
        number,
        name,
        /** Its replacement, one of this manifest's segments. */
        by: name,
      }),
    )
    .max(MAX_SEGMENTS),
});

const manifestForm = z.strictObject({
  version: z.literal(1),
  tenant: z.string().max(64),
  source: z.string().max(64),
  number,
  /** Null for number 1 only. */
  previous: sha256.nullable(),
  kind: z.enum(['window', 'gap', 'checkpoint', 'copy', 'repair']),
  createdDateTime: time,
  /** Run that wrote it: an id, so that two manifests of two runs are never the same bytes. */
  writer: z.string().min(1).max(128),
  window: windowForm.optional(),
  segments: z.array(segmentForm).max(MAX_SEGMENTS),
  gap: z.strictObject({ from: time, to: time, reason: z.string().max(1024) }).optional(),
  checkpoint: checkpointForm.optional(),
  repair: repairForm.optional(),
  /** Of a secondary: hash of the primary's manifest of which it is the copy. */
  copyOf: sha256.optional(),
  /** Of a secondary: segments of this manifest that were lost in the primary and never came here. */
  uncopied: z.array(name).max(MAX_SEGMENTS).optional(),
  /** Of a copy of the directory; `segments` is empty then. */
  copy: copyForm.optional(),
});

export type Manifest = Readonly<z.output<typeof manifestForm>>;
export type ManifestSegment = Readonly<z.output<typeof segmentForm>>;
/** What a writer says; number, link and place are the chain's matter. */
export type ManifestContent = Omit<
  Manifest,
  'version' | 'tenant' | 'source' | 'number' | 'previous'
>;

/** The bytes that are stored: canonical text with a checksum of itself. Throws `invalidState`. */
export function encodeManifest(manifest: Manifest): Buffer {
  const parsed = manifestForm.safeParse(manifest);
  const issue = parsed.error?.issues[0];
  if (issue !== undefined) {
    const where = issue.path.join('.');
    throw new BackupError('invalidState', `a manifest was made with a wrong member ${where}`);
  }
  const bytes = Buffer.from(withChecksum(manifest));
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new BackupError('invalidState', `a manifest of ${bytes.length} bytes is too large`);
  }
  return bytes;
}

/**
 * Checks form, bounds, checksum and that it stands under its own name. Throws `manifestDamaged`,
 * `manifestForeign` (another chain or number), `containerVersion` (of a later version).
 */
export function parseManifest(bytes: Buffer, chain: ChainId, expected: number): Manifest {
  const at = manifestName(chain, expected);
  const { checksum, ...rest } = readMembers(bytes, at);
  if (rest['version'] !== 1 && typeof rest['version'] === 'number') {
    const message = `${at} has the version ${rest['version']}`;
    throw new BackupError('containerVersion', message, { details: { name: at } });
  }
  const parsed = manifestForm.safeParse(rest);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw damaged(at, `its member ${where} is wrong`);
  }
  const manifest = parsed.data;
  // one text only: a changed byte anywhere, also white space, is seen
  const text = withChecksum(manifest);
  if (typeof checksum !== 'string' || !bytes.equals(Buffer.from(text))) {
    throw damaged(at, 'its checksum or its text does not fit');
  }
  const { tenant, source, number: own } = manifest;
  if (tenant === chain.tenant && source === chain.source && own === expected) return manifest;
  throw new BackupError('manifestForeign', `${at} is the manifest of another place`, {
    details: { name: at, number: own },
  });
}

/** What the next manifest names as `previous`. */
export function manifestHash(bytes: Buffer): string {
  return hash('sha256', bytes);
}

function readMembers(bytes: Buffer, at: string): Record<string, unknown> {
  if (bytes.length > MAX_MANIFEST_BYTES) throw damaged(at, 'it is too large');
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (cause) {
    throw damaged(at, 'it is not json', cause);
  }
  throw damaged(at, 'it is no object');
}

/** `checksum`: SHA-256 of the text without that member. */
function withChecksum(manifest: Manifest): string {
  const members = manifest as unknown as { readonly [name: string]: PlainJson };
  return sortedJson({ ...members, checksum: hash('sha256', sortedJson(members)) });
}

function damaged(name: string, what: string, cause?: unknown): BackupError {
  return new BackupError('manifestDamaged', `${name} is damaged: ${what}`, {
    cause,
    details: { name },
  });
}
