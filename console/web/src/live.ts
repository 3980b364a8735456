import { onScopeDispose, ref } from 'vue';
import { events, login } from './api/client';

/** Subjects that a change is announced by. */
export type Topic = 'exceptions' | 'figures' | 'documents' | 'pipelines' | 'proposals' | 'jobs';

const listeners = new Set<(topics: readonly string[]) => void>();
/** Whether the server's announcements arrive. */
export const connected = ref(false);
let running = false;

/** Calls `refresh` after a change of one of the topics, as long as the component is there. */
export function onChange(topics: readonly Topic[], refresh: () => void): void {
  const listener = (changed: readonly string[]) => {
    if (changed.some((each) => (topics as readonly string[]).includes(each))) refresh();
  };
  listeners.add(listener);
  onScopeDispose(() => listeners.delete(listener));
}

/** Listens while somebody is logged in; after an interruption everything shown is read anew. */
export async function listen(): Promise<void> {
  if (running) return;
  running = true;
  for (let pause = 1_000; login.token; pause = Math.min(pause * 2, 15_000)) {
    try {
      for await (const event of events(AbortSignal.timeout(3_600_000))) {
        if (!connected.value) {
          connected.value = true;
          pause = 1_000;
        }
        const { topics } = event as { topics?: string[] };
        if (topics) for (const listener of listeners) listener(topics);
      }
    } catch {
      // the next round says whether it is over
    }
    connected.value = false;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  running = false;
}
