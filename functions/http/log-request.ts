// What requests about logs have in common: sources, times, filters and the repository that is read.
import { z } from 'zod';
import { DAY, msOfTime, parseLogTime } from '../../shared/log-backup/log-time.ts';
import type { SearchContext, SearchRequest } from '../../shared/log-backup/search-context.ts';
import type { SearchFilters } from '../../shared/log-backup/search-filters.ts';
import { searchParts } from '../../shared/log-repository/search-parts.ts';
import { logSources } from '../../shared/model/log-source.ts';
import type { Tenant } from '../../shared/model/tenant.ts';
import type { LogPlace } from '../log-parts.ts';
import type { Services } from '../services.ts';
import { isPlainText, sourceList, time } from './schemas.ts';

const MOST_DAYS = 3660;

/** Keeps all 7 digits that Graph gives. */
const logTime = z
  .string()
  .refine((text) => time.safeParse(text).success, {
    error: 'is not a time such as 2026-11-24T09:30:00Z',
  })
  .transform((text) => parseLogTime(text) ?? text)
  .meta({ description: 'RFC 3339 time in UTC, to 100 ns', example: '2026-11-24T09:30:00Z' });

const value = z
  .string()
  .trim()
  .min(1, 'is empty')
  .max(256)
  .refine(isPlainText, { error: 'has control characters' });

/** All that are given must hold. */
export const logFilters = z.strictObject({
  actor: value.optional().meta({ description: 'Id, sign-in name or display name of who acted' }),
  target: value.optional().meta({ description: 'Id or name of the object or the resource' }),
  application: value.optional().meta({ description: 'Id or name of the application' }),
  address: value.optional().meta({ description: 'IP address' }),
  correlationId: value.optional(),
  result: z.enum(['success', 'failure']).optional(),
  errorCode: value.optional().meta({ description: 'Code or reason of a failure, whole' }),
  text: value.optional().meta({ description: 'Part of the record as Graph sent it, in any case' }),
});

export const repositoryName = z
  .enum(['primary', 'secondary'])
  .default('primary')
  .meta({ description: 'The log repository that is read; the other one is not needed' });

/** One source or several, and the time from which (included) to which (not included) is read. */
export const logRange = {
  source: z.enum(logSources).optional(),
  sources: sourceList.optional(),
  from: logTime,
  to: logTime,
};

interface Range {
  readonly source?: z.output<typeof logRange.source>;
  readonly sources?: z.output<typeof logRange.sources>;
  readonly from: string;
  readonly to: string;
}

/** Says what is wrong with a range; for superRefine of a body. */
export function checkRange(body: Range, context: z.core.$RefinementCtx): void {
  const wrong = (name: string, message: string): void => {
    context.addIssue({ code: 'custom', path: [name], message, input: body });
  };
  if ((body.source === undefined) === (body.sources === undefined)) {
    wrong('sources', 'is needed, or else source, and not both');
  }
  if (body.from >= body.to) wrong('to', 'does not lie after from');
  if (msOfTime(body.to) - msOfTime(body.from) > MOST_DAYS * DAY) {
    wrong('to', `lies more than ${MOST_DAYS} days after from`);
  }
}

export function sourcesOf({ source, sources }: Range): SearchRequest['sources'] {
  return sources ?? (source === undefined ? [] : [source]);
}

export function filtersOf(filters: z.output<typeof logFilters> | undefined): SearchFilters {
  const { correlationId, ...others } = filters ?? {};
  const given = Object.fromEntries(Object.entries(others).filter(([, each]) => each !== undefined));
  return { ...given, ...(correlationId === undefined ? {} : { correlation: correlationId }) };
}

export function searchContext(
  { clock }: Services,
  { tenantId }: Pick<Tenant, 'tenantId'>,
  { store, keys }: LogPlace,
): SearchContext {
  return { tenant: tenantId.toLowerCase(), store, keys, parts: searchParts, clock };
}
