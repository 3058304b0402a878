// Lists the objects and links that differ between two points, in sets: the work grows with the number
// of version and link rows that begin or end between the points, not with the size of the tenant.
// Bodies are not looked into here; that follows in slices (differences.ts). Rows of the tenant are
// looked up one by one (`offset 0` keeps it so): joined freely, every plan reads the whole tenant. As
// `(select $1::int)` the tenant is no constant: by one that the statistics have not seen yet, the
// planner expects no rows and takes any index that begins with it.
import type { Transaction } from './database.ts';

/** Parameters of one listing. Points may stand in either order. */
export interface CandidateInput {
  readonly comparisonId: string;
  readonly fromPoint: number;
  readonly toPoint: number;
  /** Names of the object types that are objects of their own. */
  readonly types: readonly string[];
  /** Names of the relationships of kind `relation`. */
  readonly relationships: readonly string[];
  readonly selection: CandidateSelection;
  /**
   * source: links are shown with a selected source. either: also links to a selected object; their
   * source is then listed as not selected, with those links only.
   */
  readonly linkScope: 'source' | 'either';
}

/** A selection with its ids resolved to keys. */
export interface CandidateSelection {
  readonly types?: readonly string[];
  readonly keys?: readonly number[];
  /** A finished comparison whose objects are selected. */
  readonly comparison?: {
    readonly id: string;
    readonly changes?: readonly string[];
    readonly numbers?: readonly number[];
  };
  readonly except: readonly number[];
  /** Only these relationships; none when the list is empty. */
  readonly relationships?: readonly string[];
}

const changedObjects = `
create temp table cmp_changed on commit drop as
select object_key as key from object_version
where tenant_no = (select $1::int) and from_point > $2 and from_point <= $3
union
select object_key from object_version
where tenant_no = (select $1::int) and to_point > $2 and to_point <= $3 and to_point < 2147483647`;

const objectStates = `
create temp table cmp_state on commit drop as
select o.key, o.type, o.parent_key, f.state as from_state, t.state as to_state,
  f.hash as from_hash, t.hash as to_hash
from (
  select key from cmp_changed
  union
  select o.parent_key from cmp_changed c
  cross join lateral (select parent_key from object where tenant_no = (select $1::int)
    and key = c.key offset 0) o
  where o.parent_key > 0
) c
cross join lateral (
  select key, type, parent_key from object where tenant_no = (select $1::int)
    and key = c.key offset 0) o
left join lateral (select state, hash from object_version where tenant_no = (select $1::int)
  and object_key = c.key and from_point <= $2 and to_point > $2 offset 0) f on true
left join lateral (select state, hash from object_version where tenant_no = (select $1::int)
  and object_key = c.key and from_point <= $3 and to_point > $3 offset 0) t on true`;

// An object that lives under one key at one point and under another, mapped one at the other point.
const identities = `
create temp table cmp_map on commit drop as
with recursive chain (old_key, new_key, depth) as (
  select m.old_key, m.new_key, 1 from identity_map m
  where m.tenant_no = (select $1::int) and m.old_key in (select key from cmp_state)
  union all
  select c.old_key, m.new_key, c.depth + 1 from chain c
  join identity_map m on m.tenant_no = (select $1::int) and m.old_key = c.new_key
  where c.depth < 64
), either (from_key, to_key, depth) as (
  select old_key, new_key, depth from chain union all select new_key, old_key, depth from chain
), alive as (
  select e.* from either e
  join cmp_state f on f.key = e.from_key and f.from_state = 'live'
    and f.to_state is distinct from 'live'
  join cmp_state t on t.key = e.to_key and t.to_state = 'live'
    and t.from_state is distinct from 'live'
), nearest as (
  select distinct on (from_key) * from alive order by from_key, depth, to_key
)
select distinct on (to_key) from_key, to_key from nearest order by to_key, depth, from_key desc`;

