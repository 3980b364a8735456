import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { FinanceError } from '../../errors';

/** Cursors of another process are made with another key: after a restart a list begins anew. */
const KEY = randomBytes(32);
const BYTES = 12;

const sign = (text: string) => createHmac('sha256', KEY).update(text).digest().subarray(0, BYTES);

/**
 * An opaque cursor: where the page ended, and of which list (route, filters, order) it is one.
 * @param place JSON
 */
export function cursorOf(list: string, place: unknown): string | null {
  if (place === undefined) return null;
  const text = JSON.stringify(place);
  return `${Buffer.from(text).toString('base64url')}.${sign(`${list} ${text}`).toString('base64url')}`;
}

/** @throws API_INVALID where the cursor is not one of this list */
export function placeOf<Place>(list: string, cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const [body = '', mark = ''] = cursor.split('.');
  const text = Buffer.from(body, 'base64url').toString('utf8');
  const given = Buffer.from(mark, 'base64url');
  if (given.length !== BYTES || !timingSafeEqual(given, sign(`${list} ${text}`)))
    throw new FinanceError('API_INVALID', { message: 'The cursor is not one of this list.' });
  return JSON.parse(text) as Place;
}
