/** The wall in a real browser, before cameras that misbehave: modes, focus, keys, fingers, and what is said over a picture that is no live one. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayOf, endOf, nextDay } from '../../hub/model/calendar.ts';
import { hide, openBrowser, visit } from '../support/browser.ts';
import { startCamera, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';

const hall = 'hall-510104-1';
const slow = { timeout: 60_000 };
let hub: TestHub;
let server: CameraServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let errors: string[];
let cookie: [string, string];

beforeAll(async () => {
  [hub, browser] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'serve', 'stream'] } }),
    openBrowser(),
  ]);
  const { store, seal, world } = hub.context;
  const cameras = [...world().cameras.values()].filter((camera) => camera.hall === hall);
  server = await startCamera({
    paths: cameras.map(({ id }) => id),
    film: { width: 320, height: 180, fps: 10, seconds: 10 },
  });
  for (const { id } of cameras)
    await store.query('update camera set url = $2, enabled = true where id = $1', [id, seal.seal(server.url(id))]);
  await hub.backend.reload();
  cookie = (await hub.signIn({ name: 'li', role: 'inspector', region: '510104' })).split('=') as [string, string];
  ({ context, page, errors } = await visit(browser, hub.address));
  page.setDefaultTimeout(slow.timeout);
  await enter(context);
  await page.goto('/');
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
  await server?.stop();
});

const enter = (own: BrowserContext): Promise<void> =>
  own.addCookies([{ name: cookie[0], value: cookie[1], url: hub.address }]);

// Scripts of the page are texts: the project's types know no DOM outside web/.
const mode = (on = page): Promise<string | null> => on.getByTestId('wall').getAttribute('data-mode');
const count = (on = page): Promise<number> => on.locator('[data-tile]').count();
const playing = (on = page): Promise<number> => on.locator('[data-tile][data-state=playing]').count();
const untilPlaying = (many: number, on = page): Promise<void> => expect.poll(() => playing(on), slow).toBe(many);
const focused = (on = page): Promise<string> =>
  on.evaluate('document.querySelector("[data-testid=focused-tile] [data-tile]").dataset.testid');
const active = (): Promise<string> =>
  page.evaluate('document.activeElement?.closest("[data-tile]")?.dataset.testid ?? ""');

/**
 * Looks at two tiles each time the browser paints: what lies uppermost in each, whether it is covered, and how bright it is. `swaps`
 * counts how often the uppermost <video> became another.
 */
const sampler = `(names) => {
  const canvas = new OffscreenCanvas(16, 9);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const seen = window.seen = Object.fromEntries(names.map((name) => [name, { least: 255, looks: 0, swaps: 0, covered: [] }]));
  const before = {};
  const look = () => {
    if (window.seen !== seen) return;
    for (const name of names) {
      const tile = document.querySelector('[data-testid=' + name + ']');
      const video = [...tile.querySelectorAll('video')].at(-1);
      if (before[name] && before[name] !== video) seen[name].swaps += 1;
      before[name] = video;
      context.clearRect(0, 0, 16, 9);
      if (video) context.drawImage(video, 0, 0, 16, 9);
      const { data } = context.getImageData(0, 0, 16, 9);
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += data[at] + data[at + 1] + data[at + 2];
      seen[name].least = Math.min(seen[name].least, sum / (data.length / 4) / 3);
      seen[name].looks += 1;
      if (tile.dataset.state !== 'playing') seen[name].covered.push(tile.dataset.state);
    }
    requestAnimationFrame(look);
  };
  look();
}`;
type Seen = Record<string, { least: number; looks: number; swaps: number; covered: string[] }>;

