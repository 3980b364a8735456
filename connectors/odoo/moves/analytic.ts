import type { Decimal } from '../../../finance/documents';

/** An analytic distribution as the JSON text that `load` takes: id → percentage. */
export const analyticJson = (analytic: Readonly<Record<string, Decimal>>): string =>
  `{${Object.entries(analytic)
    .map(([id, percent]) => `"${id}": ${percent}`)
    .join(', ')}}`;

/** The same for comparing, in one order. */
export const analyticText = (analytic: Readonly<Record<string, Decimal>>): string =>
  Object.entries(analytic)
    .map(([id, percent]) => `${id}:${percent}`)
    .sort()
    .join();
