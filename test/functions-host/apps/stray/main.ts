// Functions that harm their process from outside of their own promise.
import { app } from '@azure/functions';

app.http('rejects', {
  authLevel: 'anonymous',
  handler: () => {
    void Promise.reject(new Error('a promise nobody waits for'));
    return { body: 'fine' };
  },
});
app.http('throws', {
  authLevel: 'anonymous',
  handler: () => {
    setTimeout(() => {
      throw new Error('thrown in a timer');
    }, 5);
    return { body: 'fine' };
  },
});
app.http('exits', { authLevel: 'anonymous', handler: () => process.exit(0) });
