import type { Schema } from './route';

export const text: Schema = { type: 'string' };
export const textOrNull: Schema = { type: ['string', 'null'] };
export const count: Schema = { type: 'integer', minimum: 0 };
/** Milliseconds since the epoch. */
export const time: Schema = {
  type: 'integer',
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'milliseconds since the epoch',
};
export const timeOrNull: Schema = { type: ['integer', 'null'], description: 'milliseconds since the epoch' };
export const flag: Schema = { type: 'boolean' };

/** A reason that is kept for ever. */
export const reason: Schema = { type: 'string', minLength: 1, maxLength: 2_000, pattern: '\\S' };
export const word: Schema = { type: 'string', minLength: 1, maxLength: 200 };
export const period: Schema = { type: 'string', pattern: '^\\d{4}-(0[1-9]|1[0-2])$' };
export const decimal: Schema = { type: 'string', pattern: '^-?\\d{1,18}(\\.\\d{1,6})?$' };
export const filter: Schema = { type: 'string', maxLength: 200 };

export const oneOf = (...values: string[]): Schema => ({ type: 'string', enum: values });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const anything: Schema = {};

/** An object with these members, all of them required unless their name ends with `?`; no others. */
export function object(members: Record<string, Schema>): Schema {
  const names = Object.keys(members);
  return {
    type: 'object',
    additionalProperties: false,
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), members[name]!])),
  };
}

/** An object that may have more members than these. */
export const open = (members: Record<string, Schema>): Schema => ({
  ...object(members),
  additionalProperties: true,
});

export const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });

/** Counts and exact sums by currency. */
export const amounts: Schema = object({ count, amounts: mapOf(text) });

/** A page: items, and the cursor of the next one where there is one. */
export const page = (items: Schema): Schema => object({ items: list(items), next: textOrNull });

/** Query parameters of every list. */
export const paging: Record<string, Schema> = {
  limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  cursor: { type: 'string', maxLength: 400 },
};

export interface Paging {
  limit: number;
  cursor?: string;
}
