import { computed, reactive } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { Query } from '../../api/client';

export const FACETS = ['entity', 'class', 'step', 'age', 'owner', 'tag'] as const;
const FIELDS = [...FACETS, 'q', 'minAmount', 'state', 'sort'] as const;
type Field = (typeof FIELDS)[number];

/** What the list is narrowed to; it stands in the address, so that it can be sent to a colleague. */
export function useFilters() {
  const route = useRoute();
  const router = useRouter();
  const values = reactive(Object.fromEntries(FIELDS.map((field) => [field, textOf(field)]))) as Record<
    Field,
    string
  >;

  function textOf(field: Field): string {
    const value = route.query[field];
    return typeof value === 'string' ? value : '';
  }

  const query = computed<Query>(() => ({
    ...Object.fromEntries(FIELDS.map((field) => [field, values[field] || undefined])),
    state: values.state || 'open',
    sort: values.sort || 'amount',
  }));

  /** What a job over all that match is told: the same, without the order. */
  const selection = computed(() => {
    const { sort: _sort, ...rest } = query.value;
    return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  });

  const isNarrowed = computed(() => FIELDS.some((field) => field !== 'sort' && values[field] !== ''));

  function write(): void {
    const given = FIELDS.filter((field) => values[field] !== '').map((field) => [field, values[field]]);
    void router.replace({ path: route.path, query: Object.fromEntries(given) });
  }

  function toggle(field: Field, value: string): void {
    values[field] = values[field] === value ? '' : value;
  }

  function clear(): void {
    for (const field of FIELDS) values[field] = '';
  }

  return { values, query, selection, isNarrowed, write, toggle, clear };
}
