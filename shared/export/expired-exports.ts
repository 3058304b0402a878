import type { StoredBlob } from '../log-repository/log-store.ts';
import type { Clock } from '../model/clock.ts';
import { type ExportPlace, exportFolder } from './stored-export.ts';

export interface ExpiredExports {
  /** Blobs. */
  readonly removed: number;
  readonly bytes: number;
  /** Blobs that the store refuses to remove, such as in an immutable container. */
  readonly retained: number;
  /** False: the deadline came first; run it again. */
  readonly done: boolean;
}

/**
 * Removes the exports of a tenant that `isExpired` names by their operation id, part by part, the
 * last part first: what is left of a removal that was killed is no finished export. May be run again
 * at any time. Throws the errors of the store.
 */
export async function removeExpiredExports(
  place: Omit<ExportPlace, 'keys'>,
  tenant: string,
  isExpired: (operationId: string) => Promise<boolean>,
  { clock, deadline }: { readonly clock: Clock; readonly deadline: Date },
): Promise<ExpiredExports> {
  const { store } = place;
  const counts = { removed: 0, bytes: 0, retained: 0 };
  for await (const { name, bytes } of expiredParts(place, tenant, isExpired)) {
    const outcome = await store.remove(name);
    if (outcome === 'removed') counts.bytes += bytes;
    counts[typeof outcome === 'string' ? 'removed' : 'retained'] += 1;
    if (clock.now() >= deadline) return { ...counts, done: false };
  }
  return { ...counts, done: true };
}

async function* expiredParts(
  { store, containers }: Omit<ExportPlace, 'keys'>,
  tenant: string,
  isExpired: (operationId: string) => Promise<boolean>,
): AsyncGenerator<Pick<StoredBlob, 'name' | 'bytes'>> {
  const folder = exportFolder(containers, tenant);
  const exports = new Map<string, StoredBlob[]>();
  for await (const blob of store.list(folder)) {
    const id = blob.name.slice(folder.length).split('/')[0] ?? '';
    exports.set(id, [blob, ...(exports.get(id) ?? [])]);
  }
  for (const [id, parts] of exports) {
    if (await isExpired(id)) yield* parts;
  }
}
