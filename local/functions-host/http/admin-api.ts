import type { TimerFunctions } from '../timers/timer-functions.ts';
import type { RegisteredFunction } from '../worker/rpc.ts';
import { type HostRequest, type HostResponse, jsonResponse, NOT_FOUND } from './exchange.ts';

/**
 * The part of the host's administration API that people use by hand: run a timer function now
 * (https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http), see the
 * state of the host and the list of functions.
 */
export function handleAdmin(
  request: HostRequest,
  route: string[],
  host: { functions: RegisteredFunction[]; timers: TimerFunctions },
): HostResponse {
  const [area, name, ...rest] = route;
  if (rest.length > 0) return NOT_FOUND;
  if (area === 'host' && name === 'status' && request.method === 'GET') {
    return jsonResponse(200, { state: 'Running', version: '4' });
  }
  if (area !== 'functions') return NOT_FOUND;
  if (!name && request.method === 'GET') {
    return jsonResponse(
      200,
      host.functions.map((fn) => ({ name: fn.name, trigger: fn.trigger.type })),
    );
  }
  if (!name || request.method !== 'POST') return NOT_FOUND;
  return { status: host.timers.runNow(name) ? 202 : 404 };
}
