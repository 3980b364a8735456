import type { IncomingMessage, ServerResponse } from 'node:http';
import { FinanceError } from '../../errors';
import type { RedApi } from '../kit/red';

export type RequestHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** The paths of one HTTP application, so that none is taken twice and none outlives its node. */
const applications = new WeakMap<object, Map<string, RequestHandler>>();

function pathsOf({ httpNode }: RedApi): Map<string, RequestHandler> {
  const known = applications.get(httpNode);
  if (known) return known;
  const paths = new Map<string, RequestHandler>();
  applications.set(httpNode, paths);
  httpNode.use((req, res, next) => {
    const handler = paths.get(normal(new URL(req.url ?? '/', 'http://localhost').pathname));
    if (handler) handler(req, res);
    else next();
  });
  return paths;
}

const normal = (path: string): string => path.replace(/\/+$/, '') || '/';

/**
 * Answers a path with a handler.
 * @returns gives the path back
 * @throws CONFIG_INVALID where the path is none, or is taken
 */
export function takePath(RED: RedApi, path: string, handler: RequestHandler): () => void {
  if (!/^\/[!-~]*$/.test(path) || /[?#]/.test(path))
    throw new FinanceError('CONFIG_INVALID', { message: `"${path}" is not a path.` });
  const paths = pathsOf(RED);
  const key = normal(path);
  if (paths.has(key))
    throw new FinanceError('CONFIG_INVALID', { message: `Another webhook in has the path ${key} already.` });
  paths.set(key, handler);
  return () => {
    if (paths.get(key) === handler) paths.delete(key);
  };
}
