import { type Response, Router } from 'express';
import type { Host } from '../engine';
import { degradedTargets } from './degradation';

/**
 * `/healthz`: the process answers. `/readyz`: its stores can be written and intake is open; a target that is down or
 * paused is named, and does not count: what is for it waits in the store.
 */
export function healthRoutes(host: Host): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', (_request, response, next) => void ready(host, response).catch(next));
  return router;
}

async function ready(host: Host, response: Response): Promise<void> {
  const stores: Record<string, { open: number } | { code: string }> = {};
  const targets = host.targets.list();
  for (const name of host.storeNames()) {
    try {
      stores[name] = await host.store(name).sweep();
      for (const { name: target, paused } of await host.store(name).targets())
        if (paused === 1) targets[target] = 'degraded';
    } catch (error) {
      stores[name] = { code: String((error as { code?: string }).code ?? 'STORE_UNAVAILABLE') };
    }
  }
  const ok = !host.paused && Object.values(stores).every((store) => 'open' in store);
  response.status(ok ? 200 : 503).json({
    status: ok ? 'ready' : host.paused ? 'paused' : 'unavailable',
    stores,
    targets,
    degraded: degradedTargets(targets),
    ...(host.redis && { redis: host.redis }),
  });
}
