import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Router } from 'express';

/** Nothing inline, nothing from elsewhere, in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/**
 * The pages of the console, for `/console`: files whose names carry their hash stay in caches, every other address
 * is the page itself, which finds its way by it.
 * @param folder what Vite built
 */
export function consolePages(folder: string): Router {
  const router = express.Router();
  router.use((_request, response, next) => {
    response.set(HEADERS);
    next();
  });
  router.use(
    '/assets',
    express.static(join(folder, 'assets'), { immutable: true, maxAge: '365d', fallthrough: false }),
  );
  router.use(express.static(folder, { index: false, cacheControl: false }));
  router.get('*', (_request, response) => {
    const page = join(folder, 'index.html');
    response.set('cache-control', 'no-cache');
    if (existsSync(page)) response.sendFile(page);
    else response.status(404).type('text').send('The pages of the console are not built: npm run build');
  });
  return router;
}
