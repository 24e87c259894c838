/** What the Tab key reaches on a page. */
import type { Page } from 'playwright-core';

/** More controls than these are rows of a list: the first of them stand for the rest. */
const most = 80;
/** How long a dialog may take to come or to go, ms. */
const patience = 30_000;

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

/**
 * Opens every dialog that stands behind one of these buttons with the Enter key: the focus goes in, Tab keeps it in, Escape closes
 * and gives it back. Returns what is wrong; `opened` gets the test ids of the dialogs.
 */
export async function badDialogs(page: Page, buttons: readonly string[], opened: Set<string>): Promise<string[]> {
  const shown = await page.evaluate<string[]>(
    `[...new Set([...document.querySelectorAll('button[data-testid]:not(:disabled)')].filter((each) => each.checkVisibility({ visibilityProperty: true })).map((each) => each.dataset.testid))]`,
  );
  const wrong: string[] = [];
  for (const id of buttons.filter((each) => shown.includes(each))) {
    await page.evaluate(`{
      window.opener_ = [...document.querySelectorAll('button[data-testid="${id}"]:not(:disabled)')].find((each) => each.checkVisibility({ visibilityProperty: true }));
      window.opener_.focus();
    }`);
    await page.keyboard.press('Enter');
    const dialog = page.locator('dialog[open]');
    const isOpen = await dialog.waitFor({ timeout: patience }).then(
      () => true,
      () => false,
    );
    if (!isOpen) {
      wrong.push(`${id} opens no dialog`);
      continue;
    }
    const name = (await dialog.getAttribute('data-testid')) ?? id;
    opened.add(name);
    const isIn = (): Promise<boolean> =>
      page.evaluate(`document.querySelector('dialog[open]')?.contains(document.activeElement)`);
    if (!(await isIn())) wrong.push(`${name}: the focus stays outside`);
    const controls = await dialog.locator('a[href], button, input, select, textarea, [tabindex]').count();
    let outside = '';
    for (let press = 0; press < Math.min(controls + 3, 12) && outside === ''; press += 1) {
      await page.keyboard.press('Tab');
      // After the last control the browser's own stand, and the body meanwhile.
      outside = await page.evaluate<string>(
        `document.activeElement === document.body || document.activeElement.closest('dialog[open]') ? '' : document.activeElement.outerHTML.slice(0, 60)`,
      );
    }
    if (outside !== '') wrong.push(`${name}: Tab leaves it for ${outside}`);
    await page.keyboard.press('Escape');
    const isClosed = await dialog.waitFor({ state: 'detached', timeout: patience }).then(
      () => true,
      () => false,
    );
    if (!isClosed) return [...wrong, `${name}: Escape does not close it`];
    if (!(await page.evaluate<boolean>('document.activeElement === window.opener_')))
      wrong.push(`${name}: the focus does not come back to ${id}`);
  }
  return wrong;
}
