// Reads the parts of a request: version, parameters, body. Everything that is not known is refused.
import type { HttpRequest } from '@azure/functions';
import type { z } from 'zod';
import { BackupError, isBackupError } from '../../shared/errors/backup-error.ts';
import { isJsonObject, JsonNumber, type JsonValue } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import { emptyObject } from '../../shared/json/plain-object.ts';
import { InvalidRequest, type Problem } from './error-reply.ts';

export const apiVersion = '2026-11-01';
const MAX_BODY = 1024 * 1024;
const MAX_DEPTH = 32;
const guidParameter = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Throws `missingApiVersion` or `unsupportedApiVersion`. */
export function checkApiVersion(url: URL): void {
  const versions = url.searchParams.getAll('api-version');
  if (versions.length === 0 || versions[0] === '') {
    throw new BackupError('missingApiVersion', 'the parameter api-version is missing');
  }
  if (versions.length > 1 || versions[0] !== apiVersion) {
    throw new BackupError(
      'unsupportedApiVersion',
      `the only supported api-version is ${apiVersion}`,
    );
  }
}

/** Query parameters besides api-version; a repeated one is refused. */
export function queryOf(url: URL): Record<string, string> {
  const query: [string, string][] = [];
  const seen = new Set<string>();
  for (const [name, value] of url.searchParams) {
    if (seen.has(name)) throw invalid('is given more than once', shown(name));
    seen.add(name);
    if (name !== 'api-version') query.push([name, value]);
  }
  return Object.fromEntries(query);
}

/** A schema over the inputs; throws InvalidRequest with every problem. */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [first, ...rest] = result.error.issues.flatMap((issue) => problemsOf(issue, where));
  if (first === undefined) throw new TypeError('a schema failed without an issue');
  throw new InvalidRequest([first, ...rest.slice(0, 19)]);
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, where: string): Problem[] {
  const target = targetOf(issue.path, where);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'unknownParameter' as const,
      message: 'is not a parameter of this request',
      target: targetOf([...issue.path, key], where),
    }));
  }
  const code = issue.code === 'custom' ? codeOf(issue.params?.['code']) : 'invalidParameter';
  return [{ code, message: lowerFirst(issue.message), target }];
}

function codeOf(code: unknown): Problem['code'] {
  return code === 'invalidSelection' || code === 'ambiguousSelection' ? code : 'invalidParameter';
}

/** Names come from the caller: bounded, and without anything but plain characters. */
function targetOf(path: readonly PropertyKey[], where: string): string {
  const names = path.map((part) => shown(String(part)));
  return names.length === 0 ? where : names.join('.');
}

function shown(name: string): string {
  return name.replaceAll(/[^\w.$-]/g, '?').slice(0, 60);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

export function invalid(message: string, target: string): InvalidRequest {
  return new InvalidRequest([{ code: 'invalidParameter', message, target }]);
}

/** The tenant id of the path in lower case; a malformed one is 400, as it names no tenant at all. */
export function tenantIdOf(params: Readonly<Record<string, string>>): string {
  const tenantId = params['tenantId'] ?? '';
  if (!guidParameter.test(tenantId)) throw invalid('is not a GUID', 'tenantId');
  return tenantId.toLowerCase();
}

/** The JSON body, or undefined when there is none; 413, 415 or 400 otherwise. */
export async function bodyOf(
  request: HttpRequest,
  maxBytes: number = MAX_BODY,
): Promise<JsonValue | undefined> {
  const announced = Number(request.headers.get('content-length') ?? '0');
  if (announced > maxBytes) throw tooLarge(maxBytes);
  const bytes = Buffer.from(await request.arrayBuffer());
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  if (bytes.length === 0) return undefined;
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/(merge-patch\+)?json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type)) {
    throw new BackupError('unsupportedMediaType', 'the body is not application/json');
  }
  try {
    return plainNumbers(parseJson(bytes, { depth: MAX_DEPTH }));
  } catch (error) {
    if (!isBackupError(error, 'graphBadAnswer')) throw error;
    throw invalid(problemOfJson(error.details['defect']), 'body');
  }
}

/** 0.50 and 1.0 keep their text in what is backed up; in a request they are the numbers 0.5 and 1. */
function plainNumbers(value: JsonValue): JsonValue {
  if (value instanceof JsonNumber) return Number(value.source);
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (!isJsonObject(value)) return value;
  const plain = emptyObject();
  for (const [name, member] of Object.entries(value)) plain[name] = plainNumbers(member);
  return plain;
}

function problemOfJson(defect: unknown): string {
  if (defect === 'duplicateKey') return 'repeats a name within one object';
  return defect === 'depth' ? 'is nested too deeply' : 'is not valid JSON in UTF-8';
}

function tooLarge(maxBytes: number): BackupError {
  return new BackupError('payloadTooLarge', `the body is larger than ${maxBytes} bytes`);
}
