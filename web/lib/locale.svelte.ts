import { filled, type Fill, type FillOf, type Locale, type Word } from './words.ts';

type Table = Readonly<Record<string, string>>;
/** The dictionary a language and a part at a time: what the first page shows, and what the pages behind it need. */
const tables = {
  zh: { first: () => import('virtual:words/first-zh'), later: () => import('virtual:words/later-zh') },
  en: { first: () => import('virtual:words/first-en'), later: () => import('virtual:words/later-en') },
};

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
  #words = $state.raw<Table>({});
  #isWhole = false;
  #asked: Promise<void> | undefined;

  get current(): Locale {
    return this.#current;
  }
  get words(): Table {
    return this.#words;
  }

  /** Loads the texts of the first page; nothing can be shown before. */
  begin(): Promise<void> {
    return this.#take(first());
  }

  /** Shown once its texts are there; offline it stays as it is when they are not. */
  choose(locale: Locale): void {
    this.#take(locale).catch((error: unknown) => console.warn('words', error));
  }

  /** The texts of every other page as well. */
  rest(): Promise<void> {
    if (this.#isWhole) return Promise.resolve();
    const locale = this.#current;
    this.#asked ??= tables[locale].later().then(({ default: words }) => {
      this.#asked = undefined;
      if (locale !== this.#current || this.#isWhole) return;
      this.#isWhole = true;
      this.#words = { ...this.#words, ...words };
    });
    this.#asked.catch(() => (this.#asked = undefined));
    return this.#asked;
  }

  async #take(locale: Locale): Promise<void> {
    const { first, later } = tables[locale];
    const isWhole = this.#isWhole;
    const parts = await Promise.all(isWhole ? [first(), later()] : [first()]);
    this.#words = Object.assign({}, ...parts.map((each) => each.default)) as Table;
    this.#isWhole = isWhole;
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

/** A text that is not here yet is asked for and appears when it is. */
function text(key: string): string | undefined {
  const words = locale.words;
  if (Object.hasOwn(words, key)) return words[key];
  locale.rest().catch((error: unknown) => console.warn('words', error));
  return undefined;
}

/** A text in the current language; reactive in templates. */
export const t = <W extends Word>(key: W, ...fill: Fill<W>): string => filled(text(key) ?? '', fill[0]);

/** For words whose key is made from data, such as `camera.${state}`. */
export const isWord = (key: string): boolean => text(key) !== undefined;

/** A text whose key is made from data; `otherwise` when the dictionary does not know it. */
export const tData = (key: string, otherwise: Word, values?: Record<string, string | number>): string =>
  filled(text(key) ?? text(otherwise) ?? '', values);

/** `t` for texts that are loaded with the pages that show them, each in Chinese and in English. */
export const textsOf =
  <Words extends Readonly<Record<string, readonly [zh: string, en: string]>>>(words: Words) =>
  <W extends keyof Words>(key: W, ...fill: FillOf<Words[W][0]>): string =>
    filled(words[key]![locale.current === 'zh' ? 0 : 1], fill[0]);

/** 工作日 or 自然日, in the number that belongs to it. */
export const unitOf = (unit: 'working' | 'calendar' | 'workingHours' | 'given', n: number): string =>
  t(`unit.${unit}.${n === 1 ? 'one' : 'many'}`);

/** The name of a thing in the current language. */
export const nameOf = (thing: { name?: string | undefined; nameEn?: string | undefined } | undefined): string =>
  (locale.current === 'en' ? thing?.nameEn : undefined) ?? thing?.name ?? '';

/** In the order of their names in the current language. */
export const byName = <T extends { name: string; nameEn?: string }>(list: readonly T[] | undefined): T[] =>
  [...(list ?? [])].sort((one, other) => nameOf(one).localeCompare(nameOf(other), locale.current));

/** For pairs that stand as `zh` and `en`. */
export const inLocale = (text: { zh: string; en: string }): string => text[locale.current];
