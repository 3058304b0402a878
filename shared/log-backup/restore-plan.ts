import { BackupError } from '../errors/backup-error.ts';
import { type LogSource, logSources } from '../model/log-source.ts';
import { HOUR, type LogTime, msOfTime, timeOfMs } from './log-time.ts';
import type { SearchContext } from './search-context.ts';
import { ChainLinks } from './search-links.ts';
import { ChainSection, type NamedSegment } from './search-section.ts';

/** Whole segments: by their names, or all that hold hours of a source. */
export type LogRestoreRequest =
  | { readonly segments: readonly string[] }
  | { readonly source: LogSource; readonly from: LogTime; readonly to: LogTime };

/** A segment that is restored, with what its manifest says of it. */
export interface RestoredSegment {
  /** As the window names it; differs from `held` when a repair has replaced it. */
  readonly name: string;
  readonly held: string;
  readonly hour: string;
  readonly records: number;
  readonly bytes: number;
  readonly footerSha256: string;
}

export interface LogRestorePlan {
  readonly segments: readonly RestoredSegment[];
  /** What the range should hold as well and cannot: names or times, and why. */
  readonly missing: readonly { readonly name: string; readonly code: string }[];
}

/** Throws `notFound` for a name that no manifest of the tenant names, and the errors of the store. */
export async function planLogRestore(
  context: SearchContext,
  request: LogRestoreRequest,
): Promise<LogRestorePlan> {
  if ('segments' in request) return await planNames(context, request.segments);
  const { source, from, to } = request;
  const section = await openSection(context, source, from);
  const segments: RestoredSegment[] = [];
  const missing = new Map<string, string>();
  const first = Math.floor(msOfTime(from) / HOUR) * HOUR;
  for (let hour = first; timeOfMs(hour) < to; hour += HOUR) {
    await section.reach(hour);
    const range = { from: timeOfMs(hour), to: timeOfMs(hour + HOUR) };
    for (const { name, code } of section.badOf(hour)) missing.set(name, code);
    for (const gap of section.gapsOf(range)) missing.set(`${gap.from} to ${gap.to}`, gap.kind);
    segments.push(...(await section.segmentsOf(range.from.slice(0, 13))).map(restored));
  }
  return { segments, missing: [...missing].map(([name, code]) => ({ name, code })) };
}

async function planNames(
  context: SearchContext,
  names: readonly string[],
): Promise<LogRestorePlan> {
  const segments: RestoredSegment[] = [];
  for (const name of new Set(names)) {
    const parsed = context.parts.parseLogName(name);
    const isOwn = parsed?.kind === 'segment' && parsed.tenant === context.tenant;
    const source = isOwn ? logSources.find((each) => each === parsed.source) : undefined;
    if (!isOwn || source === undefined) throw unknownSegment(name);
    const { hour } = parsed;
    const section = await openSection(context, source, `${hour}:00:00.0000000Z`);
    await section.reach(Date.parse(`${hour}:00:00Z`));
    const found = (await section.segmentsOf(hour)).find(
      (each) => each.name === name || each.holding.name === name,
    );
    if (found === undefined) throw unknownSegment(name);
    segments.push(restored(found));
  }
  return { segments, missing: [] };
}

async function openSection(
  context: SearchContext,
  source: LogSource,
  from: LogTime,
): Promise<ChainSection> {
  const { tenant } = context;
  return await ChainSection.open(context, new ChainLinks(context, { tenant, source }), from);
}

function restored({ name, holding }: NamedSegment): RestoredSegment {
  const { name: held, hour, records, bytes, footerSha256 } = holding;
  return { name, held, hour, records, bytes, footerSha256 };
}

function unknownSegment(name: string): BackupError {
  return new BackupError(
    'notFound',
    'no manifest of this tenant names a segment that was asked for',
    {
      details: { name: name.slice(0, 200) },
    },
  );
}
