import type { LogRepository } from '../log-repository/log-repository.ts';
import type { LogSource } from '../model/log-source.ts';
import type { SliceReport } from './collect-slice.ts';

export interface ChainCounts {
  readonly windows: number;
  readonly gaps: number;
  /** Records in the answers of Graph, repeated ones included. */
  readonly read: number;
  readonly added: number;
  readonly changed: number;
}

interface Chain {
  readonly tenant: string;
  readonly source: LogSource;
  readonly repository: Pick<LogRepository, 'link'>;
}

/**
 * What the manifests behind `fromHead` up to the head of the report hold. They are those of the
 * slice, unless a worker ended before it could say what it had done: then they are read.
 */
export async function countsOfSlice(
  chain: Chain,
  fromHead: number,
  report: SliceReport,
): Promise<ChainCounts> {
  const { windows, gaps, read, new: added, changed, head } = report;
  if (head - fromHead === windows + gaps) return { windows, gaps, read, added, changed };
  let counts: ChainCounts = { windows: 0, gaps: 0, read: 0, added: 0, changed: 0 };
  for (let number = fromHead + 1; number <= head; number += 1) {
    const manifest = (await chain.repository.link(chain, number))?.manifest;
    if (manifest?.kind === 'gap') counts = { ...counts, gaps: counts.gaps + 1 };
    if (manifest?.kind !== 'window' || manifest.window === undefined) continue;
    const { window } = manifest;
    counts = {
      windows: counts.windows + 1,
      gaps: counts.gaps,
      read: counts.read + window.read,
      added: counts.added + window.new,
      changed: counts.changed + window.changed,
    };
  }
  return counts;
}
