// POST /logs/search: records of the logs by time, persons and text. What is looked for stands in the
// body, and a next link takes the same body: addresses are recorded by the platform.
import { z } from 'zod';
import type {
  FoundRecord,
  SearchAnswer,
  SearchLimits,
} from '../../shared/log-backup/search-context.ts';
import { searchLogs } from '../../shared/log-backup/search-logs.ts';
import { requireLogPlace } from '../log-parts.ts';
import {
  checkRange,
  filtersOf,
  logFilters,
  logRange,
  repositoryName,
  searchContext,
  sourcesOf,
} from './log-request.ts';
import { defineRoute } from './route.ts';
import { TextBody } from './route-definition.ts';
import { paging, timeText } from './schemas.ts';

const body = z
  .strictObject({
    ...logRange,
    filters: logFilters.optional(),
    versions: z
      .enum(['newest', 'all'])
      .default('newest')
      .meta({ description: 'Of records that Microsoft changed: the newest version or all' }),
    repository: repositoryName,
    top: z.number().int().min(1).max(1000).optional(),
  })
  .superRefine(checkRange);

const position = z.strictObject({
  after: z.string().max(128),
  through: z.record(z.string().max(64), z.number().int().min(0)),
  isWhole: z.boolean(),
});

/** The API promises an answer within 20 s: the rest is for the way. */
const budget = {
  softMs: 12_000,
  hardMs: 18_000,
  bytes: 8 * 1024 * 1024,
} satisfies Partial<SearchLimits>;

const answerBody = z
  .object({
    value: z.array(
      z.object({
        source: z.string(),
        time: z.string(),
        superseded: z.boolean().optional(),
        record: z.unknown().meta({ description: 'Exactly as Graph sent it' }),
      }),
    ),
    scannedThrough: timeText.meta({ description: 'Everything before this time was searched' }),
    complete: z.boolean().meta({
      description: 'The range was searched to its end, and nothing of it was missing on any page',
    }),
    nextLink: z.url().optional(),
    defects: z.array(
      z.object({
        source: z.string(),
        name: z.string(),
        code: z.string(),
        hour: z.string(),
        effect: z.enum(['notSearched', 'searchedWithoutIndex']),
        frame: z.number().optional(),
      }),
    ),
    gaps: z.array(
      z.object({
        source: z.string(),
        from: timeText,
        to: timeText,
        kind: z.enum(['gap', 'removed', 'notRead']),
        reason: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'LogSearch' });

defineRoute(
  {
    name: 'searchLogs',
    method: 'POST',
    path: '/tenants/{tenantId}/logs/search',
    summary: 'Records of logs in the order of time; a next link takes the same body',
    query: z.strictObject({ skipToken: paging.skipToken }),
    body,
    replies: { 200: { description: 'A page', body: answerBody } },
  },
  async ({ body: asked, page }, answer: SearchAnswer) => {
    const reply = page([], answer.next);
    const { nextLink } = reply.body as { nextLink?: string };
    return {
      ...reply,
      body: new TextBody(answerText(answer, asked.versions, nextLink)),
      valuesShown: {
        sources: sourcesOf(asked).join(','),
        repository: asked.repository,
        from: asked.from,
        to: asked.to,
        filters: Object.keys(asked.filters ?? {}).join(','),
        items: answer.records.length,
      },
    };
  },
  async ({ services, tenant, body: given, position: at, top }) => {
    const asked = given as z.output<typeof body>;
    const place = requireLogPlace(services, asked.repository);
    const { from, to, versions } = asked;
    const request = {
      ...{ from, to, versions },
      sources: sourcesOf(asked),
      filters: filtersOf(asked.filters),
    };
    const context = searchContext(services, tenant, place);
    return await searchLogs(context, request, { ...budget, records: top }, at(position));
  },
);

/** Records go out as the bytes they are stored as: written again, numbers would change. */
function answerText(
  { records, scannedThrough, complete, defects, gaps }: SearchAnswer,
  versions: 'newest' | 'all',
  nextLink: string | undefined,
): string {
  const value = records.map((record) => recordText(record, versions === 'all')).join(',');
  const rest = JSON.stringify({
    ...{ scannedThrough, complete, defects, gaps },
    ...(nextLink === undefined ? {} : { nextLink }),
  });
  return `{"value":[${value}],${rest.slice(1)}`;
}

function recordText({ source, time, line, isSuperseded }: FoundRecord, isAll: boolean): string {
  const head = JSON.stringify({ source, time, ...(isAll ? { superseded: isSuperseded } : {}) });
  return `${head.slice(0, -1)},"record":${line.toString('utf8')}}`;
}
