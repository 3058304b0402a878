import { z } from 'zod';
import type { KnownDigests } from './known-digests.ts';
import { DIGEST_BYTES, KnownDigests as Digests } from './known-digests.ts';
import type { HourState, SourceState } from './source-state.ts';
import { SWEEPS } from './source-state.ts';

/** What is remembered beside the fold: hints that cost time when they are lost, never records. */
export interface Pace {
  /** Width of the next window in milliseconds. */
  readonly width: number;
  /** Windows that failed at the narrowest width: not before that time, in milliseconds. */
  readonly aside: readonly {
    readonly from: string;
    readonly to: string;
    readonly failures: number;
    readonly notBefore: number;
    readonly code: string;
  }[];
  /** Milliseconds: Graph refused for want of a licence. */
  readonly unlicensedAt?: number | undefined;
  /** Milliseconds: since then it does not; nothing older than 7 days before comes back. */
  readonly licensedSince?: number | undefined;
}

export interface CachedState {
  readonly state: SourceState;
  readonly pace: Pace;
}

const count = z.int().min(0);
const time = z.string().length(28);
const interval = z.object({ from: time, to: time });
const stateForm = z.object({
  version: z.literal(1),
  place: z.string(),
  state: z.object({
    number: count,
    sha256: z.string(),
    begin: time.optional(),
    covered: z.array(z.array(interval)).length(SWEEPS),
    gaps: z.array(z.object({ from: z.string(), to: z.string(), reason: z.string() })),
    hours: z.record(
      z.string(),
      z.object({
        records: count,
        versions: count,
        added: z.array(count).length(SWEEPS),
        last: count,
        lastSha: z.string(),
      }),
    ),
    traffic: z.object({ requests: z.number(), records: z.number(), span: z.number() }),
  }),
  pace: z.object({
    width: z.number().min(1),
    aside: z.array(
      z.object({
        from: time,
        to: time,
        failures: count,
        notBefore: z.number(),
        code: z.string(),
      }),
    ),
    unlicensedAt: z.number().optional(),
    licensedSince: z.number().optional(),
  }),
});

/** `place` is tenant and source: a value under another name is not believed. */
export function encodeState(place: string, { state, pace }: CachedState): Buffer {
  return Buffer.from(JSON.stringify({ version: 1, place, state, pace }));
}

/** Undefined when it is none of this version and place. */
export function decodeState(place: string, value: Buffer): CachedState | undefined {
  const parsed = stateForm.safeParse(parsedJson(value));
  if (!parsed.success || parsed.data.place !== place) return undefined;
  const { begin, ...state } = parsed.data.state;
  return {
    state: { ...state, ...(begin === undefined ? {} : { begin }) },
    pace: parsed.data.pace,
  };
}

/** The digests of an hour behind a line that says of which state of the hour they are. */
export function encodeHour(place: string, digests: KnownDigests, hour: HourState): Buffer {
  return Buffer.concat([Buffer.from(`${hourLine(place, hour)}\n`), digests.sorted]);
}

/** Undefined when they are not exactly those of `hour`: older, newer, or of another chain. */
export function decodeHour(
  place: string,
  value: Buffer,
  hour: HourState,
): KnownDigests | undefined {
  const line = Buffer.from(`${hourLine(place, hour)}\n`);
  if (!value.subarray(0, line.length).equals(line)) return undefined;
  const sorted = value.subarray(line.length);
  const isWhole = sorted.length === (hour.records + hour.versions) * DIGEST_BYTES;
  return isWhole ? new Digests(sorted) : undefined;
}

function hourLine(place: string, { last, lastSha }: HourState): string {
  return `1 ${place} ${last} ${lastSha}`;
}

function parsedJson(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}
