import { emptyObject } from '../../json/plain-object.ts';
import type { RestoreStrategy } from './restore-strategy.ts';

/** An account is created disabled and switched on when everything it hangs on is back. */
export const enabledLast: RestoreStrategy = {
  name: 'enabled-last',
  create: (creation) => {
    const wanted = creation.body['accountEnabled'];
    const body = Object.assign(emptyObject(), creation.body, { accountEnabled: false });
    if (wanted !== true) return { ...creation, body };
    const finish = Object.assign(emptyObject(), creation.finish, { accountEnabled: true });
    return { ...creation, body, finish };
  },
};
