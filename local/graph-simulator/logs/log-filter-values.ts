// Values of records as `$filter` of the logs compares them.
import { invalidFilter } from './log-filter-tokens.ts';

/** Answers whether a record (parsed) matches. */
export type RecordTest = (record: unknown) => boolean;

export function numberTest(
  operator: string,
  text: string,
  read: (record: unknown) => unknown,
): RecordTest {
  if (!/^-?\d+$/.test(text)) {
    throw invalidFilter();
  }
  return (record) => {
    const value = read(record);
    return typeof value === 'number' && compare(operator, value, Number(text));
  };
}

export function compare(operator: string, left: number, right: number): boolean {
  const results: Readonly<Record<string, boolean>> = {
    eq: left === right,
    ge: left >= right,
    le: left <= right,
    gt: left > right,
    lt: left < right,
  };
  return results[operator] ?? false;
}

/** Reads `a/b/c`, names without case. */
export function reader(path: string): (record: unknown) => unknown {
  const names = path.toLowerCase().split('/');
  return (record) => names.reduce<unknown>((value, name) => member(value, name), record);
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  return Object.entries(value).find(([key]) => key.toLowerCase() === name)?.[1];
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
