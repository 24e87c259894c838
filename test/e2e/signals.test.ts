/** The life of signals in real browsers: told, answered, verified, appealed, urged, investigated (1.X.3, QT-05, SZ-50). */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, visit } from '../support/browser.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';

const region = '510104';
const window = 'win-510104-1-07';
let hub: TestHub;
let browser: Browser;
const cookies: Record<string, string> = {};
const pages: Record<string, Page> = {};
const errors: string[] = [];
let count = 0;

async function issue(text: string, at = window): Promise<string> {
  count += 1;
  const response = await fetch(`${hub.address}/api/signals`, {
    method: 'POST',
    headers: {
      cookie: cookies['li']!,
      'content-type': 'application/json',
      // Without one, what is issued within a millisecond is taken for the same.
      'idempotency-key': String(count),
    },
    body: JSON.stringify({ window: at, level: 'correction', article: `第十一条第（${count}）项`, text }),
  });
  const signal = (await response.json()) as { id: string };
  expect(response.status, JSON.stringify(signal)).toBe(200);
  return signal.id;
}

const open = (who: string, signal: string) => pages[who]!.goto(`/signal/${encodeURIComponent(signal)}`);
/** Waits for the state that the page shows; it hears of changes by itself. */
const state = (who: string, signal: string, expected: string) =>
  pages[who]!.locator(`[data-signal="${signal}"][data-state="${expected}"]`).first().waitFor();

/** Opens the notice of this kind from the bell. */
async function follow(who: string, kind: string, signal: string): Promise<void> {
  const page = pages[who]!;
  const notice = page.locator(`[data-testid="notice"][data-kind="${kind}"][data-signal="${signal}"]`);
  await page.getByTestId('bell').click();
  await notice.click();
  await page.waitForURL((url) => decodeURIComponent(url.pathname) === `/signal/${signal}`);
}

async function say(who: string, act: string, text: string): Promise<void> {
  const page = pages[who]!;
  await page.getByTestId(act).click();
  await page.getByTestId('signal-text').fill(text);
  await page.getByTestId('signal-save').click();
}

beforeAll(async () => {
  [hub, browser] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'serve', 'notify'] } }),
    openBrowser(),
  ]);
  for (const [name, role, hall] of [
    ['li', 'inspector', undefined],
    ['chen', 'inspector', undefined],
    ['wang', 'hallManager', 'hall-510104-1'],
  ] as const) {
    cookies[name] = await hub.signIn({ name, role, region, ...(hall === undefined ? {} : { hall }) });
    const visitor = await visit(browser, hub.address);
    const [key, value] = cookies[name].split('=') as [string, string];
    await visitor.context.addCookies([{ name: key, value, url: hub.address }]);
    visitor.page.setDefaultTimeout(60_000);
    pages[name] = visitor.page;
    visitor.page.on('pageerror', (error) => errors.push(`${name}: ${String(error)}`));
  }
  await Promise.all(Object.values(pages).map((page) => page.goto('/signals')));
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
});

