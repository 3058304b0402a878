import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDurableNames } from '../../local/durable-names.ts';
import { root, sourceFiles } from './source-files.ts';

const functionFiles = (): Map<string, string> =>
  new Map(
    sourceFiles('functions').map(({ file }) => [file, readFileSync(path.join(root, file), 'utf8')]),
  );

describe('the steps of the orchestrations', () => {
  it('all exist, once, and are reached from main.ts', () => {
    expect(checkDurableNames(functionFiles())).toEqual([]);
  });

  it('would be noticed when misspelt, doubled or never loaded', () => {
    const main = "import './orchestrators/a.ts';\n";
    const orchestrator = [
      "import { read } from '../activities/read.ts';",
      "export const a = defineOrchestration('a', function* (context) {",
      '  yield* read(context, {});',
      "  yield context.df.callActivity('raed', {});",
      "  yield context.df.callSubOrchestrator('b', {});",
      '});',
    ].join('\n');
    const read = "export const read = defineActivity<In, Out<A, B>>('read', handler);";
    const files = new Map([
      ['functions/main.ts', main],
      ['functions/orchestrators/a.ts', orchestrator],
      ['functions/activities/read.ts', read],
      ['functions/activities/again.ts', "defineActivity('read', handler);"],
      ['functions/http/r.ts', "defineRoute({ name: 'Read', method: 'GET' }, handler);"],
      ['functions/timers/t.ts', "app.timer('t', {}); await client.startNew('aa', { instanceId });"],
    ]);
    expect(checkDurableNames(files)).toEqual([
      "functions/activities/again.ts: 'read' is defined twice",
      "functions/http/r.ts: 'Read' is defined twice",
      'functions/activities/again.ts is not loaded from functions/main.ts',
      'functions/http/r.ts is not loaded from functions/main.ts',
      'functions/timers/t.ts is not loaded from functions/main.ts',
      "functions/orchestrators/a.ts calls the activity 'raed', which nobody defines",
      "functions/orchestrators/a.ts calls the orchestration 'b', which nobody defines",
      "functions/timers/t.ts calls the orchestration 'aa', which nobody defines",
    ]);
  });
});
