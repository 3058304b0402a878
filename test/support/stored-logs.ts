// What a log repository holds, record by record, beside what the simulator says was in the log.
import type { ControlClient } from '../../local/graph-simulator/control/client.ts';
import type { KeyWrapper } from '../../shared/encryption/key-wrapper.ts';
import { LogRepository } from '../../shared/log-repository/log-repository.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { openSegment } from '../../shared/log-repository/segment-reader.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import { simulatedSources } from './log-lab.ts';

export interface StoredLogs {
  readonly store: LogStore;
  readonly keys: KeyWrapper;
}

/** Every stored line, sorted; as often as it is stored. */
export async function storedLines(
  { store, keys }: StoredLogs,
  tenant: string,
  source: LogSource,
): Promise<string[]> {
  const lines: string[] = [];
  for await (const { manifest } of new LogRepository(store, keys).walk({ tenant, source })) {
    for (const named of manifest.segments) {
      const segment = await openSegment(store, named.name, keys, named);
      for await (const { line } of segment.records()) lines.push(line.toString('utf8'));
    }
  }
  return lines.sort();
}

/** Every record that the log shows, sorted: for streams without changed or late records. */
export async function shownRecords(
  control: ControlClient,
  tenantId: string,
  source: LogSource,
): Promise<string[]> {
  const lines: string[] = [];
  const query = { source: simulatedSources[source], text: true };
  for await (const line of control.logTruth(tenantId, query)) {
    if (line.kind !== 'record') continue;
    lines.push(...line.versions.map(({ text = '' }) => text));
  }
  return lines.sort();
}
