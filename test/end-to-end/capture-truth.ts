// Stores what the simulated tenant holds as the next restore point, without a backup: for tests of
// compare and restore that must not depend on one.
import { createHash, randomUUID } from 'node:crypto';
import type { ControlClient, TruthLine } from '../../local/graph-simulator/control/client.ts';
import {
  canonicalRulesOf,
  canonicalRulesOfChild,
  canonicalRulesOfFacet,
} from '../../shared/catalog/derive.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { type CanonicalRules, canonicalText } from '../../shared/json/canonical-text.ts';
import { valuesAt } from '../../shared/json/json-path.ts';
import type { JsonObject } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import type { Transaction } from '../../shared/repository/database.ts';

type ObjectLine = Extract<TruthLine, { kind: 'object' }>;

interface Row {
  readonly space: string;
  readonly type: string;
  readonly id: string;
  readonly parent?: string;
  readonly state: 'live' | 'softDeleted';
  /** Undefined for an object that only links lead to. */
  readonly body?: string;
}

const types = new Map<string, ObjectType>(objectTypes.map((type) => [type.name, type]));
const child = objectTypes.flatMap((type) => type.children)[0];

function pick(line: ObjectLine, names: readonly string[], rules: CanonicalRules): string {
  const all: Record<string, unknown> = { ...line.properties, id: line.id };
  const chosen = Object.fromEntries(names.map((name) => [name, all[name] ?? null]));
  return canonicalText(parseJson(JSON.stringify(chosen)) as JsonObject, rules);
}

function rowsOf(line: ObjectLine): Row[] {
  const state = line.state === 'live' ? 'live' : 'softDeleted';
  const { id } = line;
  if (line.type === 'scopedRoleMembership' && child !== undefined) {
    const parent = String(line.properties['administrativeUnitId']);
    const body = pick(line, child.select, canonicalRulesOfChild(child));
    return [{ space: child.name, type: child.name, id, parent, state, body }];
  }
  const type = types.get(line.type);
  if (type === undefined) return [{ space: 'directory', type: line.type, id, state }];
  const names = type.derivedTypes === undefined ? type.select : Object.keys(line.properties);
  const body = pick(line, names, canonicalRulesOf(type));
  const own: Row = { space: type.space, type: type.name, id, state, body };
  const facets = type.facets.flatMap((facet): Row[] => {
    const text = pick(line, facet.select, canonicalRulesOfFacet(facet));
    if (text === '{}') return [];
    const name = `facet:${facet.name}`;
    return [{ space: name, type: name, id, parent: id, state, body: text }];
  });
  return [own, ...facets];
}

async function keyOf(tx: Transaction, row: Row, keys: Map<string, number>): Promise<number> {
  const parentKey = row.parent === undefined ? 0 : (keys.get(row.parent) ?? 0);
  const known = await tx.row<{ key: number }>(
    `select key from object where tenant_no = $1 and space = $2 and parent_key = $3
       and object_id = $4`,
    [tx.tenantNo, row.space, parentKey, row.id],
  );
  if (known !== undefined) return known.key;
  const made = await tx.row<{ key: number }>(
    `insert into object (tenant_no, space, type, object_id, parent_key)
     values ($1, $2, $3, $4, $5) returning key`,
    [tx.tenantNo, row.space, row.type, row.id, parentKey],
  );
  return made?.key ?? 0;
}

interface Found {
  readonly versions: Map<number, Row>;
  readonly links: Set<string>;
}

/** Keys by object id, of everything but children and facets. */
type Keys = Map<string, number>;

