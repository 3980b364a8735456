import { reactive } from 'vue';
import { ApiError } from '../api/client';
import { t } from '../i18n';

export interface Notice {
  id: number;
  tone: 'good' | 'bad';
  text: string;
  hint?: string;
}

const SHOWN_MS = 7_000;
export const notices = reactive<Notice[]>([]);
let last = 0;

export function notify(text: string, tone: Notice['tone'] = 'good', hint?: string): void {
  last += 1;
  const id = last;
  notices.push({ id, tone, text, hint });
  if (tone === 'good') setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  const index = notices.findIndex((notice) => notice.id === id);
  if (index >= 0) notices.splice(index, 1);
}

/** An error in the words of the server; the end of a session says itself. */
export function notifyError(error: unknown): void {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  if (error instanceof ApiError && error.status === 401) return;
  if (error instanceof ApiError) notify(`${error.code}: ${error.message}`, 'bad', error.hint);
  else notify(t('error.network'), 'bad');
}