describe('the wall', () => {
  it('plays every window of the hall, each with its true delay', async () => {
    await untilPlaying(12);
    expect(await mode()).toBe('13');
    const delays = (): Promise<number> =>
      page.evaluate(
        '[...document.querySelectorAll("[data-tile] [title]")].filter(({ textContent }) => /\\d s$/.test(textContent)).length',
      );
    await expect.poll(delays, slow).toBe(12);
  });

  it('gives the focus to another tile without a black picture, and takes it from the first likewise', async () => {
    await untilPlaying(12);
    expect(await focused()).toBe('tile-01');
    await page.evaluate(`(${sampler})(['tile-01', 'tile-05'])`);
    await page.getByTestId('tile-05').locator('button').first().click();
    const seen = () => page.evaluate<Seen>('seen');
    // Twice when the transport changes as well; looks as many as tell a black picture from none.
    const isEnough = async (): Promise<boolean> =>
      Object.values(await seen()).every(({ swaps, looks }) => swaps > 0 && looks > 5);
    await expect.poll(isEnough, slow).toBe(true);
    const { 'tile-01': left, 'tile-05': taken } = await seen();
    await page.evaluate('window.seen = undefined');
    expect(await focused()).toBe('tile-05');
    for (const tile of [left!, taken!]) {
      // A machine that is held up may let a picture stand; that is said over the picture, which stays.
      expect(tile.covered.filter((why) => why !== 'stalled' && why !== 'late')).toEqual([]);
      // The film shows a bright test card; black is 0.
      expect(tile.least).toBeGreaterThan(40);
    }
    await expect.poll(() => page.locator('[data-tile] video').count(), slow).toBe(12);
  });

  it('says within five seconds that a picture stands, how old it is, and shows it again when it moves', async () => {
    const third = page.getByTestId('tile-03');
    const camera = await cameraOf('tile-03');
    const isPlaying = third.locator('xpath=self::*[@data-state="playing"]');
    const took: number[] = [];
    // Other work on the machine only adds to it: a time that is short says what the page itself takes.
    while (took.length < 5 && !took.some((ms) => ms < 5_000)) {
      await isPlaying.waitFor(slow);
      await page.evaluate(`{
        const tile = document.querySelector('[data-testid=tile-03]');
        const video = tile.querySelector('video');
        window.stood = undefined;
        let moved = performance.now();
        const frame = () => { moved = performance.now(); video.requestVideoFrameCallback(frame); };
        video.requestVideoFrameCallback(frame);
        const watching = new MutationObserver(() => { window.stood = performance.now() - moved; watching.disconnect(); });
        watching.observe(tile, { attributeFilter: ['data-state'] });
      }`);
      server.misbehave('stall', camera);
      await third.locator('xpath=self::*[@data-state!="playing"]').waitFor(slow);
      took.push(await page.evaluate<number>('stood'));
      await expect.poll(() => third.innerText(), slow).toMatch(/画面停滞|离线|重连/);
      // Dimmed, or gone: never as it was.
      expect(await third.locator('div').first().getAttribute('class')).toMatch(/grayscale|opacity-0/);
      server.misbehave('none', camera);
    }
    expect(Math.min(...took), took.join(' ')).toBeLessThan(5_000);
    await isPlaying.waitFor(slow);
  });

  it('is worked by the keyboard alone', async () => {
    await page.getByTestId('tile-05').locator('button').first().focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(active, slow).not.toBe('tile-05');
    const reached = await active();
    expect(reached).toMatch(/^tile-/);
    expect(await focused()).toBe('tile-05');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(), slow).toBe(reached);
    await page.keyboard.press('Enter');
    await expect.poll(() => mode(), slow).toBe('1');
    await page.keyboard.press('Escape');
    await expect.poll(() => mode(), slow).toBe('13');
    await page.keyboard.press('f');
    await expect.poll(() => page.evaluate('document.fullscreenElement !== null'), slow).toBe(true);
    await page.keyboard.press('f');
    await expect.poll(() => page.evaluate('document.fullscreenElement === null'), slow).toBe(true);
    await untilPlaying(12);
    let saved = '';
    page.on('download', (file) => (saved = file.suggestedFilename()));
    // A machine that is held up may let the picture stand just now; then there is none to save.
    const save = async (): Promise<string> => {
      if (saved === '') await page.keyboard.press('s');
      return saved;
    };
    await expect.poll(save, { ...slow, interval: 1_000 }).toMatch(/窗口.*\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.jpg$/);
  });

  it('keeps the mode of a person, turns pages, and waits while a dialog is open', async () => {
    await page.keyboard.press('2');
    await expect.poll(() => mode(), slow).toBe('4');
    await expect.poll(() => count(), slow).toBe(4);
    await page.reload();
    await untilPlaying(4);
    expect(await mode()).toBe('4');
    await page.getByTestId('page').getByText('第 1/3 页').waitFor();
    await page.keyboard.press('PageDown');
    await page.getByTestId('page').getByText('第 2/3 页').waitFor();
    // The last page leads to the first.
    await page.getByTestId('rotation').locator('xpath=..').locator('select').selectOption('10');
    await page.keyboard.press('PageDown');
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('Space');
    await page.keyboard.press('?');
    await page.getByTestId('rotation').getByText('轮巡暂停').waitFor(slow);
    await page.keyboard.press('Escape');
    await page.getByTestId('page').getByText('第 1/3 页').waitFor(slow);
    await page.getByTestId('rotation').click();
    expect(await page.getByTestId('rotation').getAttribute('aria-pressed')).toBe('false');
  });

  it('asks for the plan of the next day when that begins, however long the desk has been open', async () => {
    const day = nextDay(dayOf(Date.now()));
    const asked = page.waitForRequest((request) => request.url().endsWith('/api/duties'));
    await hub.context.bus.publish({
      ...{ kind: 'patrol.planned', id: 'tomorrow', duty: 'tomorrow', region: '510104', source: 'test' },
      ...{ occurredAt: Date.now(), organ: 'organ-510104', hall, day, required: 1, dueAt: endOf(day), article: '测试' },
    });
    await asked;
  });

  it('loads nothing while the page is hidden', async () => {
    await untilPlaying(4);
    let asked = 0;
    page.on('request', (request) => (asked += request.url().includes('/live/') ? 1 : 0));
    await expect.poll(() => asked, slow).toBeGreaterThan(3);
    const show = await hide(page);
    // What was asked for already is still told of; four pictures that load ask several times a second.
    let known = -1;
    const isQuiet = (): boolean => {
      const before = known;
      known = asked;
      return asked === before;
    };
    await expect.poll(isQuiet, { ...slow, interval: 2_500 }).toBe(true);
    await show();
    await untilPlaying(4);
    expect(errors).toEqual([]);
  });

  it('on a phone one picture fills the width, and a finger turns the page', async () => {
    const { context: own, page: phone } = await visit(browser, hub.address, {
      width: 390,
      height: 844,
      touch: 'phone',
    });
    phone.setDefaultTimeout(slow.timeout);
    await enter(own);
    await phone.goto('/');
    await untilPlaying(1, phone);
    expect([await mode(phone), await count(phone), await focused(phone)]).toEqual(['1', 1, 'tile-01']);
    const wire = await own.newCDPSession(phone);
    const box = (await phone.getByTestId('wall').boundingBox())!;
    const y = box.y + box.height / 2;
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x?: number) =>
      wire.send('Input.dispatchTouchEvent', { type, touchPoints: x === undefined ? [] : [{ x, y }] });
    await touch('touchStart', 300);
    for (const x of [260, 200, 140]) await touch('touchMove', x);
    await touch('touchEnd');
    await expect.poll(() => focused(phone), slow).toBe('tile-02');
    await untilPlaying(1, phone);
    await own.close();
  });
});

/** The camera of a tile. */
async function cameraOf(tile: string): Promise<string> {
  const window = await page.getByTestId(tile).getAttribute('data-tile');
  return [...hub.context.world().cameras.values()].find((camera) => camera.window === window)!.id;
}
