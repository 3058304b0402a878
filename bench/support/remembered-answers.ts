/** Graph's answers kept in memory, so that storing them can be measured without reading them. */
import type { GraphClient } from '../../shared/graph/graph-client.ts';
import type { GraphPage } from '../../shared/graph/graph-request.ts';
import type { BackupGraph } from '../../shared/tenant-backup/backup-context.ts';

export interface RememberedAnswers {
  /** Answers from memory what was asked before, else asks `client`. */
  of(client: GraphClient): BackupGraph;
}

export function rememberAnswers(): RememberedAnswers {
  const known = new Map<string, GraphPage>();
  const again = (page: GraphPage): GraphPage => ({ ...page, startedAt: new Date() });
  return {
    of: (client) => ({
      statistics: client.statistics,
      object: (...call) => client.object(...call),
      getByIds: (...call) => client.getByIds(...call),
      batchObjects: (...call) => client.batchObjects(...call),
      page: async (request, link, options) => {
        const key = JSON.stringify([request, link]);
        const page = known.get(key) ?? (await client.page(request, link, options));
        known.set(key, page);
        return again(page);
      },
      batchPages: async (requests, options) => {
        const missing = requests.filter((request) => !known.has(JSON.stringify(request)));
        const answers = missing.length === 0 ? [] : await client.batchPages(missing, options);
        for (const [index, answer] of answers.entries()) {
          if (answer instanceof Error) throw answer;
          known.set(JSON.stringify(missing[index]), answer);
        }
        return requests.map((request) => again(known.get(JSON.stringify(request)) as GraphPage));
      },
    }),
  };
}
