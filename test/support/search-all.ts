import type {
  SearchAnswer,
  SearchContext,
  SearchDefect,
  SearchGap,
  SearchLimits,
  SearchPosition,
  SearchRequest,
} from '../../shared/log-backup/search-context.ts';
import { searchLogs } from '../../shared/log-backup/search-logs.ts';

export const patient: SearchLimits = {
  records: 1000,
  bytes: 8 * 1024 * 1024,
  softMs: 20_000,
  hardMs: 30_000,
};

export interface Found {
  readonly texts: readonly string[];
  readonly times: readonly string[];
  readonly complete: boolean;
  readonly defects: readonly SearchDefect[];
  readonly gaps: readonly SearchGap[];
  readonly pages: number;
}

/** All pages of a search. */
export async function searchAll(
  context: SearchContext,
  request: SearchRequest,
  limits: Partial<SearchLimits> = {},
): Promise<Found> {
  const answers: SearchAnswer[] = [];
  let position: SearchPosition | undefined;
  do {
    // what goes out to a caller and comes back
    const sent: SearchPosition | undefined =
      position && (JSON.parse(JSON.stringify(position)) as SearchPosition);
    const answer = await searchLogs(context, request, { ...patient, ...limits }, sent);
    const before = answers.at(-1)?.scannedThrough ?? request.from;
    if (answer.scannedThrough < before) throw new Error('a search went back in time');
    answers.push(answer);
    position = answer.next;
    if (answers.length > 5000) throw new Error('a search does not end');
  } while (position !== undefined);
  const records = answers.flatMap((answer) => answer.records);
  return {
    texts: records.map(({ line }) => line.toString('utf8')),
    times: records.map(({ time }) => time),
    complete: answers.at(-1)?.complete ?? false,
    defects: answers.flatMap(({ defects }) => defects),
    gaps: answers.flatMap(({ gaps }) => gaps),
    pages: answers.length,
  };
}
