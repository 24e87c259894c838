/** Which texts of a page stand in another language than the page, apart from what the hub knows by name. */
import type { Page } from 'playwright-core';

const han = /\p{Script=Han}/u;
/** Names and commands that are the same in every language. */
const products = /Hallwatch|hallwatch \w+/g;

/**
 * The texts among what the hub said: names and descriptions, which a page may show as they are. Of a pair in two languages only
 * the other language is left out, so that a page that shows the wrong one is found.
 */
export class Told {
  readonly #texts = { zh: new Set<string>(), en: new Set<string>() };
  readonly #waiting = new Set<Promise<void>>();

  constructor(page: Page) {
    page.on('response', (response) => {
      if (!response.url().includes('/api/')) return;
      const read = response
        .json()
        .then((body) => this.#add(body))
        // Pictures, files, and answers to a page that has been left.
        .catch(() => undefined)
        .finally(() => this.#waiting.delete(read));
      this.#waiting.add(read);
    });
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        const start = typeof payload === 'string' ? payload.search(/[[{]/) : -1;
        if (start < 0) return;
        try {
          this.#add(JSON.parse((payload as string).slice(start)));
        } catch {
          // Not JSON: a heartbeat.
        }
      }),
    );
  }

  #add(value: unknown, isShown = { zh: true, en: true }): void {
    if (typeof value === 'string') {
      if (isShown.zh) this.#texts.zh.add(value);
      if (isShown.en) this.#texts.en.add(value);
    } else if (Array.isArray(value)) {
      for (const each of value) this.#add(each, isShown);
    } else if (value !== null && typeof value === 'object') {
      for (const [key, each] of Object.entries(value)) {
        const isZh = (key === 'zh' && 'en' in value) || `${key}En` in value;
        const isEn = (key === 'en' && 'zh' in value) || (key.endsWith('En') && key.slice(0, -2) in value);
        this.#add(each, { zh: isShown.zh && !isEn, en: isShown.en && !isZh });
      }
    }
  }

  /** Of these texts those that are neither in the page's language nor told. */
  async strange(lang: 'zh' | 'en', texts: readonly string[]): Promise<string[]> {
    await Promise.all(this.#waiting);
    const isForeign = (text: string): boolean =>
      lang === 'en' ? han.test(text) : /[A-Za-z]{2,}\s+[A-Za-z]{2,}/.test(text);
    const told = [...this.#texts[lang]].filter((text) => text !== '').sort((one, other) => other.length - one.length);
    return texts.filter((text) => {
      let rest = text.replace(products, ' ');
      if (!isForeign(rest)) return false;
      for (const each of told) if (each.length > 1) rest = rest.replaceAll(each, lang === 'en' ? ' ' : '，');
      if (!isForeign(rest)) return false;
      // A name of which a part is shown.
      const parts = lang === 'en' ? (rest.match(/\p{Script=Han}+/gu) ?? []) : [rest.trim()];
      return parts.some((part) => !told.some((each) => each.includes(part)));
    });
  }
}

/** Every text of a page that is seen or read aloud, each once; not what people write as code or in a field. */
export const textsOf = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const found = new Set();
    const isShown = (element) =>
      element.checkVisibility({ visibilityProperty: true }) && !element.closest('[lang]:not(html), pre, code, textarea, script, style');
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.replace(/\\s+/g, ' ').trim();
      if (text !== '' && isShown(walker.currentNode.parentElement)) found.add(text);
    }
    for (const element of document.body.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
      if (!isShown(element)) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
        const text = element.getAttribute(name);
        if (text) found.add(text);
      }
    }
    return [...found];
  })()`);
