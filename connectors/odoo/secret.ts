import { readFileSync, statSync } from 'node:fs';
import { FinanceError } from '../../errors';

/**
 * Where the secret of a connection comes from, as a function that is asked at each call, so that a new key is taken
 * without a restart: `file:/run/secrets/odoo` follows the file, `env:NAME` the environment, all else is the secret.
 * A file that is being rewritten (empty, or gone for a moment) leaves the last secret in use.
 * @throws FinanceError CONFIG_SECRET_MISSING, by the function, where there never was one
 */
export function secretSource(configured: string): () => string {
  const [, scheme, place = ''] = /^(file|env):(.+)$/s.exec(configured) ?? [];
  if (scheme === 'file') return fileSecret(place.trim());
  if (scheme === 'env') return () => process.env[place.trim()] ?? '';
  return () => configured;
}

function fileSecret(file: string): () => string {
  let known = { secret: '', stamp: '' };
  return () => {
    try {
      const { mtimeMs, size, ino } = statSync(file);
      const stamp = `${ino} ${mtimeMs} ${size}`;
      if (stamp !== known.stamp) {
        const secret = readFileSync(file, 'utf8').trim();
        if (secret) known = { secret, stamp };
      }
    } catch (cause) {
      if (!known.secret)
        throw new FinanceError('CONFIG_SECRET_MISSING', {
          message: `The file ${file} with the API key cannot be read.`,
          cause,
        });
    }
    return known.secret;
  };
}
