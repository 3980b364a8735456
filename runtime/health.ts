import { type Response, Router } from 'express';
import type { Host } from '../engine';

/** `/healthz`: the process answers. `/readyz`: its stores answer and intake is open. */
export function healthRoutes(host: Host): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', (_request, response) => void ready(host, response));
  return router;
}

async function ready(host: Host, response: Response): Promise<void> {
  const stores: Record<string, { open: number } | { code: string }> = {};
  for (const name of host.storeNames()) {
    try {
      stores[name] = await host.store(name).sweep();
    } catch (error) {
      stores[name] = { code: String((error as { code?: string }).code ?? 'STORE_UNAVAILABLE') };
    }
  }
  const ok = !host.paused && Object.values(stores).every((store) => 'open' in store);
  response
    .status(ok ? 200 : 503)
    .json({ status: ok ? 'ready' : host.paused ? 'paused' : 'unavailable', stores });
}
