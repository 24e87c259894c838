import { isWord, word, type Fill, type Locale, type Word } from './words.ts';

const key = 'hallwatch.locale';
const isLocale = (value: unknown): value is Locale => value === 'zh' || value === 'en';

/** localStorage is refused in some hardened browsers: the choice then lasts as long as the page. */
function stored(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function first(): Locale {
  const asked = new URLSearchParams(location.search).get('lang');
  if (isLocale(asked)) return asked;
  const kept = stored();
  if (isLocale(kept)) return kept;
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh';
}

class LocaleState {
  #current = $state.raw<Locale>('zh');

  constructor() {
    this.choose(first());
  }

  get current(): Locale {
    return this.#current;
  }

  choose(locale: Locale): void {
    this.#current = locale;
    document.documentElement.lang = locale === 'zh' ? 'zh-CN' : 'en';
    try {
      localStorage.setItem(key, locale);
    } catch {
      // Kept for this page only.
    }
  }
}

export const locale = new LocaleState();

/** A text in the current language; reactive in templates. */
export const t = <W extends Word>(key: W, ...fill: Fill<W>): string => word(locale.current, key, ...fill);

/** 工作日 or 自然日, in the number that belongs to it. */
export const unitOf = (unit: 'working' | 'calendar' | 'workingHours' | 'given', n: number): string =>
  t(`unit.${unit}.${n === 1 ? 'one' : 'many'}`);

/** A text whose key is made from data; `otherwise` when the dictionary does not know it. */
export const tData = (key: string, otherwise: Word): string =>
  isWord(key)
    ? (word as (locale: Locale, key: Word) => string)(locale.current, key)
    : (word as (locale: Locale, key: Word) => string)(locale.current, otherwise);

/** The name of a thing in the current language. */
export const nameOf = (thing: { name?: string | undefined; nameEn?: string | undefined } | undefined): string =>
  (locale.current === 'en' ? thing?.nameEn : undefined) ?? thing?.name ?? '';

/** In the order of their names in the current language. */
export const byName = <T extends { name: string; nameEn?: string }>(list: readonly T[] | undefined): T[] =>
  [...(list ?? [])].sort((one, other) => nameOf(one).localeCompare(nameOf(other), locale.current));

/** For pairs that stand as `zh` and `en`. */
export const inLocale = (text: { zh: string; en: string }): string => text[locale.current];
