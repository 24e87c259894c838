/** What nobody signs in for, and what a browser sees the first time: public screens, first steps, help, and the app without its hub. */
import { createHash, randomBytes } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, visit, type Visitor } from '../support/browser.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const patience = 60_000;
const until = untilWithin(patience);
const region = '510104';
const hall = 'hall-510104-1';
let hub: TestHub;
let browser: Browser;
let isStopped = false;

beforeAll(async () => {
  [hub, browser] = await Promise.all([
    startTestHub({ settings: { roles: ['ingest', 'record', 'serve'] } }),
    openBrowser(),
  ]);
  const { store } = hub.context;
  const token = randomBytes(24).toString('base64url');
  await store.query('insert into source (id, name, token_hash, region, created_at) values ($1, $2, $3, $4, 0)', [
    'src',
    '区政务中心',
    createHash('sha256').update(token).digest(),
    region,
  ]);
  const cases = Array.from({ length: 40 }, (_, index) => ({
    id: `public-${index}`,
    kind: 'case.accepted',
    region,
    casefile: `20261122-${String(7_000 + index)}`,
    matter: index % 2 === 0 ? 'SC-01' : 'MZ-01',
    window: 'win-510104-1-07',
    applicant: { name: index === 7 ? '张晓明' : `李某${index}`, class: 'person' },
    occurredAt: Date.now() - 60_000 - index * 1_000,
  }));
  const sent = await fetch(`${hub.address}/api/ingest/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(cases),
  });
  expect(sent.status).toBe(200);
  await until('the cases', async () => {
    const [row] = await store.query<{ n: number }>('select count(*)::int as n from casefile', []);
    return row!.n === cases.length;
  });
});

afterAll(async () => {
  await browser?.close();
  if (!isStopped) await hub?.stop();
});

async function come(options: Parameters<typeof visit>[2]): Promise<Visitor> {
  const visitor = await visit(browser, hub.address, options);
  visitor.page.setDefaultTimeout(patience);
  return visitor;
}

describe('without signing in', () => {
  it('the public screen shows masked cases in pages, on a wall and on a phone (QT-12)', async () => {
    const wall = await come({ width: 1920, height: 1080 });
    await wall.page.goto(`/board/${hall}`);
    await wall.page.getByTestId('board-case').first().waitFor();
    const said = await wall.page.getByTestId('board').innerText();
    expect(said).toContain('锦江区政务服务中心');
    expect(said).toContain('李**');
    expect(said).toContain('12345');
    expect(said).not.toMatch(/李某|张晓明|20261122-7/);
    expect(await wall.page.getByTestId('board-case').count()).toBeLessThan(40);
    const first = await wall.page.getByTestId('board-page').innerText();
    await wall.page.getByRole('button', { name: '下一页' }).click();
    await until('the next page', async () => (await wall.page.getByTestId('board-page').innerText()) !== first);
    expect(wall.errors).toEqual([]);
    await wall.context.close();

    const phone = await come({ width: 390, height: 844, lang: 'en' });
    await phone.page.goto(`/board/${hall}`);
    await phone.page.getByTestId('board-case').nth(39).waitFor();
    expect(await phone.page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(await phone.page.getByTestId('board').innerText()).toContain('Received today');
    await phone.context.close();
  });

  it('the touch screen answers for number and surname, and has a guide (QT-11)', async () => {
    const { page, context, errors } = await come({ width: 1024, height: 768 });
    await page.goto(`/enquiry/${hall}`);
    await page.getByTestId('ask').click();
    const keypad = page.getByTestId('keypad');
    for (const key of '20261122-7007') await keypad.getByRole('button', { name: key, exact: true }).click();
    await keypad.getByRole('button', { name: '下一步' }).click();
    const surnames = page.getByTestId('surnames');
    const choose = async (letter: string, name: string): Promise<void> => {
      await surnames.getByRole('button', { name: letter, exact: true }).click();
      await surnames.getByRole('button', { name, exact: true }).click();
      await page.getByRole('button', { name: '查询' }).click();
    };
    await choose('L', '李');
    await page.getByTestId('trouble').waitFor();
    await choose('Z', '张');
    await page.getByTestId('progress').waitFor();
    expect(await page.getByTestId('progress').innerText()).toMatch(/办理中[\s\S]*承诺在[\s\S]*受理/);
    await page.getByRole('button', { name: '回到首页' }).click();
    await page.getByTestId('open-guide').click();
    await page.getByRole('button', { name: '户口迁移登记' }).click();
    // Whose business it is stands there as well: the window, and who sits at it by number.
    expect(await page.getByTestId('guide-matter').innerText()).toMatch(/01 号窗口[\s\S]*工号 0103[\s\S]*户口登记条例/);
    expect(errors).toEqual([]);
    await context.close();
  });
});

it('a new inspector is shown round once, and ? names the keys', async () => {
  const { page, context, errors } = await come({ first: true });
  const cookie = await hub.signIn({ name: 'li', role: 'inspector', region });
  const [name = '', value = ''] = cookie.split('=');
  await context.addCookies([{ name, value, url: hub.address }]);
  await page.goto('/');
  await page.getByTestId('invite').getByRole('button', { name: '开始引导' }).click();
  const titles = new Set<string>();
  for (let step = 1; step <= 5; step += 1) {
    const isAnother = async (): Promise<number> =>
      titles.add(await page.getByTestId('tour').getByRole('heading').innerText()).size;
    await expect.poll(isAnother).toBe(step);
    await page.getByTestId('tour-next').click();
  }
  await page.getByTestId('tour').waitFor({ state: 'detached' });
  await page.reload();
  await page.getByTestId('start-visit').waitFor();
  expect(await page.getByTestId('invite').count()).toBe(0);
  await page.keyboard.press('?');
  expect(await page.getByTestId('help').innerText()).toContain('在画面间移动');
  await page.keyboard.press('Escape');
  await page.getByTestId('help').waitFor({ state: 'detached' });
  expect(errors).toEqual([]);
  await context.close();
});

it('the app offers a new build, and without its hub it opens and says so', async () => {
  const { page, context } = await come({ first: true });
  await page.goto('/sign-in');
  await page.getByTestId('submit').waitFor();
  // The shell is whole once its worker is active.
  await until('the worker', () =>
    page.evaluate<boolean>(
      `navigator.serviceWorker.getRegistration().then((each) => each?.active?.state === 'activated')`,
    ),
  );
  const isToday = (url: URL): boolean => url.pathname === '/';
  await page.route(isToday, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<script src="/assets/index-new.js">' }),
  );
  await page.evaluate(`window.dispatchEvent(new Event('online'))`);
  await page.getByTestId('new-version').waitFor();
  await page.unroute(isToday);

  isStopped = true;
  await hub.stop();
  await page.goto('/');
  await page.getByTestId('offline').waitFor();
  expect(await page.getByTestId('offline').innerText()).toContain('没有连接');
  await page.goto(`/board/${hall}`);
  await page.getByText('暂时连接不上').waitFor();
  await context.close();
});
