import type { RpcTypedData } from '../worker/rpc.ts';

/**
 * The trigger value of an activity (V1-V3): text as it is, everything else as .NET prints it, so
 * that a bare boolean arrives as the text "True".
 * @param input JSON text of the action's input
 */
export function activityInput(input: string | null): RpcTypedData | null {
  if (input === null) return null;
  const value: unknown = JSON.parse(input);
  if (value === null) return null;
  if (typeof value === 'string') return { string: value };
  if (typeof value === 'boolean') return { string: value ? 'True' : 'False' };
  return { string: input };
}

/** JSON text of what an activity returned (V4); null for nothing. */
export function activityResult(value: RpcTypedData | null | undefined): string | null {
  if (!value) return null;
  if (value.string !== undefined) return JSON.stringify(value.string);
  if (value.json !== undefined) return value.json;
  if (value.bytes !== undefined) {
    return JSON.stringify(Buffer.from(value.bytes).toString('base64'));
  }
  const number = value.int ?? value.double;
  return number === undefined ? null : JSON.stringify(number);
}