async function read(tx: Transaction, control: ControlClient, tenantId: string): Promise<Found> {
  const lines: TruthLine[] = [];
  for await (const line of control.truth(tenantId)) lines.push(line);
  const rows = lines.flatMap((line) => (line.kind === 'object' ? rowsOf(line) : []));
  const keys: Keys = new Map();
  const versions = new Map<number, Row>();
  const sourceTypes = new Map(rows.filter((row) => !row.parent).map((row) => [row.id, row.type]));
  // parents before parts
  rows.sort((one, two) => Number(one.parent !== undefined) - Number(two.parent !== undefined));
  for (const row of rows) {
    const key = await keyOf(tx, row, keys);
    if (row.parent === undefined) keys.set(row.id, key);
    if (row.body !== undefined) versions.set(key, row);
  }
  // a body may refer to what is gone
  const known = await tx.rows<{ id: string; key: number }>(
    'select object_id as id, key from object where tenant_no = $1 and parent_key = 0',
    [tx.tenantNo],
  );
  const ever: Keys = new Map(known.map(({ id, key }) => [id, key]));
  const links = new Set<string>(embeddedLinks(versions, ever));
  for (const line of lines) {
    if (line.kind !== 'link') continue;
    const relationship = `${sourceTypes.get(line.source)}.${line.relationship}`;
    links.add(`relation ${relationship} ${keys.get(line.source)} ${keys.get(line.target)}`);
  }
  return { versions, links };
}

function embeddedLinks(versions: ReadonlyMap<number, Row>, keys: Keys): string[] {
  return [...versions].flatMap(([key, row]) =>
    (types.get(row.type)?.references ?? []).flatMap((reference) =>
      valuesAt(parseJson(row.body ?? '{}'), reference.path)
        .map((id) => keys.get(String(id)))
        .filter((target) => target !== undefined)
        .map((target) => `embedded ${reference.name} ${key} ${target}`),
    ),
  );
}

/** Publishes point `number` with the state of the tenant now. */
export async function captureTruth(
  tx: Transaction,
  control: ControlClient,
  tenantId: string,
  number: number,
): Promise<void> {
  const { versions, links } = await read(tx, control, tenantId);
  const sha = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = [...versions].map(([key, row]) => ({ key, row, hash: sha(row.body ?? '') }));
  await tx.change(
    `create temp table truth_version on commit drop as
     select * from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::text[])
       as t (key, type, state, hash, body)`,
    [
      wanted.map((each) => each.key),
      wanted.map((each) => each.row.type),
      wanted.map((each) => each.row.state),
      wanted.map((each) => each.hash),
      wanted.map((each) => each.row.body),
    ],
  );
  await tx.change(
    `update object_version v set to_point = $2 where tenant_no = $1 and to_point = 2147483647
       and not exists (select from truth_version t where t.key = v.object_key
         and t.state = v.state and t.hash = v.hash)`,
    [tx.tenantNo, number],
  );
  await tx.change(
    `insert into object_version (tenant_no, object_key, type, state, from_point, hash, body)
     select $1, key, type, state, $2, hash, body::json from truth_version t
     where not exists (select from object_version v where v.tenant_no = $1
       and v.object_key = t.key and v.to_point = 2147483647)`,
    [tx.tenantNo, number],
  );
  const parts = [...links].map((link) => link.split(' '));
  await tx.change(
    `create temp table truth_link on commit drop as
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
       as t (kind, relationship, source, target)`,
    [0, 1, 2, 3].map((index) => parts.map((part) => part[index])),
  );
  await tx.change(
    `update link l set to_point = $2 where tenant_no = $1 and to_point = 2147483647
       and not exists (select from truth_link t where t.relationship = l.relationship
         and t.source = l.source and t.target = l.target)`,
    [tx.tenantNo, number],
  );
  await tx.change(
    `insert into link (tenant_no, relationship, kind, source, target, from_point)
     select $1, relationship, kind, source, target, $2 from truth_link t
     where not exists (select from link l where l.tenant_no = $1 and l.to_point = 2147483647
       and l.relationship = t.relationship and l.source = t.source and l.target = t.target)`,
    [tx.tenantNo, number],
  );
  await publish(tx, number);
}

async function publish(tx: Transaction, number: number): Promise<void> {
  await tx.change(
    `insert into restore_point (tenant_no, number, session_id, window_start, window_end, state)
     values ($1, $2, $3, now(), now(), 'complete')`,
    [tx.tenantNo, number, randomUUID()],
  );
  for (const type of objectTypes) {
    const captured = [...type.select, ...type.facets.map((facet) => facet.name)];
    await tx.change(
      `insert into collection_state (tenant_no, point, collection, state, catalogue_revision,
         captured) values ($1, $2, $3, 'read', 'test', $4)`,
      [tx.tenantNo, number, type.name, captured],
    );
  }
  await tx.change('update tenant set head_point = $2 where tenant_no = $1', [tx.tenantNo, number]);
}
