import { BackupError } from '../errors/backup-error.ts';
import { type Picked, pickMembers } from '../json/picked-members.ts';
import type { Term, TermKind } from '../log-repository/index-blocks.ts';
import type { LogSourceEntry } from './log-sources.ts';
import { type LogTime, parseLogTime } from './log-time.ts';

export interface LogRecord {
  /** Exactly as Graph sent it. */
  readonly raw: Buffer;
  /** As sent; empty when the record has none: then its content alone tells it from others. */
  readonly id: string;
  readonly time: LogTime;
  readonly terms: readonly Term[];
}

/** They say nothing and stand in many records. */
const unsaid = new Set(['', '00000000-0000-0000-0000-000000000000']);

/** Reads what leads to a record, without parsing the rest. Throws graphBadAnswer without a time. */
export function readRecord(entry: LogSourceEntry, raw: Buffer): LogRecord {
  const picked = pickMembers(raw, entry.picked);
  const time = parseLogTime(picked.get('time')?.[0] ?? '');
  if (time === undefined) {
    throw new BackupError('graphBadAnswer', 'a record of a log has no readable time', {
      details: { defect: 'time', source: entry.source },
    });
  }
  return { raw, id: picked.get('id')?.[0] ?? '', time, terms: termsOf(picked) };
}

function termsOf(picked: Picked): Term[] {
  const terms: Term[] = [];
  for (const [kind, values] of picked) {
    if (kind === 'id' || kind === 'time') continue;
    const said = [...new Set(values)].filter((value) => !unsaid.has(value));
    for (const value of said) terms.push({ kind: kind as TermKind, value });
  }
  return terms;
}
