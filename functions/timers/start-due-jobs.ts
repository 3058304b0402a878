// The only timer of the tenant backup: every minute it turns due jobs into operations and starts what has
// no instance yet. It does no work itself, because timers are killed first (functions-runtime facts).
import { app, type InvocationContext, type Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { runDueJobs } from '../durable/due-jobs.ts';
import { services } from '../services.ts';
import { restartStuckOperations } from './stuck-operations.ts';

app.timer('startDueJobs', {
  schedule: '0 * * * * *',
  extraInputs: [df.input.durableClient()],
  handler: async (_timer: Timer, context: InvocationContext): Promise<void> => {
    await services().verifyRepository();
    const client = df.getClient(context);
    // first, so that what it lets go is started in the same minute
    const restarted = await restartStuckOperations(services(), client);
    const tick = await runDueJobs(services(), client);
    services().logger.info('due jobs checked', {
      added: tick.created,
      skipped: tick.passed,
      count: tick.started,
      changed: restarted,
    });
  },
});
