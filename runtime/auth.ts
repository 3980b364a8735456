import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import type { RuntimeConfig } from './config';

const ITS_PERMISSIONS = '*';

/**
 * Node-RED's `adminAuth` for the one login of the configuration. There is no start without a login; the password
 * itself is not kept, only its scrypt hash.
 */
export function adminAuth({ user, password }: RuntimeConfig['login']): object {
  const salt = randomBytes(16);
  const expected = scryptSync(password, salt, 32);
  const profile = { username: user, permissions: ITS_PERMISSIONS };
  return {
    type: 'credentials',
    users: async (name: string) => (name === user ? profile : null),
    authenticate: async (name: string, given: string) => {
      const same = timingSafeEqual(scryptSync(String(given), salt, 32), expected);
      return same && name === user ? profile : null;
    },
    default: async () => null,
  };
}
