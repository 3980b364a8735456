import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { FinanceError } from '../../errors';

/** A counterparty that listens. */
export interface Running {
  /** e.g. `http://127.0.0.1:40123`, without a slash at the end. */
  url: string;
  port: number;
  /** Ends open connections and frees what the counterparty holds; its data file stays. */
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** An Express application that only answers to a loopback name: a web page elsewhere cannot steer it. */
export function loopbackApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use((req, res, next) => {
    if (LOOPBACK.has(req.hostname.replace(/^\[|\]$/g, ''))) return next();
    res.status(421).json({ error: { message: 'The sandbox answers on the loopback only.' } });
  });
  return app;
}

const answerError: ErrorRequestHandler = (error: { status?: number; message?: string }, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: { message: error.message ?? 'unexpected' } });
};

/**
 * Listens on the loopback.
 *
 * @param options.port 0 takes a free one
 * @param onClose runs after the last connection has ended
 * @throws FinanceError CONFIG_INVALID for an address that is not a loopback
 */
export async function listen(
  app: Express,
  options: { host?: string; port?: number },
  onClose: () => void | Promise<void> = () => {},
): Promise<Running> {
  const host = options.host ?? '127.0.0.1';
  if (!LOOPBACK.has(host))
    throw new FinanceError('CONFIG_INVALID', {
      message: `The sandbox binds the loopback only, not ${host}.`,
    });
  app.use((_req, res) => void res.status(404).json({ error: { message: 'There is nothing here.' } }));
  app.use(answerError);
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= closeServer(server).then(onClose));
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, close };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Lets only `Authorization: Bearer <key>` (or the key as Basic user name, as Stripe allows) through. */
export function bearer(key: string): RequestHandler {
  const basic = Buffer.from(`${key}:`).toString('base64');
  return (req, res, next) => {
    const given = req.headers.authorization ?? '';
    if (given === `Bearer ${key}` || given === `Basic ${basic}`) return next();
    res.status(401).json({ error: { message: 'The API key is not right.' } });
  };
}
