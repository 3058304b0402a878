-- How often a listing, or the delta round under way, began again because its page token had expired.
alter table session_stream add column expiries int not null default 0;
alter table session_task add column round_expiries int not null default 0;
