import { onScopeDispose, ref, shallowRef } from 'vue';
import { get, type Query } from '../api/client';
import type { Page } from '../api/types';
import { notifyError } from './notices';

/** A list that is read page by page as one scrolls; a new question starts it over. */
export function usePaged<Item extends { id: string }>(path: string, size = 100) {
  const items = shallowRef<Item[]>([]);
  const next = ref<string | null>(null);
  const loading = ref(false);
  const loaded = ref(false);
  let query: Query = {};
  let running = new AbortController();

  async function read(cursor: string | null, limit: number): Promise<Page<Item> | undefined> {
    running.abort();
    running = new AbortController();
    loading.value = true;
    try {
      return await get<Page<Item>>(path, { ...query, limit, cursor: cursor ?? undefined }, running.signal);
    } catch (error) {
      notifyError(error);
      return undefined;
    } finally {
      loading.value = false;
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

  /** Reads the first page again and leaves the rest in its place. */
  async function refresh(): Promise<void> {
    if (loading.value) return;
    if (items.value.length <= size) return await ask(query);
    const page = await read(null, size);
    if (!page) return;
    const fresh = new Set(page.items.map(({ id }) => id));
    items.value = [...page.items, ...items.value.slice(size).filter(({ id }) => !fresh.has(id))];
  }

  async function more(): Promise<void> {
    if (loading.value || next.value === null) return;
    const page = await read(next.value, size);
    if (!page) return;
    items.value = [...items.value, ...page.items];
    next.value = page.next;
  }

  onScopeDispose(() => running.abort());
  return { items, next, loading, loaded, ask, refresh, more };
}
