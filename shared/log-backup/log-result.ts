import type { LogSource } from '../model/log-source.ts';

export interface LogResult {
  /** Undefined: neither, such as a provisioning that was skipped. */
  readonly result?: 'success' | 'failure';
  readonly code?: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * How the act that a record tells of ended.
 * - Sign-ins: `status.errorCode`, 0 for success
 *   (https://learn.microsoft.com/graph/api/resources/signinstatus).
 * - Directory audits: `result`, of which `timeout` is a failure too; the code is `resultReason`
 *   (https://learn.microsoft.com/graph/api/resources/directoryaudit).
 * - Provisioning: `provisioningStatusInfo.status` and its `errorInformation.errorCode`
 *   (https://learn.microsoft.com/graph/api/resources/provisioningobjectsummary).
 */
export function resultOf(source: LogSource, line: Buffer): LogResult {
  const record = inside(JSON.parse(line.toString('utf8')));
  if (source === 'directoryAudits') return auditResult(record);
  if (source === 'provisioning') return provisioningResult(record);
  const code = record && inside(record['status'])?.['errorCode'];
  if (typeof code !== 'number' && typeof code !== 'string') return {};
  return { result: Number(code) === 0 ? 'success' : 'failure', code: String(code) };
}

function auditResult(record: Json | undefined): LogResult {
  const [result, reason] = [record?.['result'], record?.['resultReason']];
  const code = typeof reason === 'string' && reason !== '' ? { code: reason } : {};
  if (result === 'success') return { result, ...code };
  return result === 'failure' || result === 'timeout' ? { result: 'failure', ...code } : code;
}

function provisioningResult(record: Json | undefined): LogResult {
  const info = record && inside(record['provisioningStatusInfo']);
  const code = info && inside(info['errorInformation'])?.['errorCode'];
  const ended = info?.['status'];
  return {
    ...(ended === 'success' || ended === 'failure' ? { result: ended } : {}),
    ...(typeof code === 'string' ? { code } : {}),
  };
}

function inside(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null ? (value as Json) : undefined;
}
