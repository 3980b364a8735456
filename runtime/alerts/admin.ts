import { type RequestHandler, Router } from 'express';
import type { Alerts } from '../alerts';

/**
 * `GET /ledgerway/alerts`: those that are not over. `POST /ledgerway/alerts/RULE/acknowledge`: whoever is logged in
 * takes one on. Both with Node-RED's login.
 * @param needsPermission Node-RED's own
 */
export function alertRoutes(alerts: Alerts, needsPermission: (name: string) => RequestHandler): Router {
  const router = Router();
  router.get('/ledgerway/alerts', needsPermission('alerts.read'), (_request, response, next) => {
    alerts.active().then((active) => response.json({ alerts: active }), next);
  });
  router.post(
    '/ledgerway/alerts/:rule/acknowledge',
    needsPermission('alerts.write'),
    (request, response, next) => {
      const { username = 'somebody' } = (request as { user?: { username?: string } }).user ?? {};
      alerts.acknowledge(request.params.rule!, username).then(() => response.status(204).end(), next);
    },
  );
  return router;
}
