-- What a collection is read with, fixed when its session opens: the application may be replaced by one
-- with another catalogue before the session commits, and the cursor still tracks what was asked for.
alter table session_task add column selection text not null default '';
alter table session_task add column captured text[] not null default '{}';
