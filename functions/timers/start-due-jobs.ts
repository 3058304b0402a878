// The only timer of the tenant backup: every minute it turns due jobs into operations and starts what has
// no instance yet. It does no work itself, because timers are killed first (functions-runtime facts).
import { app, type InvocationContext, type Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { services } from '../services.ts';
import { runDueJobs } from './due-jobs.ts';

app.timer('startDueJobs', {
  schedule: '0 * * * * *',
  extraInputs: [df.input.durableClient()],
  handler: async (_timer: Timer, context: InvocationContext): Promise<void> => {
    await services().verifyRepository();
    const tick = await runDueJobs(services(), df.getClient(context));
    services().logger.info('due jobs checked', {
      added: tick.created,
      skipped: tick.passed,
      count: tick.started,
    });
  },
});
