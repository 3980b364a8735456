import { ref } from 'vue';

export type Locale = 'en' | 'de';
type Texts = Record<string, string>;

/** The frame's texts lie here, a page's beside the page. */
const FILES = import.meta.glob<Texts>(['./*.json', '../pages/*/{en,de}.json'], {
  eager: true,
  import: 'default',
});

const textsOf = (wanted: Locale): Texts =>
  Object.assign(
    {},
    ...Object.entries(FILES)
      .filter(([file]) => file.endsWith(`/${wanted}.json`))
      .map(([, texts]) => texts),
  ) as Texts;

const MESSAGES: Record<Locale, Texts> = { en: textsOf('en'), de: textsOf('de') };
const STORED = 'ledgerway-locale';

function initial(): Locale {
  const wanted = localStorage.getItem(STORED) ?? navigator.language;
  return wanted.startsWith('de') ? 'de' : 'en';
}

export const locale = ref<Locale>(initial());
document.documentElement.lang = locale.value;

export function setLocale(to: Locale): void {
  locale.value = to;
  localStorage.setItem(STORED, to);
  document.documentElement.lang = to;
}

/** The text of a key, `{name}` replaced; a key without a text is shown as it is. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const text = MESSAGES[locale.value][key] ?? MESSAGES.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Whether there is a text for a key that is put together. */
export const hasText = (key: string): boolean => key in MESSAGES.en;
