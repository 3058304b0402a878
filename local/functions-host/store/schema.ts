import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HostError } from '../host-error.ts';

const SCHEMA_VERSION = 1;

const TABLES = `
create table instance (
  row integer primary key autoincrement,
  instance_id text not null unique,
  execution_id text not null,
  name text not null,
  version text not null,
  status text not null,
  input text,
  output text,
  custom_status text,
  created_at integer not null,
  updated_at integer not null,
  played integer not null
);
create table history (
  instance_id text not null,
  seq integer not null,
  event text not null,
  primary key (instance_id, seq)
) without rowid;
create table message (
  id integer primary key autoincrement,
  instance_id text not null,
  execution_id text,
  visible_at integer not null,
  event text not null
);
create index message_by_instance on message (instance_id, visible_at);
create index message_by_time on message (visible_at);
create table activity (
  id integer primary key autoincrement,
  instance_id text not null,
  execution_id text not null,
  task_id integer not null,
  name text not null,
  input text
);
create table schedule (
  function text primary key,
  last text not null,
  next text not null,
  last_updated text not null
);
`;

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /database is locked|SQLITE_BUSY/i.test(error.message);
}

/** A host that was told to stop lets running work end for up to 10 s and keeps its hub so long. */
const HUB_WAIT_MS = 12_000;

/**
 * Opens (or creates) the task hub file. The process keeps the file for itself: two hosts on one
 * hub would run everything twice. WAL with `synchronous = normal` loses nothing when the process
 * dies at any instant; only a crash of the whole machine may lose the last commits
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 * Waits for a host that is about to end.
 * @throws HostError when another host keeps it, or a newer version wrote it
 */
export function openHub(file: string, waitMs = HUB_WAIT_MS): DatabaseSync {
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      return openOnce(file);
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (Date.now() < deadline) Atomics.wait(pause, 0, 0, 200);
      else throw inUse(file, error);
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

function inUse(file: string, cause: unknown): HostError {
  return new HostError(`the task hub file ${file} is in use by another functions host`, { cause });
}

function openOnce(file: string): DatabaseSync {
  let database: DatabaseSync;
  try {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    database = new DatabaseSync(file);
  } catch (cause) {
    throw new HostError(`cannot open the task hub file ${file}: ${reason(cause)}`, { cause });
  }
  try {
    database.exec('pragma locking_mode = exclusive; pragma journal_mode = wal');
    database.exec('pragma synchronous = normal; begin immediate');
    createTables(database, file);
    database.exec('commit');
  } catch (cause) {
    database.close();
    if (cause instanceof HostError || isBusy(cause)) throw cause;
    throw new HostError(`the task hub file ${file} cannot be used: ${reason(cause)}`, { cause });
  }
  return database;
}

function createTables(database: DatabaseSync, file: string): void {
  const row = database.prepare('pragma user_version').get();
  const version = Number(row?.['user_version'] ?? 0);
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    throw new HostError(
      `the task hub file ${file} has version ${version}: remove it to start anew`,
    );
  }
  database.exec(TABLES);
  database.exec(`pragma user_version = ${SCHEMA_VERSION}`);
}
