import { createHash, timingSafeEqual } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Host, knowSecret, type Log } from '../engine';
import { countFlow } from './metrics/flow';
import { StateGauges } from './metrics/state';
import { readPulses } from './pulses';

/** The metrics of a runtime. */
export interface Metrics {
  registry: Registry;
  /** `GET /metrics`, in Prometheus' text format. */
  router: Router;
  end(): void;
}

/** The state is read at most so often, however many ask. */
const FRESH_MS = 5_000;

/**
 * Counts from now on, and answers `/metrics`: to who brings the token, or, without one, to this machine alone.
 * @param token LEDGERWAY_METRICS_TOKEN
 */
export function startMetrics(
  host: Host,
  log: Log,
  token: string | undefined = process.env.LEDGERWAY_METRICS_TOKEN || undefined,
): Metrics {
  knowSecret(token);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const stopCounting = countFlow(registry);
  const gauges = new StateGauges(registry);
  let reading: Promise<void> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  const read = async () => {
    gauges.set(host, await readPulses(host, log));
    readAt = performance.now();
  };
  const refresh = async () => {
    if (performance.now() - readAt < FRESH_MS) return;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    await reading;
  };
  const answer = async (request: Request, response: Response) => {
    if (!mayRead(request, token)) {
      response.status(token ? 401 : 403).end();
      return;
    }
    await refresh();
    response.type(registry.contentType).send(await registry.metrics());
  };
  const router = Router();
  router.get('/metrics', (request, response, next) => void answer(request, response).catch(next));
  return {
    registry,
    router,
    end: () => {
      stopCounting();
      registry.clear();
    },
  };
}

/** Behind a proxy everybody seems to be this machine: what a proxy sent on needs the token. */
function mayRead({ headers, socket }: Request, token: string | undefined): boolean {
  if (token) return sameToken(headers.authorization ?? '', `Bearer ${token}`);
  const forwarded = 'x-forwarded-for' in headers || 'forwarded' in headers;
  return !forwarded && /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? '');
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const sameToken = (given: string, wanted: string) => timingSafeEqual(digest(given), digest(wanted));
