import { ref, watchEffect } from 'vue';

export type Theme = 'auto' | 'light' | 'dark';

const STORED = 'ledgerway-theme';

export const theme = ref<Theme>((localStorage.getItem(STORED) as Theme | null) ?? 'auto');

watchEffect(() => {
  localStorage.setItem(STORED, theme.value);
  if (theme.value === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.dataset.theme = theme.value;
});
