// Schemas that several routes share; the names given by `meta` become components of the OpenAPI.
import { z } from 'zod';
import { logSources } from '../../shared/model/log-source.ts';
import { type Operation, operationKinds } from '../../shared/model/operation.ts';

const lower = (value: string): string => value.toLowerCase();

/** A GUID in any case, answered in lower case. */
export const guid = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'is not a GUID')
  .transform(lower)
  .meta({ description: 'GUID', example: '6c7e0f0a-6a3c-4d47-9d3c-0a4a2f1b2c3d' });

const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/;

/** RFC 3339 in UTC, ending in Z. */
export const time = z
  .string()
  .refine((text) => timePattern.test(text) && isRealTime(text), {
    error: 'is not a time such as 2026-11-24T09:30:00Z',
  })
  .transform((text) => new Date(text))
  .meta({ description: 'RFC 3339 time in UTC', example: '2026-11-24T09:30:00Z' });

/** Date accepts 31 February and moves it to March; such a time was a mistake. */
function isRealTime(text: string): boolean {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === text.slice(0, 19);
}

/** A time in an answer. */
export const timeText = z.iso.datetime().meta({ description: 'RFC 3339 time in UTC' });

/** Free text that is stored and shown to administrators. */
export const reason = z
  .string()
  .trim()
  .min(1, 'is empty')
  .max(500)
  .refine(isPlainText, { error: 'has control characters' });

export const label = z
  .string()
  .trim()
  .min(1, 'is empty')
  .max(200)
  .refine(isPlainText, { error: 'has control characters' });

/** PostgreSQL text holds no NUL, and lone surrogates are no text. */
export function isPlainText(value: string): boolean {
  return value.isWellFormed() && !/\p{Cc}/u.test(value);
}

/** Comma-separated words of a query parameter. */
export function listOf<Item extends z.ZodType<string, string>>(item: Item) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item).min(1).max(100));
}

/** Logs of a tenant, each once, in the order given. */
export const sourceList = z
  .array(z.enum(logSources))
  .min(1)
  .max(logSources.length)
  .refine((list) => new Set(list).size === list.length, { error: 'names a log twice' });

/** Parameters of every list. */
export const paging = {
  top: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'is not a number from 1 to 1000')
    .transform(Number)
    .refine((top) => top <= 1000, { error: 'is not a number from 1 to 1000' })
    .optional()
    .meta({ description: 'Largest number of items in a page, 1 to 1000; default 100' }),
  skipToken: z
    .string()
    .max(2000)
    .optional()
    .meta({ description: 'Position in the list, from nextLink only' }),
};

export const pageQuery = z.strictObject(paging);

/** `{value, nextLink?}` */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ value: z.array(item), nextLink: z.url().optional() });
}

export const errorBody = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      target: z.string().optional(),
      details: z
        .array(z.object({ code: z.string(), message: z.string(), target: z.string().optional() }))
        .optional(),
      innererror: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .meta({ id: 'Error' });

export const referenceBody = z
  .object({
    id: z.string(),
    type: z.string(),
    displayName: z.string().nullable(),
    userPrincipalName: z.string().optional(),
    appId: z.string().optional(),
    state: z.enum(['live', 'recycleBin', 'gone', 'unknown']),
    currentId: z.string().optional(),
  })
  .meta({ id: 'Reference' });

export const operationBody = z
  .object({
    id: z.string(),
    kind: z.enum(operationKinds),
    tenantId: z.string(),
    requestedBy: z.string(),
    trigger: z.enum(['schedule', 'api', 'system']),
    reason: z.string().optional(),
    status: z.enum([
      'notStarted',
      'running',
      'waiting',
      'paused',
      'canceling',
      'succeeded',
      'failed',
      'canceled',
    ]),
    result: z.enum(['complete', 'partial', 'nothingToDo']).optional(),
    phase: z.string(),
    progress: z.record(z.string(), z.object({ done: z.number(), total: z.number().optional() })),
    counts: z.object({
      done: z.number(),
      skipped: z.number(),
      conflict: z.number(),
      failed: z.number(),
      pending: z.number(),
    }),
    estimatedCompletionDateTime: timeText.optional(),
    waitingFor: z
      .object({ cause: z.string(), until: z.string().optional(), detail: z.string() })
      .optional(),
    warnings: z.array(z.string()),
    createdDateTime: timeText,
    lastActionDateTime: timeText,
    resourceLocation: z.string().optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'Operation' });

/** How an operation is shown. */
export function showOperation(operation: Operation): z.input<typeof operationBody> {
  return {
    id: operation.id,
    kind: operation.kind,
    tenantId: operation.tenantId,
    requestedBy: operation.requestedBy,
    trigger: operation.trigger,
    reason: operation.reason,
    status: operation.status,
    result: operation.result,
    phase: operation.phase,
    progress: { ...operation.progress },
    counts: operation.counts,
    estimatedCompletionDateTime: operation.estimatedCompletion?.toISOString(),
    waitingFor: operation.waitingFor,
    warnings: [...operation.warnings],
    createdDateTime: operation.createdAt.toISOString(),
    lastActionDateTime: operation.lastActionAt.toISOString(),
    resourceLocation: operation.resourceLocation,
    error: operation.error,
  };
}
