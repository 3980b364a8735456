import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { ApiUser, Permission } from '../../console/api/permissions';
import type { Alerts } from '../alerts';

/**
 * `GET /ledgerway/alerts`: those that are not over, for who may read pipelines. `POST /ledgerway/alerts/RULE/acknowledge`:
 * who may operate pipelines takes one on. An alert is about several entities: who may see some of them only is refused.
 * @param authenticate refuses who has no token, and adds the user to the request
 */
export function alertRoutes(alerts: Alerts, authenticate: RequestHandler): Router {
  const router = Router();
  router.get('/ledgerway/alerts', authenticate, (request, response, next) => {
    if (!userWith('pipelines.read', request, response)) return;
    alerts.active().then((active) => response.json({ alerts: active }), next);
  });
  router.post('/ledgerway/alerts/:rule/acknowledge', authenticate, (request, response, next) => {
    const user = userWith('pipelines.operate', request, response);
    if (!user) return;
    const answer = (there: boolean) => response.status(there ? 204 : 404).end();
    alerts.acknowledge(request.params.rule!, user.name).then(answer, next);
  });
  return router;
}

function userWith(permission: Permission, request: Request, response: Response): ApiUser | undefined {
  const { user } = request as { user?: { console?: ApiUser } };
  const known = user?.console;
  if (known?.permissions.has(permission) && known.entities === undefined) return known;
  response.status(403).end();
  return undefined;
}
