import { onScopeDispose, ref, shallowRef } from 'vue';
import { get, type Query } from '../api/client';
import type { Page } from '../api/types';
import { notifyError } from './notices';

/** Of one request. */
const LARGEST = 200;
/** So many rows are read anew after a change; what lies further down stays as it was read. */
const FRESH = 3 * LARGEST;

/** A list that is read page by page as one scrolls; a new question starts it over. */
export function usePaged<Item extends { id: string }>(path: string, size = 100) {
  const items = shallowRef<Item[]>([]);
  const next = ref<string | null>(null);
  const loading = ref(false);
  const loaded = ref(false);
  /** Whether something changed while a page was on its way. */
  let isStale = false;
  let query: Query = {};
  let running = new AbortController();

  async function read(cursor: string | null, limit: number): Promise<Page<Item> | undefined> {
    running.abort();
    const mine = new AbortController();
    running = mine;
    loading.value = true;
    try {
      return await get<Page<Item>>(path, { ...query, limit, cursor: cursor ?? undefined }, mine.signal);
    } catch (error) {
      notifyError(error);
      return undefined;
    } finally {
      if (running === mine) {
        loading.value = false;
        if (isStale) setTimeout(refresh);
        isStale = false;
      }
    }
  }

  /** Asks anew. */
  async function ask(asked: Query): Promise<void> {
    query = asked;
    const page = await read(null, size);
    if (!page) return;
    items.value = page.items;
    next.value = page.next;
    loaded.value = true;
  }

  /** Reads anew what was read, and leaves it in its place. */
  async function refresh(): Promise<void> {
    if (running.signal.aborted) return;
    if (loading.value) {
      isStale = true;
      return;
    }
    const wanted = Math.min(Math.max(items.value.length, size), FRESH);
    const fresh: Item[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Item> | undefined = await read(cursor, Math.min(wanted - fresh.length, LARGEST));
      if (!page) return;
      fresh.push(...page.items);
      cursor = page.next;
    } while (cursor !== null && fresh.length < wanted);
    const isWhole = cursor === null || items.value.length <= wanted;
    if (isWhole) next.value = cursor;
    const known = new Set(fresh.map(({ id }) => id));
    const rest = isWhole ? [] : items.value.slice(wanted).filter(({ id }) => !known.has(id));
    items.value = [...fresh, ...rest];
  }

  async function more(): Promise<void> {
    if (loading.value || next.value === null) return;
    const page = await read(next.value, LARGEST);
    if (!page) return;
    items.value = [...items.value, ...page.items];
    next.value = page.next;
  }

  onScopeDispose(() => running.abort());
  return { items, next, loading, loaded, ask, refresh, more };
}
