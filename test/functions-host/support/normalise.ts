import {
  EVENT,
  eventTypeName,
  type HistoryEvent,
} from '../../../local/functions-host/durable/history.ts';

const NAMED = new Set<number>([
  EVENT.TaskScheduled,
  EVENT.SubOrchestrationInstanceCreated,
  EVENT.EventRaised,
]);

/** `Type#EventId<-TaskScheduledId|TimerId Name`, as the recordings write it. */
export function historyLine(event: HistoryEvent): string {
  const id = event.EventId >= 0 ? `#${event.EventId}` : '';
  const source = event.TaskScheduledId ?? event.TimerId;
  const name = NAMED.has(event.EventType) ? ` ${event.Name}` : '';
  return `${eventTypeName(event.EventType)}${id}${source === undefined ? '' : `<-${source}`}${name}`;
}

export function commitLine(event: HistoryEvent): string {
  const id = event.EventId >= 0 ? `#${event.EventId}` : '';
  return `${eventTypeName(event.EventType)}${id}`;
}

/** Replaces strings anywhere inside a JSON value. */
export function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    change(key),
    mapStrings(item, change),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function withoutStacks(text: string): string {
  return text
    .replace(/(\\*"StackTrace\\*":\\*")[^"\\]*/g, '$1<clr stack>')
    .replace(/StackTrace: {3,}at [^\n]*$/, 'StackTrace:<clr stack>')
    .replace(/(?:\\+n|\n) +at [^\\\n"]*/g, '');
}

const TOKENS =
  /<[tg]\d+>|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b/g;

const DAY_MS = 24 * 3600 * 1000;

/** A date that is part of a case, not of its run, is years away. */
function isRecent(date: string): boolean {
  return Math.abs(Date.parse(date) - Date.now()) < DAY_MS;
}

/**
 * Numbers timestamps and ids by first appearance, removes stacks, shortens runs of letters: both
 * the recording and our own run go through it, so that equal values must be equal in both.
 */
export function normalise(value: unknown): unknown {
  const seen = new Map<string, string>();
  const counts = { t: 0, g: 0 };
  return mapStrings(value, (text) =>
    withoutStacks(text)
      .replace(/(\p{L})\1{199,}/gu, (run, letter: string) => `<${letter}*${run.length}>`)
      .replace(/\bref-(?=[a-z]\w*)/g, 'run-')
      .replace(TOKENS, (token) => {
        const kind = token.startsWith('<t') || /T\d\d:/.test(token) ? 't' : 'g';
        if (/T\d\d:/.test(token) && !isRecent(token)) return token;
        let name = seen.get(token);
        if (!name) {
          name = `<${kind}${counts[kind]++}>`;
          seen.set(token, name);
        }
        return name;
      }),
  );
}

const COMPLETION = /^(?:Task|SubOrchestrationInstance|Timer)(?:Completed|Failed|Fired)<-/;

/** Sorts completions that stand together: the order inside one batch is nobody's promise. */
export function sortBatches(history: string[]): string[] {
  const result: string[] = [];
  let batch: string[] = [];
  for (const line of [...history, '']) {
    if (COMPLETION.test(line)) batch.push(line);
    else {
      result.push(...batch.sort(), line);
      batch = [];
    }
  }
  return result.slice(0, -1);
}