describe('a signal reaches people', () => {
  it('issued → in the bell → acknowledged → corrected → verified → closed, with a read receipt', async () => {
    const signal = await issue('窗口无人值守');
    await pages['wang']!.locator('[data-testid="bell"][data-unread="1"]').waitFor();
    await follow('wang', 'issued', signal);
    await pages['wang']!.getByTestId('acknowledge').click();
    await state('wang', signal, 'acknowledged');
    await say('wang', 'claim', '已安排替班');
    await state('wang', signal, 'claimed');
    await follow('li', 'claimed', signal);
    await pages['li']!.getByText('已读：wang').first().waitFor();
    await pages['li']!.getByTestId('accept').click();
    await pages['li']!.getByTestId('signal-save').click();
    await state('li', signal, 'closed');
    await state('wang', signal, 'closed');
  });

  it('appealed → upheld by another → revoked', async () => {
    const signal = await issue('态度生硬');
    await open('wang', signal);
    await say('wang', 'appeal', '当时在处理投诉');
    await state('wang', signal, 'appealed');
    await follow('chen', 'appealed', signal);
    await say('chen', 'uphold', '情况属实');
    await state('chen', signal, 'revoked');
    await state('wang', signal, 'revoked');
  });

  it('urged with a numbered notice to print, investigated and found at fault', async () => {
    const signal = await issue('超期未办');
    await open('li', signal);
    await say('li', 'urge', '请立即办理并书面说明');
    const year = new Date(Date.now() + 8 * 3_600_000).getUTCFullYear();
    const page = pages['li']!;
    await page.getByTestId('urge-print').click();
    const sheet = await page.getByTestId('urge-sheet').textContent();
    expect(sheet).toContain(`督办〔${year}〕1号`);
    expect(sheet).toContain('请立即办理并书面说明');
    await open('li', signal);
    await say('li', 'inquire', '核实超期原因');
    await page.locator('[data-testid="inquiry"][data-state="open"]').waitFor();
    await page.getByTestId('inquiry-close').click();
    await page.getByTestId('fault').click();
    await page.getByTestId('inquiry-liable').fill('0712');
    await page.getByTestId('inquiry-measure').fill('诫勉谈话');
    await page.getByTestId('inquiry-text').fill('无正当理由超期');
    await page.getByTestId('inquiry-save').click();
    await page.locator('[data-testid="inquiry"][data-state="closed"]').waitFor();
    expect(await page.getByTestId('inquiry').textContent()).toContain('存在过错');
    await page.locator('[data-testid="delivery"][data-kind="urged"]').waitFor();
    const { rows } = await hub.context.store
      .query<{ act: string }>('select act from ledger where subject = $1 order by sequence', [signal])
      .then((list) => ({ rows: list.map(({ act }) => act) }));
    expect(rows).toEqual(['signal.issued', 'signal.urged', 'inquiry.opened', 'inquiry.closed']);
    expect(errors).toEqual([]);
  });
});

describe('a long list of signals', () => {
  it('holds the rows near the screen only, and all of them where somebody scrolls, tabs or prints', async () => {
    const many = 120;
    // Of several windows: one has fifty at most.
    const windows = ['01', '02', '03', '04', '05'].map((number) => `win-510104-1-${number}`);
    await Promise.all(Array.from({ length: many }, (_, n) => issue('窗口无人值守', windows[n % windows.length])));
    const page = pages['chen']!;
    await page.goto('/signals');
    const rows = page.getByTestId('signal');
    const first = rows.and(page.locator('[aria-posinset="1"]'));
    await first.waitFor();
    // A button that is busy takes no press.
    const loadOn = `{ const more = document.querySelector('[data-testid=more]'); more?.click(); more === null }`;
    await expect.poll(() => page.evaluate(loadOn), { timeout: 60_000 }).toBe(true);
    const last = page.locator('[role=feed] > div:last-child article').last();
    // Rows that are seen for the first time are as high as they are: the end moves on.
    const toEnd = async (): Promise<boolean> => {
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      return last.isVisible();
    };
    await expect.poll(toEnd).toBe(true);
    await first.waitFor({ state: 'detached' });
    const size = Number(await last.getAttribute('aria-setsize'));
    expect(size).toBeGreaterThanOrEqual(many);
    expect(await last.getAttribute('aria-posinset')).toBe(String(size));
    expect(await rows.count()).toBeLessThan(size);

    // Whoever stands on a row keeps it.
    await last.getByTestId('signal-link').focus();
    await page.evaluate('scrollTo(0, 0)');
    await first.waitFor();
    const focused = `document.activeElement?.closest('article')?.getAttribute('aria-posinset')`;
    await expect.poll(() => page.evaluate<string>(focused)).toBe(String(size));

    await page.evaluate(`dispatchEvent(new Event('beforeprint'))`);
    await expect.poll(() => rows.count()).toBe(size);
    const inOrder = `[...document.querySelectorAll('article')].every((row, at) => row.ariaPosInSet === String(at + 1))`;
    expect(await page.evaluate<boolean>(inOrder)).toBe(true);
    await page.evaluate(`dispatchEvent(new Event('afterprint'))`);
    await expect.poll(() => rows.count()).toBeLessThan(size);
  });
});
