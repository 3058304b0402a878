import { BackupError } from '../errors/backup-error.ts';
import type { ObjectAddress, Selection } from '../model/selection.ts';
import type { CandidateSelection } from './comparison-candidates.ts';
import type { Transaction } from './database.ts';

/** Space in which the objects of each selectable type are stored, by type name. */
export type TypeSpaces = ReadonlyMap<string, string>;

/**
 * Turns a selection into keys. Ids are matched in lower case where they are GUIDs. Throws
 * `invalidSelection` for a type that cannot be selected or an object that no backup has seen, and
 * for a comparison that is not finished.
 */
export async function resolveSelection(
  tx: Transaction,
  selection: Selection,
  spaces: TypeSpaces,
): Promise<CandidateSelection> {
  const except = await keysOfAddresses(tx, selection.except ?? [], spaces);
  const rest = {
    except,
    ...(selection.relationships === undefined ? {} : { relationships: selection.relationships }),
    // naming properties alone leaves the links alone
    ...(selection.properties !== undefined && selection.relationships === undefined
      ? { relationships: [] }
      : {}),
  };
  if ('types' in selection) {
    for (const type of selection.types) refuseUnknownType(type, spaces);
    return { ...rest, types: selection.types };
  }
  if ('objects' in selection) {
    return { ...rest, keys: await keysOfAddresses(tx, selection.objects, spaces) };
  }
  if ('comparison' in selection) return { ...rest, comparison: await ofComparison(tx, selection) };
  return rest;
}

async function ofComparison(
  tx: Transaction,
  selection: Extract<Selection, { comparison: string }>,
): Promise<NonNullable<CandidateSelection['comparison']>> {
  await refuseUnfinished(tx, selection.comparison);
  const numbers = selection.differenceIds?.map(numberOf);
  return {
    id: selection.comparison,
    ...(selection.changes === undefined ? {} : { changes: selection.changes }),
    ...(numbers === undefined ? {} : { numbers }),
  };
}

/** How many objects the selection can touch at most; undefined when it is not a list. */
export function selectedCount(selection: CandidateSelection): number | undefined {
  return selection.keys?.length;
}

async function keysOfAddresses(
  tx: Transaction,
  addresses: readonly ObjectAddress[],
  spaces: TypeSpaces,
): Promise<number[]> {
  if (addresses.length === 0) return [];
  for (const { type, id } of addresses) {
    refuseUnknownType(type, spaces);
    if (id.includes('~')) {
      throw new BackupError('invalidSelection', `${type} ${id} is selected with its parent`);
    }
  }
  const ids = addresses.map(({ id }) => normalised(id));
  const rows = await tx.rows<{ key: number; position: number }>(
    `select o.key, a.position::int as position
     from unnest($2::text[], $3::text[]) with ordinality as a (space, id, position)
     cross join lateral (select key from object where tenant_no = (select $1::int)
       and space = a.space and parent_key = 0 and object_id = a.id offset 0) o`,
    [tx.tenantNo, addresses.map(({ type }) => spaces.get(type)), ids],
  );
  if (rows.length < addresses.length) {
    const known = new Set(rows.map((row) => row.position));
    const missing = addresses.findIndex((_, index) => !known.has(index + 1));
    const one = addresses[missing];
    throw new BackupError('invalidSelection', `no backup has seen ${one?.type} ${one?.id}`, {
      details: { missing: addresses.length - rows.length },
    });
  }
  return rows.map((row) => row.key);
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function normalised(id: string): string {
  return guid.test(id) ? id.toLowerCase() : id;
}

function refuseUnknownType(type: string, spaces: TypeSpaces): void {
  if (spaces.has(type)) return;
  const known = [...spaces.keys()].join(', ');
  throw new BackupError('invalidSelection', `type ${type} cannot be selected; known: ${known}`);
}

async function refuseUnfinished(tx: Transaction, comparison: string): Promise<void> {
  const row = await tx.row<{ state: string }>(
    'select state from comparison where tenant_no = $1 and id = $2',
    [tx.tenantNo, comparison],
  );
  if (row === undefined) {
    throw new BackupError('invalidSelection', `no comparison ${comparison}`);
  }
  if (row.state !== 'ready') {
    throw new BackupError(
      'invalidSelection',
      `comparison ${comparison} is ${row.state}, not ready`,
    );
  }
}

function numberOf(differenceId: string): number {
  const number = Number(differenceId);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new BackupError('invalidSelection', `${differenceId} is not the id of a difference`);
}
