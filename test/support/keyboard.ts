/** What the Tab key reaches on a page. */
import type { Page } from 'playwright-core';

/** More controls than these are rows of a list: the first of them stand for the rest. */
const most = 80;

interface Left {
  missing: string[];
  unseen: string[];
}

/**
 * Presses Tab from the top of the page until every control that is shown had the focus. Returns what never had it, and what had
 * it without anything that shows so.
 */
export async function unreached(page: Page): Promise<string[]> {
  const controls = await page.evaluate<number>(`(() => {
    const name = (element) =>
      element.tagName.toLowerCase() + ' ' + (element.dataset.testid ?? element.getAttribute('aria-label') ?? element.innerText ?? '').trim().slice(0, 40);
    const isReached = (element) =>
      !element.matches(':disabled') &&
      element.tabIndex >= 0 &&
      element.checkVisibility({ visibilityProperty: true }) &&
      element.closest('[inert]') === null &&
      // Of a group of radio buttons Tab reaches one.
      element.type !== 'radio';
    const selector = 'a[href], button, input, select, textarea, summary, [tabindex]';
    const waiting = new Set([...document.querySelectorAll(selector)].filter(isReached).slice(0, ${most}));
    const unseen = [];
    const marks = (element) => {
      const { outlineStyle, boxShadow } = getComputedStyle(element);
      return outlineStyle !== 'none' || boxShadow !== 'none';
    };
    window.tabbing?.abort();
    window.tabbing = new AbortController();
    document.addEventListener(
      'focusin',
      ({ target }) => {
        if (!waiting.delete(target)) return;
        if (![target, target.parentElement, target.nextElementSibling].some((each) => each && marks(each))) unseen.push(name(target));
      },
      { signal: window.tabbing.signal },
    );
    document.activeElement?.blur();
    window.scrollTo(0, 0);
    window.tabbed = () => ({ missing: [...waiting].filter((each) => each.isConnected && isReached(each)).map(name), unseen });
    return waiting.size;
  })()`);
  let left: Left = { missing: [], unseen: [] };
  // A date field stops Tab at each of its parts, and what scrolls stops it as well.
  for (let presses = 0; presses <= 4 * controls + 40;) {
    left = await page.evaluate<Left>('window.tabbed()');
    if (left.missing.length === 0) break;
    const next = Math.max(5, left.missing.length);
    for (let press = 0; press < next; press += 1) await page.keyboard.press('Tab');
    presses += next;
  }
  return [
    ...left.missing.map((each) => `Tab does not reach ${each}`),
    ...left.unseen.map((each) => `focus is not seen on ${each}`),
  ];
}
