// The bytes of a log page, as one text or put together from prepared, compressed runs.
import type { PageFault, SimulatorReply } from '../types.ts';
import type { ChunkStore } from './chunk-store.ts';
import { type DeflatedPart, deflatePart, joinParts } from './gzip-parts.ts';
import { replaceLogParts } from './log-page-faults.ts';
import { type LogRow, rowText } from './log-row.ts';
import type { LogVariant } from './log-source.ts';

export type PageContent = {
  readonly rows: readonly LogRow[];
  readonly variant: LogVariant;
  readonly nextLink: string | undefined;
  readonly faults: readonly PageFault[];
};

export type PageFrame = {
  readonly contextUrl: string;
  /** The first page of the audits has a tip that nobody asked for. */
  readonly tips: boolean;
  readonly chunks: ChunkStore | undefined;
  readonly note: NonNullable<SimulatorReply['log']>;
};

const tips =
  'Use $select to choose only the properties your app needs, as this can lead to performance improvements. For example: GET auditLogs/directoryAudits?$select=activityDateTime,activityDisplayName';

export function pageReply(content: PageContent, frame: PageFrame): SimulatorReply {
  const { rows, variant, faults } = content;
  if (frame.chunks !== undefined && faults.length === 0) {
    return packedReply(content, frame, frame.chunks);
  }
  const value = `[${rows.map((row) => rowText(row, variant)).join(',')}]`;
  const parts = replaceLogParts({ value, nextLink: content.nextLink }, faults);
  const head = headText(frame, parts.nextLink);
  const text = parts.value === undefined ? `${head}}` : `${head},"value":${parts.value}}`;
  return { status: 200, headers: {}, body: Buffer.from(text), log: frame.note };
}

function headText(frame: PageFrame, nextLink: string | undefined): string {
  const members = [
    `"@odata.context":${JSON.stringify(frame.contextUrl)}`,
    ...(nextLink === undefined ? [] : [`"@odata.nextLink":${JSON.stringify(nextLink)}`]),
    ...(frame.tips ? [`"@microsoft.graph.tips":${JSON.stringify(tips)}`] : []),
  ];
  return `{${members.join(',')}`;
}

function packedReply(content: PageContent, frame: PageFrame, chunks: ChunkStore): SimulatorReply {
  const { rows, variant } = content;
  const parts: DeflatedPart[] = [];
  let text = `${headText(frame, content.nextLink)},"value":[`;
  for (let at = 0; at < rows.length; ) {
    const separator = at === 0 ? '' : ',';
    const taken = chunks.take(rows, at, variant);
    const row = rows[at];
    if (taken !== undefined) {
      parts.push(deflatePart(text + separator), taken.part);
      text = '';
      at += taken.rows;
    } else if (row !== undefined) {
      text += separator + rowText(row, variant);
      at += 1;
    }
  }
  parts.push(deflatePart(`${text}]}`));
  const { bytes, plainLength } = joinParts(parts);
  return { status: 200, headers: {}, packed: { gzip: bytes, plainLength }, log: frame.note };
}
