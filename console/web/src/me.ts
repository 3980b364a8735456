import { computed, ref } from 'vue';
import { get } from './api/client';
import type { Me } from './api/types';
import { setLocale } from './i18n';

/** Who is logged in, and what they may do. */
export const me = ref<Me>();

export async function readMe(): Promise<void> {
  me.value = await get<Me>('/me');
  const { locale } = me.value;
  if (locale && !localStorage.getItem('ledgerway-locale')) setLocale(locale.startsWith('de') ? 'de' : 'en');
}

const permissions = computed(() => new Set(me.value?.permissions ?? []));

export const may = (permission: string): boolean => permissions.value.has(permission);
