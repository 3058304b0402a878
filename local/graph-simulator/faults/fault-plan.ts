// The fault plan: an ordered list of rules that every request is held against. Counters belong to
// the rules, so the same requests in the same order meet the same faults.

import { windowMinutes } from '../logs/log-window.ts';
import type { Random } from '../random.ts';
import { createRandom } from '../random.ts';
import type {
  Caller,
  Clock,
  DecideFault,
  FaultDecision,
  RouteMatch,
  SimulatorReply,
  SimulatorRequest,
} from '../types.ts';
import { decisionFor } from './fault-decision.ts';
import type { FaultRule, FaultRuleInput } from './fault-schema.ts';
import { readFaultRules } from './fault-schema.ts';

export type FaultReport = {
  readonly name: string;
  /** Requests the rule matched, and those it spoiled. */
  readonly matched: number;
  readonly fired: number;
  /** Of those it spoiled: not the ones whose text the fault found nothing to change in. */
  readonly effective: number;
};

export type FaultPlan = {
  readonly decide: DecideFault;
  /** Replaces the whole plan; counters start again. Throws on rules that cannot be read. */
  set(rules: readonly FaultRuleInput[]): void;
  /** Adds rules behind those there are. */
  add(...rules: readonly FaultRuleInput[]): void;
  remove(name: string): void;
  clear(): void;
  report(): readonly FaultReport[];
};

type ActiveRule = {
  readonly rule: FaultRule;
  readonly random: Random;
  readonly path: RegExp | undefined;
  readonly perUrl: Map<string, number>;
  matched: number;
  fired: number;
  idle: number;
};

export function createFaultPlan(clock: Clock): FaultPlan {
  let active: ActiveRule[] = [];
  return {
    decide: (request, route, caller) => {
      let firing: ActiveRule | undefined;
      for (const one of active) {
        if (!matches(one, request, route, caller)) continue;
        const number = countMatch(one, request);
        if (!firing && isDue(one, number)) firing = one;
      }
      if (!firing) return undefined;
      firing.fired += 1;
      const { name, fault } = firing.rule;
      return { ...watched(firing, decisionFor(fault, request, clock.now())), rule: name };
    },
    set: (rules) => {
      active = readFaultRules(rules).map(activate);
    },
    add: (...rules) => {
      active = [...active, ...readFaultRules(rules).map(activate)];
    },
    remove: (name) => {
      active = active.filter(({ rule }) => rule.name !== name);
    },
    clear: () => {
      active = [];
    },
    report: () =>
      active.map(({ rule, matched, fired, idle }) => {
        return { name: rule.name, matched, fired, effective: fired - idle };
      }),
  };
}

function activate(rule: FaultRule): ActiveRule {
  return {
    rule,
    random: createRandom(rule.when.seed ?? 1),
    path: rule.match.path === undefined ? undefined : pathPattern(rule.match.path),
    perUrl: new Map(),
    matched: 0,
    fired: 0,
    idle: 0,
  };
}

/** Counts the answers that a rewriting fault leaves as they were. */
function watched(one: ActiveRule, decision: FaultDecision): FaultDecision {
  const { rewrite } = decision;
  if (rewrite === undefined) return decision;
  return {
    ...decision,
    rewrite: (reply) => {
      const rewritten = rewrite(reply);
      if (textOf(rewritten) === textOf(reply)) one.idle += 1;
      return rewritten;
    },
  };
}

function textOf({ body, text }: SimulatorReply): string {
  if (text !== undefined) return text.content;
  return Buffer.isBuffer(body) ? body.toString('latin1') : JSON.stringify(body ?? null);
}

/** `*` stands for one segment, `**` for any rest. */
function pathPattern(path: string): RegExp {
  const parts = path.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '.*';
    return part === '*' ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 'i');
}

function matches(
  { rule: { match }, path }: ActiveRule,
  request: SimulatorRequest,
  route: RouteMatch | undefined,
  caller: Caller | undefined,
): boolean {
  if ((match.signIn ?? false) !== isSignIn(request.path)) {
    return false;
  }
  const place = request.batch === undefined ? 'notInner' : 'inner';
  return (
    isOneOf(request.method, match.method) &&
    isOneOf(route?.template, match.template) &&
    (path?.test(request.path) ?? true) &&
    isOneOf(caller?.tenantId, match.tenantId) &&
    isOneOf(caller?.appId, match.appId) &&
    (match.batch ?? place) === place &&
    isWider(request, match.windowWiderThanMinutes) &&
    Object.entries(match.query ?? {}).every(([name, wanted]) => {
      const value = request.query.get(name);
      return typeof wanted === 'boolean' ? (value !== undefined) === wanted : value === wanted;
    })
  );
}

/** Paths of Graph come without their version, so that none of them looks like one of these. */
function isSignIn(path: string): boolean {
  return /\/oauth2\/v2\.0\/token$|\/discovery\/v2\.0\/keys$|\/\.well-known\//.test(path);
}

/** Whether the request asks for a longer time of a log than this. */
function isWider(request: SimulatorRequest, minutes: number | undefined): boolean {
  return minutes === undefined || windowMinutes(request) > minutes;
}

function isOneOf(value: string | undefined, wanted: string | readonly string[] | undefined) {
  if (wanted === undefined) return true;
  return value !== undefined && (typeof wanted === 'string' ? [wanted] : wanted).includes(value);
}

/** Number of this request among those the rule matched. */
function countMatch(one: ActiveRule, request: SimulatorRequest): number {
  one.matched += 1;
  if (!one.rule.when.perUrl) return one.matched;
  const number = (one.perUrl.get(request.url) ?? 0) + 1;
  one.perUrl.set(request.url, number);
  return number;
}

function isDue(one: ActiveRule, number: number): boolean {
  const { nth, every, from, times, probability } = one.rule.when;
  const numbers = typeof nth === 'number' ? [nth] : nth;
  return (
    one.fired < (times ?? Number.POSITIVE_INFINITY) &&
    (numbers?.includes(number) ?? true) &&
    (every === undefined || number % every === 0) &&
    number >= (from ?? 1) &&
    (probability === undefined || one.random.next() < probability)
  );
}