const pairs = `
create temp table cmp_pair on commit drop as
select p.id, p.from_key, p.to_key, o.type, o.object_id,
  (p.from_key is distinct from p.to_key or f.from_hash is distinct from t.to_hash
    or exists (select from cmp_state s where s.parent_key = p.from_key
      and (s.from_hash is distinct from s.to_hash or s.from_state is distinct from s.to_state)))
  as differs
from (
  select s.key as from_key, case when s.to_state = 'live' then s.key else m.to_key end as to_key,
    coalesce(case when s.to_state = 'live' then s.key else m.to_key end, s.key) as id
  from cmp_state s left join cmp_map m on m.from_key = s.key
  where s.parent_key = 0 and s.type = any ($2) and s.from_state = 'live'
  union all
  select null, s.key, s.key from cmp_state s
  where s.parent_key = 0 and s.type = any ($2) and s.to_state = 'live'
    and s.from_state is distinct from 'live'
    and not exists (select from cmp_map m where m.to_key = s.key)
  offset 0
) p
cross join lateral (
  select type, object_id from object where tenant_no = (select $1::int) and key = p.id offset 0) o
left join cmp_state f on f.key = p.from_key
left join cmp_state t on t.key = p.to_key`;

const links = `
create temp table cmp_link on commit drop as
with flip as (
  select key from cmp_state where parent_key = 0 and from_state is distinct from to_state
), touched as (
  select relationship, source, target from link
  where tenant_no = (select $1::int) and kind = 'relation' and from_point > $4 and from_point <= $5
  union
  select relationship, source, target from link
  where tenant_no = (select $1::int) and kind = 'relation' and to_point > $4 and to_point <= $5
    and to_point < 2147483647
  union
  select l.relationship, l.source, l.target from flip f
  cross join unnest($6::text[]) as r (name)
  cross join lateral (select relationship, source, target from link
    where tenant_no = (select $1::int)
    and relationship = r.name and source = f.key offset 0) l
  union
  select l.relationship, l.source, l.target from flip f
  cross join unnest($6::text[]) as r (name)
  cross join lateral (select relationship, source, target from link
    where tenant_no = (select $1::int)
    and target = f.key and relationship = r.name offset 0) l
)
select t.relationship, t.source, t.target, l.at_from, l.at_to
from touched t
cross join lateral (
  select coalesce(bool_or(from_point <= $2 and to_point > $2), false) as at_from,
    coalesce(bool_or(from_point <= $3 and to_point > $3), false) as at_to
  from link where tenant_no = (select $1::int)
    and relationship = t.relationship and source = t.source
    and target = t.target) l
where t.relationship = any ($6) and (l.at_from or l.at_to)`;

// A link is shown at a point when its source is live there and its target is not in the recycle bin.
const stateOf = (end: string, point: string): string => `
  (select v.state from object_version v where v.tenant_no = (select $1::int)
    and v.object_key = l.${end}
    and v.from_point <= ${point} and v.to_point > ${point})`;
const visible = (point: string): string => `
  ${stateOf('source', point)} = 'live'
  and ${stateOf('target', point)} is distinct from 'softDeleted'`;

const linkChanges = `
create temp table cmp_link_change on commit drop as
with at_from as (
  select l.relationship, l.source, l.target, coalesce(ms.to_key, l.source) as new_source,
    coalesce(mt.to_key, l.target) as new_target
  from cmp_link l
  left join cmp_map ms on ms.from_key = l.source
  left join cmp_map mt on mt.from_key = l.target
  where l.at_from and ${visible('$2')}
), at_to as (
  select l.relationship, l.source, l.target from cmp_link l where l.at_to and ${visible('$3')}
)
select new_source as pair, relationship, target, new_target as mate, 'removed' as change
from at_from f
where not exists (select from at_to t where t.relationship = f.relationship
  and t.source = f.new_source and t.target = f.new_target)
union all
select t.source, t.relationship, t.target, coalesce(m.from_key, t.target), 'added'
from at_to t
left join cmp_map m on m.to_key = t.target
where not exists (select from at_from f where f.relationship = t.relationship
  and f.new_source = t.source and f.new_target = t.target)`;

const linkOnlyPairs = `
insert into cmp_pair (id, from_key, to_key, type, object_id, differs)
select o.key, o.key, o.key, o.type, o.object_id, false
from (select distinct pair from cmp_link_change) c
cross join lateral (
  select key, type, object_id from object where tenant_no = (select $1::int)
    and key = c.pair offset 0) o
where not exists (select from cmp_pair p where p.id = c.pair)`;

const scope = (from: string, to: string, type: string): string => `
  (($2::text[] is null and not $3::boolean) or coalesce(${type} = any ($2), false)
    or exists (select from cmp_selected s where s.key in (${from}, ${to})))
  and not exists (select from cmp_except e where e.key in (${from}, ${to}))`;

