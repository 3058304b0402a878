// Timers, events, children, generations, custom status.
import * as df from 'durable-functions';

function orchestration(name, body) {
  df.app.orchestration(name, body);
}

function later(context, ms) {
  return new Date(context.df.currentUtcDateTime.getTime() + ms);
}

orchestration('waitsFor', function* (context) {
  const begun = context.df.currentUtcDateTime.getTime();
  yield context.df.createTimer(later(context, context.df.getInput().ms));
  return { ms: context.df.currentUtcDateTime.getTime() - begun };
});
orchestration('waitsForEvent', function* (context) {
  context.df.setCustomStatus({ waiting: true });
  return { event: yield context.df.waitForExternalEvent('go') };
});
orchestration('waitsForTwoKinds', function* (context) {
  const [first, second] = yield context.df.Task.all([
    context.df.waitForExternalEvent('first'),
    context.df.waitForExternalEvent('second'),
  ]);
  return { first, second };
});
orchestration('waitsThreeTimes', function* (context) {
  const seen = [];
  for (let n = 0; n < 3; n++) seen.push(yield context.df.waitForExternalEvent('go'));
  return seen;
});
orchestration('waitsTwiceAtOnce', function* (context) {
  context.df.setCustomStatus({ waiting: true });
  const older = context.df.waitForExternalEvent('go');
  const newer = context.df.waitForExternalEvent('go');
  yield context.df.Task.all([older, newer]);
  return { older: older.result, newer: newer.result };
});
orchestration('eventAgainstTimer', function* (context) {
  const timer = context.df.createTimer(later(context, context.df.getInput().ms));
  const event = context.df.waitForExternalEvent('go');
  const winner = yield context.df.Task.any([event, timer]);
  if (winner === timer) return 'timer';
  timer.cancel();
  return { event: event.result };
});
orchestration('timerNotCancelled', function* (context) {
  context.df.createTimer(later(context, 100));
  const long = context.df.createTimer(later(context, context.df.getInput().ms));
  const quick = context.df.callActivity('echo', 'x');
  yield context.df.Task.any([long, quick]);
  return 'done';
});
orchestration('readsClock', function* (context) {
  const first = context.df.currentUtcDateTime.toISOString();
  const guids = [context.df.newGuid('a'), context.df.newGuid('a')];
  yield context.df.callActivity('echo', 1);
  yield context.df.callActivity('echo', 2);
  return { first, guids, id: context.df.instanceId };
});
orchestration('child', function* (context) {
  const doubled = yield context.df.callActivity('double', context.df.getInput().n);
  return { doubled, id: context.df.instanceId, parent: context.df.parentInstanceId ?? null };
});
orchestration('failingChild', function* (context) {
  yield context.df.callActivity('echo', 1);
  throw new Error(`child of ${context.df.parentInstanceId}`);
});
orchestration('parent', function* (context) {
  const childId = `${context.df.instanceId}-child`;
  return yield context.df.callSubOrchestrator('child', { n: 21 }, childId);
});
orchestration('parentOfUnnamed', function* (context) {
  return yield context.df.callSubOrchestrator('child', { n: 2 });
});
orchestration('parentOfMany', function* (context) {
  const numbers = Array.from({ length: context.df.getInput().width }, (_, index) => index);
  const children = yield context.df.Task.all(
    numbers.map((n) => context.df.callSubOrchestrator('child', { n })),
  );
  return children.map(({ doubled }) => doubled);
});
orchestration('parentOfFailing', function* (context) {
  try {
    yield context.df.callSubOrchestrator('failingChild', null, `${context.df.instanceId}-child`);
    return 'not reached';
  } catch (error) {
    return String(error.message).split('\n')[0].trim();
  }
});
orchestration('parentOfWaiting', function* (context) {
  const childId = `${context.df.instanceId}-child`;
  return yield context.df.callSubOrchestrator('waitsForEvent', null, childId);
});
orchestration('parentOfUnknown', function* (context) {
  return yield context.df.callSubOrchestrator('noSuchOrchestrator', 1);
});
orchestration('generations', function* (context) {
  const { left, sum } = context.df.getInput();
  const doubled = yield context.df.callActivity('double', left);
  context.df.setCustomStatus({ left });
  if (left === 0) return sum;
  context.df.continueAsNew({ left: left - 1, sum: sum + doubled });
  return undefined;
});
orchestration('collects', function* (context) {
  const { seen, wanted } = context.df.getInput();
  const event = yield context.df.waitForExternalEvent('item');
  const all = [...seen, event];
  if (all.length === wanted) return all;
  context.df.continueAsNew({ seen: all, wanted });
  return undefined;
});
orchestration('showsStatus', function* (context) {
  context.df.setCustomStatus({ phase: 'ž', done: 0 });
  yield context.df.waitForExternalEvent('go');
  context.df.setCustomStatus(['second']);
  yield context.df.waitForExternalEvent('go');
  return 'shown';
});
orchestration('hugeStatus', function* (context) {
  context.df.setCustomStatus('x'.repeat(context.df.getInput().length));
  yield context.df.callActivity('echo', 1);
  return 'stored';
});
orchestration('suspendable', function* (context) {
  const { key } = context.df.getInput();
  const event = yield context.df.waitForExternalEvent('go');
  yield context.df.callActivity('count', { key });
  return event;
});
orchestration('slowStep', function* (context) {
  return yield context.df.callActivity('slowly', context.df.getInput());
});
orchestration('everything', function* (context) {
  const result = [];
  result.push(yield context.df.callActivity('echo', 'A'));
  yield context.df.createTimer(later(context, 20));
  try {
    yield context.df.callActivity('fails', { message: 'kaboom' });
  } catch {
    result.push('caught');
  }
  result.push((yield context.df.callSubOrchestrator('child', { n: 4 })).doubled);
  result.push(yield context.df.waitForExternalEvent('ev'));
  return result;
});
