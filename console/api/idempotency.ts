import type { Request } from 'express';
import { sha256, stableJson } from '../../engine';
import { FinanceError, isFinanceError } from '../../errors';
import { failureOf } from './failure';
import { Answer, type Call, type Route } from './route';

const KEY = /^[\x21-\x7e]{8,200}$/;

/**
 * Does a write once, however often it is sent: the same key and request give the same answer. What failed for the
 * moment may be tried again under its key; what was refused for good is refused again.
 * @throws API_INVALID without a key, API_KEY_REUSED, API_IN_PROGRESS
 */
export async function once(request: Request, route: Route, call: Call): Promise<Answer> {
  const given = request.headers['idempotency-key'];
  if (typeof given !== 'string' || !KEY.test(given))
    throw new FinanceError('API_INVALID', {
      message: 'A write wants the header Idempotency-Key, of 8 to 200 visible characters.',
    });
  // A key is its user's own; another one's of the same name is another key.
  const key = sha256(stableJson([call.user.name, given]));
  const requestHash = sha256(stableJson([route.method, request.path, call.query, call.body]));
  const before = await call.store.beginWrite({ key, requestHash });
  if (before) return new Answer(before.status, JSON.parse(before.response));
  try {
    const result = await route.handle(call);
    const answer = result instanceof Answer ? result : new Answer(route.status ?? 200, result ?? {});
    await call.store.endWrite({ key, status: answer.status, response: JSON.stringify(answer.kept) });
    return answer;
  } catch (error) {
    const { status, body } = failureOf(error);
    if (status >= 500 || !isFinanceError(error)) await call.store.dropWrite({ key });
    else await call.store.endWrite({ key, status, response: JSON.stringify(body) });
    throw error;
  }
}