const chosenLinks = `
create temp table cmp_chosen_link on commit drop as
select c.*, p.chosen from cmp_link_change c
join (select id, ${scope('from_key', 'to_key', 'type')} as chosen from cmp_pair) p on p.id = c.pair
cross join lateral (select type from object where tenant_no = (select $1::int)
  and key = c.target offset 0) t
where ($4::text[] is null or c.relationship = any ($4))
  and (p.chosen or ($5 and ${scope('c.target', 'c.mate', 't.type')}))`;

const insertDifferences = `
insert into difference (tenant_no, comparison_id, no, type, from_key, to_key, change, selected,
  link_count)
select $1, $4, row_number() over (order by p.type, p.object_id), p.type, p.from_key, p.to_key,
  case when p.from_key is null then 'added' when p.to_key is null then 'removed'
    else 'modified' end,
  p.chosen, coalesce(l.links, 0)
from (select *, ${scope('from_key', 'to_key', 'type')} as chosen from cmp_pair) p
left join (select pair, count(*) as links from cmp_chosen_link group by pair) l on l.pair = p.id
where (p.chosen and p.differs) or l.links > 0`;

const insertLinks = `
insert into difference_link (tenant_no, comparison_id, no, relationship, target, change)
select $1, $2, d.no, l.relationship, l.target, l.change
from cmp_chosen_link l
join difference d on d.tenant_no = (select $1::int) and d.comparison_id = $2
  and coalesce(d.to_key, d.from_key) = l.pair`;

/** Writes the differences of a comparison without their details; answers how many there are. */
export async function listCandidates(tx: Transaction, input: CandidateInput): Promise<number> {
  const { fromPoint, toPoint, selection } = input;
  const tenant = tx.tenantNo;
  const low = Math.min(fromPoint, toPoint);
  const high = Math.max(fromPoint, toPoint);
  await tx.change(changedObjects, [tenant, low, high]);
  await tx.change('analyze cmp_changed');
  await tx.change(objectStates, [tenant, fromPoint, toPoint]);
  await tx.change('create index on cmp_state (key)');
  await tx.change('create index on cmp_state (parent_key)');
  await tx.change('analyze cmp_state');
  await tx.change(identities, [tenant]);
  await tx.change(pairs, [tenant, input.types]);
  await tx.change(links, [tenant, fromPoint, toPoint, low, high, input.relationships]);
  await tx.change('analyze cmp_link');
  await tx.change(linkChanges, [tenant, fromPoint, toPoint]);
  await tx.change('create index on cmp_pair (id)');
  await tx.change('analyze cmp_pair, cmp_link_change');
  await tx.change(linkOnlyPairs, [tenant]);
  await fillSelection(tx, selection);
  const keyed = selection.keys !== undefined || selection.comparison !== undefined;
  const types = selection.types ?? null;
  await tx.change(chosenLinks, [
    tenant,
    types,
    keyed,
    selection.relationships ?? null,
    input.linkScope === 'either',
  ]);
  const count = await tx.change(insertDifferences, [tenant, types, keyed, input.comparisonId]);
  await tx.change(insertLinks, [tenant, input.comparisonId]);
  // gone at commit anyway; dropped here so that one transaction can list twice
  await tx.change(
    `drop table cmp_changed, cmp_state, cmp_map, cmp_pair, cmp_link, cmp_link_change,
       cmp_chosen_link, cmp_selected, cmp_except`,
  );
  return count;
}

async function fillSelection(tx: Transaction, selection: CandidateSelection): Promise<void> {
  await tx.change('create temp table cmp_selected (key bigint) on commit drop');
  await tx.change('create temp table cmp_except (key bigint) on commit drop');
  await tx.change('insert into cmp_selected select unnest($1::bigint[])', [selection.keys ?? []]);
  await tx.change('insert into cmp_except select unnest($1::bigint[])', [selection.except]);
  const { comparison } = selection;
  if (comparison !== undefined) {
    await tx.change(
      `insert into cmp_selected
       select unnest(array[from_key, to_key]) from difference
       where tenant_no = (select $1::int)
         and comparison_id = $2 and ($3::text[] is null or change = any ($3))
         and ($4::int[] is null or no = any ($4))`,
      [tx.tenantNo, comparison.id, comparison.changes ?? null, comparison.numbers ?? null],
    );
  }
  await tx.change('create index on cmp_selected (key)');
  await tx.change('analyze cmp_selected, cmp_except');
}
