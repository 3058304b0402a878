import { clientCases } from './client-cases.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { durableFamilyCases } from './durable-family-cases.ts';
import { durableStepCases } from './durable-step-cases.ts';
import { durableValueCases } from './durable-value-cases.ts';
import { durableWaitingCases } from './durable-waiting-cases.ts';
import { historyCases } from './history-cases.ts';
import { httpAnswerCases } from './http-answer-cases.ts';
import { httpRequestCases } from './http-request-cases.ts';
import { httpRouteCases } from './http-route-cases.ts';
import { managementCases } from './management-cases.ts';
import { startCases } from './start-cases.ts';
import { timerCases } from './timer-cases.ts';

/** The whole suite, by subject. */
export const conformanceCases: Readonly<Record<string, readonly ConformanceCase[]>> = {
  'HTTP requests': httpRequestCases,
  'HTTP routes': httpRouteCases,
  'HTTP answers': httpAnswerCases,
  'timer triggers': timerCases,
  'durable steps': durableStepCases,
  'durable values': durableValueCases,
  'durable waiting': durableWaitingCases,
  'durable families': durableFamilyCases,
  'durable starts': startCases,
  'durable HTTP API': managementCases,
  'histories, lists and purges': historyCases,
  'durable client': clientCases,
};
