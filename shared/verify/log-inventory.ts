import type { CopyParts } from '../log-repository/copy-parts.ts';
import type { ChainId } from '../log-repository/log-names.ts';
import type { LogStore } from '../log-repository/log-store.ts';

/** The names of one chain in one repository. */
export interface LogInventory {
  readonly manifests: ReadonlySet<number>;
  readonly first: number;
  readonly last: number;
  /** Bytes by name, by the number that stands in the name. */
  readonly containers: ReadonlyMap<number, ReadonlyMap<string, number>>;
  readonly unknown: readonly string[];
}

export async function listChain(
  store: LogStore,
  chain: ChainId,
  parts: CopyParts,
): Promise<LogInventory> {
  const manifests = new Set<number>();
  const containers = new Map<number, Map<string, number>>();
  const unknown: string[] = [];
  let [first, last] = [0, 0];
  for await (const { name, bytes } of store.list(`${parts.chainFolder(chain)}/`)) {
    const parsed = parts.parseLogName(name);
    if (parsed === undefined) {
      unknown.push(name);
    } else if (parsed.kind === 'manifest') {
      manifests.add(parsed.number);
      first = first === 0 ? parsed.number : Math.min(first, parsed.number);
      last = Math.max(last, parsed.number);
    } else {
      const names = containers.get(parsed.number) ?? new Map<string, number>();
      containers.set(parsed.number, names.set(name, bytes));
    }
  }
  return { manifests, first, last, containers, unknown };
}

/** Numbers that are not there between the first and the last one, as ranges. */
export function gapsOf({ manifests }: LogInventory): { from: number; through: number }[] {
  const numbers = [...manifests].sort((a, b) => a - b);
  return numbers.flatMap((number, place) => {
    const before = numbers[place - 1] ?? number - 1;
    return before === number - 1 ? [] : [{ from: before + 1, through: number - 1 }];
  });
}
