import { emptyObject } from '../../json/plain-object.ts';
import type { RestoreStrategy } from './restore-strategy.ts';

/**
 * A user cannot be created without a password, and no password can be read back. A generated one
 * goes to the vault before the request; the user has to choose another at the next sign-in.
 * https://learn.microsoft.com/graph/api/user-post-users
 */
export const randomPassword: RestoreStrategy = {
  name: 'random-password',
  create: (creation, { objectId }) => ({
    ...creation,
    body: Object.assign(emptyObject(), creation.body, {
      passwordProfile: Object.assign(emptyObject(), { forceChangePasswordNextSignIn: true }),
    }),
    secret: `password:${objectId}`,
  }),
};
