import type { Charts, OverviewRow } from '../../../engine';
import { STAGES } from '../../../engine';
import { Recent } from '../recent';
import { route } from '../route';
import { count, filter, flag, list, mapOf, object, oneOf, period, text, time } from '../schemas';

const figure = object({ count, amount: text });
const names = ['received', 'mapped', 'inDoubt', ...STAGES];
const recentRows = new Recent<{ rows: OverviewRow[]; at: number }>();
const recentCharts = new Recent<Charts>();

/** The control figures. */
export const overview = [
  route<{ entity?: string; from?: string; to?: string }>({
    method: 'get',
    path: '/overview',
    summary:
      'Documents by entity, currency and period: how many, and how much money, stand where. At most 2 s old.',
    permissions: ['documents.read'],
    query: { entity: filter, from: period, to: period },
    answer: object({
      rows: list(
        object({
          entity: text,
          currency: text,
          period: text,
          stages: object(Object.fromEntries(names.map((name) => [name, figure]))),
          ties: flag,
        }),
      ),
      at: time,
    }),
    handle: ({ reader, scope, query }) =>
      recentRows.get(reader, JSON.stringify([scope, query]), async () => {
        const at = Date.now();
        return { rows: await reader.overview({ scope, ...query }), at };
      }),
  }),
  route<{ entity?: string; days: number }>({
    method: 'get',
    path: '/overview/charts',
    summary: 'What came and went by day, open exceptions by age, exceptions by source. At most 2 s old.',
    permissions: ['documents.read'],
    query: { entity: filter, days: { type: 'integer', minimum: 1, maximum: 366, default: 30 } },
    answer: object({
      throughput: list(object({ at: time, received: count, settled: count, held: count })),
      ageing: list(object({ bucket: oneOf('lt1h', '1d', '3d', '7d'), count, amounts: mapOf(text) })),
      trend: list(object({ at: time, source: text, opened: count, closed: count })),
    }),
    handle: ({ reader, scope, query }) =>
      recentCharts.get(reader, JSON.stringify([scope, query]), () => reader.charts({ scope, ...query })),
  }),
];
