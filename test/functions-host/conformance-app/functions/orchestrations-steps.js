// Sequences, fan-outs, failures, retries and values.
import * as df from 'durable-functions';

function orchestration(name, body) {
  df.app.orchestration(name, body);
}

/** An orchestrator that ends in its first episode. */
function withoutSteps(body) {
  return function* (context) {
    yield* [];
    return body(context);
  };
}

orchestration(
  'returnsInput',
  withoutSteps((context) => ({
    input: context.df.getInput() ?? null,
    type: typeof context.df.getInput(),
  })),
);
orchestration('sequence', function* (context) {
  const results = [];
  for (const text of ['a', 'b', 'c']) results.push(yield context.df.callActivity('echo', text));
  return results;
});
orchestration('longSequence', function* (context) {
  let sum = 0;
  for (let n = 0; n < context.df.getInput().steps; n++) {
    sum += yield context.df.callActivity('double', n);
  }
  return sum;
});
orchestration('fanOut', function* (context) {
  const { width } = context.df.getInput();
  const numbers = Array.from({ length: width }, (_, index) => index);
  return yield context.df.Task.all(numbers.map((n) => context.df.callActivity('double', n)));
});
orchestration('fanOutOfDifferentSpeed', function* (context) {
  const waits = [60, 1, 30];
  return yield context.df.Task.all(
    waits.map((ms) => context.df.callActivity('slowly', { ms, value: ms })),
  );
});
orchestration('emptyFanOut', function* (context) {
  return yield context.df.Task.all([]);
});
orchestration('firstWins', function* (context) {
  const quick = context.df.callActivity('slowly', { ms: 1, value: 'quick' });
  const slow = context.df.callActivity('slowly', { ms: 600, value: 'slow' });
  const winner = yield context.df.Task.any([slow, quick]);
  return winner === quick ? winner.result : 'the slow one';
});
orchestration('catches', function* (context) {
  try {
    yield context.df.callActivity('fails', { message: 'no luck' });
    return 'not reached';
  } catch (error) {
    const after = yield context.df.callActivity('echo', 'went on');
    return { message: error.message, after };
  }
});
orchestration('doesNotCatch', function* (context) {
  yield context.df.callActivity('fails', { message: 'no luck' });
});
orchestration(
  'throwsItself',
  withoutSteps(() => {
    throw new Error('my own mistake');
  }),
);
orchestration('throwsAfterStep', function* (context) {
  yield context.df.callActivity('echo', 1);
  throw new Error('later mistake');
});
orchestration('oneOfAllFails', function* (context) {
  try {
    yield context.df.Task.all([
      context.df.callActivity('echo', 1),
      context.df.callActivity('fails', { message: 'one of all' }),
      context.df.callActivity('echo', 3),
    ]);
    return 'not reached';
  } catch (error) {
    return { caught: String(error.message).includes('one of all') };
  }
});
orchestration('retriesUntilSuccess', function* (context) {
  const options = new df.RetryOptions(20, 5);
  const { key, times } = context.df.getInput();
  return yield context.df.callActivityWithRetry('failsTimes', options, { key, times });
});
orchestration('retriesInVain', function* (context) {
  const options = new df.RetryOptions(20, 3);
  const { key } = context.df.getInput();
  try {
    yield context.df.callActivityWithRetry('failsTimes', options, { key, times: 99 });
    return 'not reached';
  } catch (error) {
    return String(error.message).split('\n')[0];
  }
});
orchestration('retriesWithBackoff', function* (context) {
  const options = new df.RetryOptions(50, 3);
  options.backoffCoefficient = 20;
  const { key } = context.df.getInput();
  const begun = context.df.currentUtcDateTime.getTime();
  const attempts = yield context.df.callActivityWithRetry('failsTimes', options, { key, times: 2 });
  return { attempts, ms: context.df.currentUtcDateTime.getTime() - begun };
});
orchestration('activityValue', function* (context) {
  const value = yield context.df.callActivity('valueOf', { name: context.df.getInput().name });
  return { type: value === null ? 'null' : typeof value, value: value ?? null };
});
orchestration('activityInput', function* (context) {
  const { values } = context.df.getInput();
  const seen = [];
  for (const value of values) seen.push(yield context.df.callActivity('describe', value));
  seen.push(yield context.df.callActivity('describe', undefined));
  return seen;
});
orchestration(
  'returns',
  withoutSteps((context) => context.df.getInput().value),
);
orchestration(
  'returnsNothing',
  withoutSteps(() => undefined),
);
orchestration('unknownActivity', function* (context) {
  yield context.df.callActivity('noSuchActivity', 1);
  return 'not reached';
});
orchestration('longResult', function* (context) {
  const text = yield context.df.callActivity('longText', context.df.getInput());
  return text.length;
});
orchestration('textFailure', function* (context) {
  try {
    yield context.df.callActivity('failsWithText', {});
    return 'not reached';
  } catch (error) {
    return String(error.message).split('\n')[0].trim();
  }
});
orchestration(
  'endsWithText',
  withoutSteps(() => {
    throw 'only text';
  }),
);
orchestration('counts', function* (context) {
  const { key, steps } = context.df.getInput();
  for (let n = 0; n < steps; n++) yield context.df.callActivity('count', { key });
  return steps;
});
orchestration('yieldsANumber', function* () {
  yield 5;
});
