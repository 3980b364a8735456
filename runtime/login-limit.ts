import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';

/** Failed logins a minute of one address. */
const FAILURES = 60;

/**
 * For `POST /auth/token`: Node-RED counts failures by user name only, and each check of a password takes a thread for a
 * while, whatever name was made up.
 */
export function loginLimit(perMinute = FAILURES): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    skipSuccessfulRequests: true,
    skip: ({ method, path }) => method !== 'POST' || !path.endsWith('/auth/token'),
    validate: false,
    message: { error: 'too_many_requests' },
  });
}
