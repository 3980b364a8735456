import { sha256 } from '../../engine';
import { FinanceError } from '../../errors';

/**
 * A cursor is where a page ended, and a mark of the list that it is of. It holds no secret and opens nothing: every
 * query keeps to what its user may see. So any runtime on the store takes the cursor of any other.
 */
const markOf = (list: string, text: string) => sha256(`${list}\n${text}`).slice(0, 16);

/** @param list its route, filters and order */
export function cursorOf(list: string, place: number | [number, string] | undefined): string | null {
  if (place === undefined) return null;
  const text = JSON.stringify(place);
  return `${Buffer.from(text).toString('base64url')}.${markOf(list, text)}`;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value);
const isPairOf =
  (isFirst: (value: unknown) => boolean) =>
  (value: unknown): value is [number, string] =>
    Array.isArray(value) && value.length === 2 && isFirst(value[0]) && typeof value[1] === 'string';

/** A place that is a whole number. @throws API_INVALID where the cursor is not one of this list */
export const numberOf = (list: string, cursor: string | undefined) => placeOf(list, cursor, isCount);
/** A place that is a whole number and an id. @throws API_INVALID where the cursor is not one of this list */
export const pairOf = (list: string, cursor: string | undefined) => placeOf(list, cursor, isPairOf(isCount));
/** A place that is an amount to order by, and an id. @throws API_INVALID where the cursor is not one of this list */
export const amountPairOf = (list: string, cursor: string | undefined) =>
  placeOf(list, cursor, isPairOf(isNumber));

function placeOf<Place>(
  list: string,
  cursor: string | undefined,
  isPlace: (value: unknown) => value is Place,
): Place | undefined {
  if (cursor === undefined) return undefined;
  const [body = '', mark] = cursor.split('.');
  const text = Buffer.from(body, 'base64url').toString('utf8');
  const place = mark === markOf(list, text) ? parsed(text) : undefined;
  if (isPlace(place)) return place;
  throw new FinanceError('API_INVALID', { message: 'The cursor is not one of this list.' });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
