import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { sameDay } from './day.ts';

/** Debian's Chromium, which must not try to reach anything but the hub under test. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
}

export interface Visitor {
  context: BrowserContext;
  page: Page;
  /** What the page logged as errors and threw. */
  errors: string[];
}

/**
 * A browser of its own: its own cookies, a desk-sized window, Chinese. Somebody has worked in it before: nobody is invited to be
 * shown round, and no service worker starts; `first`: as it is the first time. `touch`: worked by a finger, on a phone that also
 * says that it is one.
 */
export async function visit(
  browser: Browser,
  address: string,
  options: { lang?: 'zh' | 'en'; width?: number; height?: number; first?: boolean; touch?: 'tablet' | 'phone' } = {},
): Promise<Visitor> {
  const { lang = 'zh', width = 1440, height = 900, first = false, touch } = options;
  const context = await browser.newContext({
    baseURL: address,
    locale: lang === 'zh' ? 'zh-CN' : 'en-US',
    viewport: { width, height },
    hasTouch: touch !== undefined,
    isMobile: touch === 'phone',
    timezoneId: 'Asia/Shanghai',
    serviceWorkers: first ? 'allow' : 'block',
  });
  await sameDay(context);
  if (!first) await context.addInitScript(`try { localStorage.setItem('hallwatch.guide', 'off') } catch {}`);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  return { context, page, errors };
}

export async function signIn(page: Page, account: string, password: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByTestId('account').fill(account);
  await page.getByTestId('password').fill(password);
  await page.getByTestId('submit').click();
  await page.waitForURL((url) => !url.pathname.includes('sign-in'));
}

/**
 * Hides the page as another tab in front of it would: the driver keeps every page of a headless browser visible, so the two
 * things that the browser would change, the property and its event, are changed here. Returns how to bring it back.
 */
export async function hide(page: Page): Promise<() => Promise<void>> {
  const set = (state: 'hidden' | 'visible') =>
    page.evaluate(`{
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' });
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${state === 'hidden'} });
      document.dispatchEvent(new Event('visibilitychange'));
    }`);
  await set('hidden');
  return async () => {
    await set('visible');
  };
}
