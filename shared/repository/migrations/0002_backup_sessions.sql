-- Leases, sessions, their tasks and working rows, delta cursors, links due (DESIGN 5 and 6).

-- Changes only on takeover, so that the share locks of running pages never meet a heartbeat.
create table lease (
  tenant_no int not null,
  kind text collate "C" not null,
  owner uuid not null,
  epoch int not null,
  primary key (tenant_no, kind)
);

create table lease_heartbeat (
  tenant_no int not null,
  kind text collate "C" not null,
  owner uuid not null,
  beat_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (tenant_no, kind)
);

-- Orders link reads and delta rounds of a session by begin and end; never rolled back.
create sequence session_tick as bigint;
create sequence link_due_no as bigint;

create table session (
  tenant_no int not null,
  id uuid not null,
  operation_id uuid not null,
  epoch int not null,
  -- the restore point that a commit publishes
  point int not null,
  state text not null default 'open' check (state in ('open', 'committed', 'abandoning',
    'abandoned')),
  -- collections -> unknown -> prepared
  phase text not null default 'collections',
  mode text not null check (mode in ('auto', 'full', 'incremental')),
  label text,
  hold boolean not null default false,
  -- closing rounds for link reads so far
  link_rounds int not null default 0,
  -- the last unknown link end that was asked
  unknown_after bigint not null default 0,
  -- counts, digests, reasons and suspicion, computed before the commit
  summary text,
  end_reason text,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (tenant_no, id),
  unique (tenant_no, operation_id)
);
create unique index session_open on session (tenant_no) where state in ('open', 'abandoning');
create index session_started on session (tenant_no, started_at);

create table session_task (
  tenant_no int not null,
  session_id uuid not null,
  collection text collate "C" not null,
  mode text not null check (mode in ('full', 'incremental', 'none')),
  -- whether delta rounds are possible for it in this session
  tracked boolean not null,
  phase text collate "C" not null check (phase in ('latest', 'list', 'follow', 'listed', 'sweep',
    'confirm', 'children', 'links', 'settle', 'done', 'failing', 'failed', 'skipped')),
  generation int not null default 1,
  -- counts complete listings from the start; what was seen belongs to one of them
  listing int not null default 1,
  pass int not null default 0,
  relisted boolean not null default false,
  round int not null default 0,
  round_start bigint not null default 0,
  last_round_start bigint not null default 0,
  -- the first round after the newest pass over the list
  pass_round int not null default 0,
  -- encrypted delta link the next round starts from, and the next page of the round under way
  token bytea,
  link bytea,
  round_pages int not null default 0,
  failures int not null default 0,
  unsettled int not null default 0,
  quarantined int not null default 0,
  -- state of the collection on the point when it is not read, and why
  outcome text,
  reason text,
  -- facets whose permission is missing
  not_captured text[] not null default '{}',
  statistics text not null default '{}',
  primary key (tenant_no, session_id, collection)
);

-- One listing under way: the list itself, an $expand pass, a facet pass, a recycle bin.
create table session_stream (
  tenant_no int not null,
  session_id uuid not null,
  collection text collate "C" not null,
  stream text collate "C" not null,
  link bytea,
  -- pages read in all passes, and how many of them were read before this pass
  pages int not null default 0,
  first_page int not null default 0,
  done boolean not null default false,
  -- order-free digest of ids and hashes of this pass and of the one before
  digest bytea,
  previous_digest bytea,
  primary key (tenant_no, session_id, collection, stream)
);

-- Ledger: a page that has a row was stored; a repeated one is a no-op.
create table page (
  tenant_no int not null,
  session_id uuid not null,
  collection text collate "C" not null,
  generation int not null,
  step text collate "C" not null,
  -- the relationship whose links the page carried, and when its answer had come
  relationship text collate "C",
  tick bigint not null default 0,
  items int not null,
  started_at timestamptz not null,
  ended_at timestamptz not null default clock_timestamp(),
  primary key (tenant_no, session_id, collection, generation, step)
);

