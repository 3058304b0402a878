// From a fault as data to what the pipeline does with the request.
import type { FaultDecision, SimulatorRequest } from '../types.ts';
import { bodyFaults } from './body-faults.ts';
import { errorReply, htmlReply, retryAfterHeader } from './fault-replies.ts';
import type { Fault, FaultKind } from './fault-schema.ts';

type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>;

type Deciders = {
  readonly [Kind in FaultKind]: (
    fault: FaultOf<Kind>,
    request: SimulatorRequest,
    now: number,
  ) => FaultDecision;
};

/** A hung answer is given up by every client before this. */
const LONG_MS = 600_000;

const wire = (fault: NonNullable<FaultDecision['wire']>): FaultDecision => ({ wire: fault });
const page = (fault: NonNullable<FaultDecision['page']>[number]): FaultDecision => ({
  page: [fault],
});

const deciders: Deciders = {
  status: (fault, _request, now) => {
    const { status, retryAfter, seconds = 1 } = fault;
    const headers = retryAfter ? retryAfterHeader(retryAfter, seconds, now) : {};
    return { reply: errorReply(status, fault, headers) };
  },
  throttle: (fault, _request, now) => {
    const headers = retryAfterHeader(fault.retryAfter, fault.seconds ?? 1, now);
    return { reply: errorReply(429, fault, headers) };
  },
  html: ({ status }) => ({ reply: htmlReply(status) }),
  redirect: ({ location }) => ({ reply: { status: 302, headers: { location } } }),
  responseLost: (fault) => ({ applyFirst: true, ...lostAnswer(fault) }),
  truncate: wire,
  reset: wire,
  hang: wire,
  delay: wire,
  slowDrip: wire,
  emptyPage: page,
  duplicateRows: page,
  conflictingRows: page,
  replayRound: page,
  removedBeforeAdded: page,
  skipRows: page,
  doubleRows: page,
  shortPage: page,
  omitRows: page,
  expiredDeltaToken: page,
  expiredPageToken: page,
  endlessRound: page,
  replaceValue: page,
  loseNextLink: page,
  replaceNextLink: page,
  missingValue: () => page({ kind: 'replaceValue', value: undefined }),
  nextLinkLoop: (_fault, { origin, url }) =>
    page({ kind: 'replaceNextLink', link: `${origin}${url}` }),
  replaceBody: (fault) => ({ rewrite: bodyFaults.replaceBody(fault) }),
  cutJson: (fault) => ({ rewrite: bodyFaults.cutJson(fault) }),
  brokenUtf8: () => ({ rewrite: bodyFaults.brokenUtf8() }),
  duplicateKeys: () => ({ rewrite: bodyFaults.duplicateKeys() }),
  oversizeObject: (fault) => ({ rewrite: bodyFaults.oversizeObject(fault) }),
  deepObject: (fault) => ({ rewrite: bodyFaults.deepObject(fault) }),
  exactNumbers: () => ({ rewrite: bodyFaults.exactNumbers() }),
  unknownProperties: () => ({ rewrite: bodyFaults.unknownProperties() }),
  dropProperty: (fault) => ({ rewrite: bodyFaults.dropProperty(fault) }),
  errorInBody: () => ({ rewrite: bodyFaults.errorInBody() }),
  nullRow: () => ({ rewrite: bodyFaults.nullRow() }),
};

/** What happens to `request` under this fault; `now` dates the Retry-After header. */
export function decisionFor(fault: Fault, request: SimulatorRequest, now: number): FaultDecision {
  const decide = deciders[fault.kind] as (
    fault: Fault,
    request: SimulatorRequest,
    now: number,
  ) => FaultDecision;
  return decide(fault, request, now);
}

function lostAnswer(fault: FaultOf<'responseLost'>): FaultDecision {
  const answers: Readonly<Record<typeof fault.how, FaultDecision>> = {
    reset: wire({ kind: 'reset', when: 'beforeHeaders' }),
    hang: wire({ kind: 'hang', milliseconds: fault.milliseconds ?? LONG_MS }),
    gatewayTimeout: { reply: errorReply(504) },
    serverError: { reply: errorReply(500) },
  };
  return answers[fault.how];
}
