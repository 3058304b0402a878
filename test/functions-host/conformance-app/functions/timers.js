import { app } from '@azure/functions';

const runs = new Map();

function record(name) {
  return (timer, context) => {
    const list = runs.get(name) ?? [];
    list.push({ at: new Date().toISOString(), timer, invocationId: context.invocationId });
    runs.set(name, list.slice(-50));
  };
}

app.timer('everySecond', { schedule: '%CONFORMANCE_SCHEDULE%', handler: record('everySecond') });
app.timer('onceAYear', { schedule: '0 0 0 1 1 *', handler: record('onceAYear') });
app.timer('disabledTimer', { schedule: '* * * * * *', handler: record('disabledTimer') });
app.timer('throwingTimer', {
  schedule: '* * * * * *',
  handler: (timer, context) => {
    record('throwingTimer')(timer, context);
    throw new Error('a timer that fails');
  },
});

app.http('timerRuns', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'timers/{name}/runs',
  handler: (request) => ({ jsonBody: runs.get(request.params.name) ?? [] }),
});