-- Objects a listing delivered unchanged. Losing rows only costs questions, hence unlogged.
create unlogged table seen_object (
  tenant_no int not null,
  session_id uuid not null,
  collection text collate "C" not null,
  listing int not null,
  object_key bigint not null,
  primary key (tenant_no, session_id, collection, listing, object_key)
);

-- Sources whose links were read completely in this session; losing rows only costs reads.
create unlogged table link_source (
  tenant_no int not null,
  session_id uuid not null,
  relationship text collate "C" not null,
  source bigint not null,
  primary key (tenant_no, session_id, relationship, source)
);

-- What the delta rounds of a session contained (target 0: the object itself).
create table touched (
  tenant_no int not null,
  session_id uuid not null,
  collection text collate "C" not null,
  listing int not null,
  round int not null,
  object_key bigint not null,
  relationship text collate "C" not null default '',
  target bigint not null default 0,
  -- begin of the round
  tick bigint not null,
  entry bytea not null,
  at timestamptz not null default clock_timestamp(),
  primary key (tenant_no, session_id, collection, listing, round, object_key, relationship, target)
);

-- Objects to be read directly before their collection is done.
create table confirm_object (
  tenant_no int not null,
  session_id uuid not null,
  collection text collate "C" not null,
  object_key bigint not null,
  primary key (tenant_no, session_id, collection, object_key)
);

-- Parents whose children are to be read, or were.
create table child_read (
  tenant_no int not null,
  session_id uuid not null,
  child text collate "C" not null,
  parent bigint not null,
  done boolean not null default false,
  primary key (tenant_no, session_id, child, parent)
);
create index child_read_open on child_read (tenant_no, session_id, child, parent) where not done;

-- Links to be read: of a source (side s) or pointing at a target (side t).
create table link_read (
  tenant_no int not null,
  session_id uuid not null,
  relationship text collate "C" not null,
  side text collate "C" not null check (side in ('s', 't')),
  object_key bigint not null,
  -- the link_due row it serves; 0 when it follows up an $expand
  due_no bigint not null default 0,
  -- kept: the object was not found though our rows call it live; stays due
  state text collate "C" not null default 'pending' check (state in ('pending', 'done', 'kept')),
  link bytea,
  pages int not null default 0,
  -- ids an $expand has shown: the follow-up must contain them
  expected text[] not null default '{}',
  tick bigint not null default 0,
  primary key (tenant_no, session_id, relationship, side, object_key)
);
create index link_read_pending on link_read (tenant_no, session_id, relationship, side, object_key)
  where state = 'pending';

-- Targets of a read of several pages.
create table link_seen (
  tenant_no int not null,
  session_id uuid not null,
  relationship text collate "C" not null,
  source bigint not null,
  target bigint not null,
  primary key (tenant_no, session_id, relationship, source, target)
);

-- Open links that a read of their source did not show; closed only on positive evidence.
create table link_absent (
  tenant_no int not null,
  session_id uuid not null,
  relationship text collate "C" not null,
  source bigint not null,
  target bigint not null,
  tick bigint not null,
  primary key (tenant_no, session_id, relationship, source, target)
);

-- Survives revert and abandon. object_key 0: the whole collection at that side.
create table link_due (
  tenant_no int not null,
  relationship text collate "C" not null,
  side text collate "C" not null check (side in ('s', 't')),
  object_key bigint not null,
  no bigint not null default nextval('link_due_no'),
  primary key (tenant_no, relationship, side, object_key)
);

create table delta_cursor (
  tenant_no int not null,
  collection text collate "C" not null,
  token bytea not null,
  session_id uuid not null,
  taken_at timestamptz not null,
  -- last complete listing
  full_at timestamptz not null,
  -- what the first request selected
  selection text not null,
  primary key (tenant_no, collection)
);

select protect_tenant_table(t::regclass) from unnest(array['lease', 'lease_heartbeat', 'session',
  'session_task', 'session_stream', 'page', 'seen_object', 'link_source', 'touched',
  'confirm_object', 'child_read', 'link_read', 'link_seen', 'link_absent', 'link_due',
  'delta_cursor']) as t;
