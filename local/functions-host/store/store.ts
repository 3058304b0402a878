// The task hub: everything that must survive the death of the process, in one SQLite file. Each
// public method that writes is one transaction, and nothing here decides what should happen next:
// no timers, no replay, no HTTP.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { HistoryEvent } from '../durable/history.ts';
import type {
  EpisodeCommit,
  InstanceRecord,
  NewActivity,
  NewMessage,
  ScheduleStatus,
  StoredActivity,
  StoredMessage,
} from './records.ts';
import { toActivity, toInstance, toMessage } from './rows.ts';
import { openHub } from './schema.ts';

const UPSERT_INSTANCE = `
insert into instance (instance_id, execution_id, name, version, status, input, output,
  custom_status, created_at, updated_at, played)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (instance_id) do update set execution_id = excluded.execution_id,
  name = excluded.name, version = excluded.version, status = excluded.status,
  input = excluded.input, output = excluded.output, custom_status = excluded.custom_status,
  created_at = excluded.created_at, updated_at = excluded.updated_at, played = excluded.played`;

/** The task hub in one SQLite file. */
export class Store {
  readonly database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @param file path of the hub, or `:memory:` for one that lives as long as the process */
  constructor(file: string) {
    this.database = openHub(file);
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }

  /** Whether `close` has been called: what ends later must be left to the next start. */
  get closed(): boolean {
    return !this.database.isOpen;
  }

  /** A statement, prepared once. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs `work` in one transaction; an error rolls back. */
  transaction<T>(work: () => T): T {
    this.prepare('begin immediate').run();
    try {
      const result = work();
      this.prepare('commit').run();
      return result;
    } catch (error) {
      this.prepare('rollback').run();
      throw error;
    }
  }

  findInstance(instanceId: string): InstanceRecord | undefined {
    const row = this.prepare('select * from instance where instance_id = ?').get(instanceId);
    return row && toInstance(row);
  }

  /** Writes a new pending instance together with the message that starts it. */
  createInstance(instance: InstanceRecord, start: NewMessage): void {
    this.transaction(() => {
      this.#saveInstance(instance);
      this.#insertMessage(start);
    });
  }

  readHistory(instanceId: string): HistoryEvent[] {
    return this.prepare('select event from history where instance_id = ? order by seq')
      .all(instanceId)
      .map((row) => JSON.parse(String(row['event'])) as HistoryEvent);
  }

  addMessage(message: NewMessage): void {
    this.transaction(() => this.#insertMessage(message));
  }

  /** Messages an instance may have at `now`, in order of arrival. */
  readMessages(instanceId: string, now: number): StoredMessage[] {
    const sql =
      'select * from message where instance_id = ? and visible_at <= ? order by visible_at, id';
    return this.prepare(sql).all(instanceId, now).map(toMessage);
  }

  dropMessages(ids: number[]): void {
    this.transaction(() => this.#deleteMessages(ids));
  }

  /** Instances that have messages waiting at `now`. */
  instancesWithMessages(now: number): string[] {
    return this.prepare('select distinct instance_id from message where visible_at <= ?')
      .all(now)
      .map((row) => String(row['instance_id']));
  }

  /** When the next timer message after `now` becomes visible. */
  nextVisibleAt(now: number): number | undefined {
    const row = this.prepare('select min(visible_at) at from message where visible_at > ?').get(
      now,
    );
    const at = row?.['at'];
    return typeof at === 'number' ? at : undefined;
  }

  /** Returns the activities that the commit added, with their ids. */
  commitEpisode(commit: EpisodeCommit): StoredActivity[] {
    return this.transaction(() => {
      this.#deleteMessages(commit.consumed);
      this.#saveInstance(commit.instance);
      this.#saveHistory(commit.instance.instanceId, commit.history);
      for (const message of commit.messages) this.#insertMessage(message);
      return commit.activities.map((activity) => this.#insertActivity(activity));
    });
  }

  listActivities(): StoredActivity[] {
    return this.prepare('select * from activity order by id').all().map(toActivity);
  }

  /** Delivers an activity's result once; false when it had been delivered before. */
  completeActivity(activityId: number, result: NewMessage): boolean {
    return this.transaction(() => {
      const { changes } = this.prepare('delete from activity where id = ?').run(activityId);
      if (changes === 0) return false;
      this.#insertMessage(result);
      return true;
    });
  }

  /** Removes an instance with history and messages; running activities are left to themselves. */
  purge(instanceIds: string[]): number {
    return this.transaction(() => {
      let purged = 0;
      for (const id of instanceIds) {
        this.prepare('delete from message where instance_id = ?').run(id);
        this.prepare('delete from history where instance_id = ?').run(id);
        purged += Number(
          this.prepare('delete from instance where instance_id = ?').run(id).changes,
        );
      }
      return purged;
    });
  }

  findSchedule(functionName: string): ScheduleStatus | undefined {
    const row = this.prepare('select * from schedule where function = ?').get(functionName);
    if (!row) return undefined;
    const [last, next, lastUpdated] = [row['last'], row['next'], row['last_updated']].map(String);
    return { last: last ?? '', next: next ?? '', lastUpdated: lastUpdated ?? '' };
  }

  saveSchedule(functionName: string, status: ScheduleStatus): void {
    const sql =
      'insert or replace into schedule (function, last, next, last_updated) values (?,?,?,?)';
    this.prepare(sql).run(functionName, status.last, status.next, status.lastUpdated);
  }

  #saveInstance(i: InstanceRecord): void {
    const values = [i.instanceId, i.executionId, i.name, i.version, i.status, i.input, i.output];
    this.prepare(UPSERT_INSTANCE).run(
      ...values,
      i.customStatus,
      i.createdAt,
      i.updatedAt,
      i.played,
    );
  }

  #saveHistory(instanceId: string, history: EpisodeCommit['history']): void {
    if (history.from === 0)
      this.prepare('delete from history where instance_id = ?').run(instanceId);
    const insert = this.prepare('insert into history (instance_id, seq, event) values (?, ?, ?)');
    for (const [index, event] of history.events.entries()) {
      insert.run(instanceId, history.from + index, JSON.stringify(event));
    }
  }

  #insertMessage(m: NewMessage): void {
    const sql =
      'insert into message (instance_id, execution_id, visible_at, event) values (?,?,?,?)';
    this.prepare(sql).run(m.instanceId, m.executionId, m.visibleAt, JSON.stringify(m.event));
  }

  #deleteMessages(ids: number[]): void {
    for (const id of ids) this.prepare('delete from message where id = ?').run(id);
  }

  #insertActivity(a: NewActivity): StoredActivity {
    const sql =
      'insert into activity (instance_id, execution_id, task_id, name, input) values (?,?,?,?,?)';
    const { lastInsertRowid } = this.prepare(sql).run(
      a.instanceId,
      a.executionId,
      a.taskId,
      a.name,
      a.input,
    );
    return { ...a, id: Number(lastInsertRowid) };
  }
}
