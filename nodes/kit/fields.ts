import { FinanceError } from '../../errors';

const wrong = (field: string, what: string): FinanceError =>
  new FinanceError('CONFIG_INVALID', { message: `The field ${field} ${what}.`, details: { field } });

/**
 * A field that the editor keeps as JSON text; empty is the fallback.
 * @throws CONFIG_INVALID naming the field
 */
export function jsonField<Value>(value: unknown, field: string, fallback: Value): unknown {
  if (value === undefined || value === null || value === '') return fallback;
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw wrong(field, 'is not JSON');
  }
}

/** A list of texts. @throws CONFIG_INVALID */
export function textsField(value: unknown, field: string): string[] {
  const list = jsonField(value, field, []);
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw wrong(field, 'is not a JSON list of texts');
}

/** An object whose values are texts. @throws CONFIG_INVALID */
export function textMapField(value: unknown, field: string): Map<string, string> {
  const map = jsonField(value, field, {});
  const entries =
    typeof map === 'object' && map !== null && !Array.isArray(map) ? Object.entries(map) : undefined;
  if (entries?.every(([, text]) => typeof text === 'string')) return new Map(entries as [string, string][]);
  throw wrong(field, 'is not a JSON object of texts');
}

/** A list of objects. @throws CONFIG_INVALID */
export function rowsField(value: unknown, field: string): Record<string, unknown>[] {
  const list = jsonField(value, field, []);
  if (
    Array.isArray(list) &&
    list.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
  )
    return list;
  throw wrong(field, 'is not a JSON list of objects');
}

/** A number that the editor keeps as text. @throws CONFIG_INVALID below `least` */
export function numberField(value: unknown, field: string, fallback: number, least = 0): number {
  if (value === undefined || value === null || value === '') return fallback;
  const number = Number(value);
  if (Number.isFinite(number) && number >= least) return number;
  throw wrong(field, `is not a number from ${least} on`);
}

/** A text that must be there. @throws CONFIG_INVALID */
export function requiredField(value: unknown, field: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw wrong(field, 'is empty');
}

/** Empty texts of the editor are absent ones. */
export const optionalField = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
