import { expect } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import type { HostUnderTest } from './host-under-test.ts';

// What an activity returns, and what its orchestrator is given.
const RESULTS: readonly [name: string, type: string, value: unknown][] = [
  ['undefined', 'null', null],
  ['null', 'null', null],
  ['true', 'boolean', true],
  ['false', 'boolean', false],
  ['zero', 'number', 0],
  ['float', 'number', 1.5e-7],
  ['empty', 'string', ''],
  ['text', 'string', 'abc'],
  ['numberText', 'string', '5'],
  ['jsonText', 'string', '{"a":1}'],
  ['unicode', 'string', 'žluťoučký 漢字 😀 \u0000 end'],
  ['array', 'object', [1, [2]]],
  ['object', 'object', { a: { b: null } }],
  ['date', 'string', '2026-01-02T03:04:05.678Z'],
];

async function output(host: HostUnderTest, orchestration: string, input: unknown) {
  const status = await host.run(orchestration, input);
  expect(status.runtimeStatus, String(status.output)).toBe('Completed');
  return status.output;
}

/** How values survive the ways between client, orchestrator and activity. */
export const durableValueCases: readonly ConformanceCase[] = [
  ...RESULTS.map(([name, type, value]) => ({
    name: `an activity that returns ${name} gives its orchestrator ${type} ${JSON.stringify(value)}`,
    run: async (host: HostUnderTest) => {
      expect(await output(host, 'activityValue', { name })).toEqual({ type, value });
    },
  })),
  {
    name: 'inputs of activities keep their type, except that a bare boolean becomes a string',
    run: async (host) => {
      const values = ['abc', '123', '', 5, { a: true }, [1], null, true, false];
      expect(await output(host, 'activityInput', { values })).toEqual([
        { type: 'string', value: 'abc' },
        { type: 'string', value: '123' },
        { type: 'string', value: '' },
        { type: 'number', value: 5 },
        { type: 'object', value: { a: true } },
        { type: 'object', value: [1] },
        { type: 'undefined', value: null },
        { type: 'string', value: 'True' },
        { type: 'string', value: 'False' },
        { type: 'undefined', value: null },
      ]);
    },
  },
  ...[0, false, '', 'text', '2026-01-02T03:04:05Z', [1, 'ž'], { a: { b: [null] } }].map(
    (value) => ({
      name: `an orchestration that returns ${JSON.stringify(value)} has that output`,
      run: async (host: HostUnderTest) => {
        expect(await output(host, 'returns', { value })).toEqual(value);
      },
    }),
  ),
  {
    name: 'an orchestration that returns nothing has the output null',
    run: async (host) => expect(await output(host, 'returnsNothing', {})).toBe(null),
  },
  ...[5, 'plain', '2026-01-02', [], { deep: { ž: [1.25] } }].map((input) => ({
    name: `the input ${JSON.stringify(input)} reaches the orchestrator and the status`,
    run: async (host: HostUnderTest) => {
      const status = await host.run('returnsInput', input);
      expect(status.output).toEqual({ input, type: typeof input });
      expect(status.input).toEqual(input);
    },
  })),
  {
    name: 'an instance started without input through the client has the empty string',
    run: async (host) => {
      const id = host.id('no-input');
      const response = await host.fetch(`/api/start/returnsInput/${id}`, { method: 'POST' });
      expect(response.status).toBe(202);
      expect((await host.finished(id)).output).toEqual({ input: '', type: 'string' });
    },
  },
];
