import type { SQLOutputValue } from 'node:sqlite';
import type { HistoryEvent } from '../durable/history.ts';
import type { InstanceRecord, RuntimeStatus, StoredActivity, StoredMessage } from './records.ts';

export type Row = Record<string, SQLOutputValue>;

function text(row: Row, column: string): string {
  return String(row[column]);
}

function optionalText(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

export function toInstance(row: Row): InstanceRecord {
  return {
    instanceId: text(row, 'instance_id'),
    executionId: text(row, 'execution_id'),
    name: text(row, 'name'),
    version: text(row, 'version'),
    status: text(row, 'status') as RuntimeStatus,
    input: optionalText(row, 'input'),
    output: optionalText(row, 'output'),
    customStatus: optionalText(row, 'custom_status'),
    createdAt: Number(row['created_at']),
    updatedAt: Number(row['updated_at']),
    played: Number(row['played']),
  };
}

export function toMessage(row: Row): StoredMessage {
  return {
    id: Number(row['id']),
    instanceId: text(row, 'instance_id'),
    executionId: optionalText(row, 'execution_id'),
    visibleAt: Number(row['visible_at']),
    event: JSON.parse(text(row, 'event')) as HistoryEvent,
  };
}

export function toActivity(row: Row): StoredActivity {
  return {
    id: Number(row['id']),
    instanceId: text(row, 'instance_id'),
    executionId: text(row, 'execution_id'),
    taskId: Number(row['task_id']),
    name: text(row, 'name'),
    input: optionalText(row, 'input'),
  };
}
