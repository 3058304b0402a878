-- Comparisons, restore plans and restores (DESIGN 9, 11). All are tenant tables; text columns that
-- hold JSON are documents this product wrote and reads whole.

-- A comparison of two points. `live` names the side that is a point taken for this comparison.
create table comparison (
  tenant_no int not null,
  id uuid not null,
  operation_id uuid not null,
  purpose text not null check (purpose in ('comparison', 'plan')),
  from_point int,
  to_point int,
  live text check (live in ('from', 'to')),
  selection text not null,
  state text not null default 'pending' check (state in ('pending', 'listed', 'ready', 'failed')),
  -- differences up to this number have their detail
  detailed_to int not null default 0,
  -- {type: {added, removed, modified, properties, links, notCaptured}}
  summary text not null default '{}',
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (tenant_no, id),
  unique (tenant_no, operation_id)
);
create index comparison_created on comparison (tenant_no, purpose, created_at, id);

-- One object that differs; numbered by type and id, so that pages are stable.
create table difference (
  tenant_no int not null,
  comparison_id uuid not null,
  no int not null,
  type text collate "C" not null,
  from_key bigint,
  to_key bigint,
  change text not null check (change in ('added', 'removed', 'modified')),
  -- false for an object shown only because a selected object is at the other end of its links
  selected boolean not null,
  link_count int not null default 0,
  -- {properties, parts}; null until it was computed
  detail text,
  primary key (tenant_no, comparison_id, no)
);
create index difference_type on difference (tenant_no, comparison_id, type, change, no);
create index difference_from on difference (tenant_no, comparison_id, from_key);
create index difference_to on difference (tenant_no, comparison_id, to_key);

create table difference_link (
  tenant_no int not null,
  comparison_id uuid not null,
  no int not null,
  relationship text collate "C" not null,
  -- the key on the side that has the link
  target bigint not null,
  change text not null check (change in ('added', 'removed')),
  primary key (tenant_no, comparison_id, no, relationship, change, target)
);

create table restore_plan (
  tenant_no int not null,
  id uuid not null,
  operation_id uuid not null,
  comparison_id uuid not null,
  -- the wanted point; it and the live point are pinned until expires_at
  point int not null,
  live_point int,
  selection text not null,
  options text not null,
  state text not null default 'planning' check (state in ('planning', 'ready', 'approved',
    'rejected', 'withdrawn', 'applied', 'failed')),
  hash text,
  -- differences up to this number were planned: objects first, then what hangs on them
  objects_to int not null default 0,
  parts_to int not null default 0,
  -- {steps, notes, byKind, permissions: {needed, missing}}
  summary text not null default '{}',
  requested_by text not null,
  reason text,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  decision_reason text,
  primary key (tenant_no, id),
  unique (tenant_no, operation_id)
);
create index restore_plan_created on restore_plan (tenant_no, created_at, id);

-- The rung of each planned object, so that links know what becomes of their targets.
create table plan_object (
  tenant_no int not null,
  plan_id uuid not null,
  object_key bigint not null,
  rung text not null check (rung in ('live', 'recycleBin', 'gone', 'stopped')),
  -- key under which it lives, or lies in the recycle bin, at the live point
  current_key bigint,
  primary key (tenant_no, plan_id, object_key)
);

-- One write. `id` is deterministic, `no` is given when the plan is complete.
create table plan_step (
  tenant_no int not null,
  plan_id uuid not null,
  id text collate "C" not null,
  no int,
  phase int not null,
  kind text collate "C" not null,
  -- steps of one unit run one after the other in one worker
  unit text collate "C" not null,
  type text collate "C" not null,
  object_key bigint not null,
  document text not null,
  primary key (tenant_no, plan_id, id)
);
create unique index plan_step_no on plan_step (tenant_no, plan_id, no);

-- What a plan does not write and says so: surplus, needsHealing, notRestorable, pending, protected.
create table plan_note (
  tenant_no int not null,
  plan_id uuid not null,
  id text collate "C" not null,
  kind text collate "C" not null,
  object_key bigint not null,
  document text not null,
  primary key (tenant_no, plan_id, id)
);

create table restore (
  tenant_no int not null,
  id uuid not null,
  operation_id uuid not null,
  plan_id uuid not null,
  state text not null default 'running' check (state in ('running', 'verifying', 'succeeded',
    'failed', 'canceled')),
  -- steps up to this number were looked at once more after the last write
  verified_to int not null default 0,
  requested_by text not null,
  reason text not null,
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (tenant_no, id),
  unique (tenant_no, operation_id),
  -- a plan is applied once
  unique (tenant_no, plan_id)
);
create index restore_created on restore (tenant_no, created_at, id);

-- The execution of one step: planned -> started -> written -> an outcome.
create table restore_step (
  tenant_no int not null,
  restore_id uuid not null,
  no int not null,
  phase int not null,
  unit text collate "C" not null,
  state text not null default 'planned' check (state in ('planned', 'started', 'written', 'done',
    'skipped', 'conflict', 'failed', 'pending', 'canceled')),
  attempt int not null default 0,
  started_at timestamptz,
  written_at timestamptz,
  finished_at timestamptz,
  -- not before this time: a search, a wait for replication
  due_at timestamptz,
  -- {id?: the id a creation got, properties?: [{name, outcome, detail}], cause?}
  result text,
  -- what undoes it, known before the write
  inverse text,
  primary key (tenant_no, restore_id, no)
);
create index restore_step_open on restore_step (tenant_no, restore_id, phase, unit, no)
  where state in ('planned', 'started', 'written');

-- What an object was right before the first write of a restore to it.
create table restore_prestate (
  tenant_no int not null,
  restore_id uuid not null,
  object_key bigint not null,
  body text,
  captured_at timestamptz not null default clock_timestamp(),
  primary key (tenant_no, restore_id, object_key)
);

select protect_tenant_table(t::regclass) from unnest(array['comparison', 'difference',
  'difference_link', 'restore_plan', 'plan_object', 'plan_step', 'plan_note', 'restore',
  'restore_step', 'restore_prestate']) as t;
