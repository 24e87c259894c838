import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { openBrowser, visit } from '../support/browser.ts';
import { makeFilm, startCameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { addWindows } from '../support/windows.ts';
import { quantile, type Report } from './report.ts';

const hall = 'hall-510104-1';
const tiles = 16;
const seconds = 60;
/** Size and rate of a usual sub-stream: Chromium decodes sixteen of them on the cores that camera and hub run on. */
const film = { width: 320, height: 180, fps: 10, seconds: 20 };

/**
 * wall: sixteen tiles in Chromium over plain HTTP, where a browser opens six connections. Pictures that stood, what the API answers
 * in meanwhile, and how long a click on a tile waits for its paint.
 */
export async function wall(report: Report): Promise<void> {
  const file = await makeFilm(film);
  const streams = Array.from({ length: tiles }, (_, index) => ({ path: `tile-${index}`, file, fps: film.fps }));
  const server = await startCameraServer({ streams });
  const hub = await startTestHub({ settings: { roles: ['record', 'serve', 'stream'] } });
  const browser = await openBrowser();
  try {
    await hang(
      hub,
      streams.map(({ path }) => server.url(path)),
    );
    const { page, context } = await visit(browser, hub.address);
    const [name, value] = (await hub.signIn({ name: 'bench', role: 'inspector', region: '510104' })).split('=') as [
      string,
      string,
    ];
    await context.addCookies([{ name, value, url: hub.address }]);

    await page.goto('/ledger');
    await page.locator('h1').waitFor();
    await page.evaluate(probe);
    const bare = await clicks(page, 10, async () => page.locator('h1').click());

    await page.goto('/');
    await page.getByTestId('mode-16').click();
    await until(page, '[data-tile][data-state=playing]');
    await page.evaluate(probe);
    await sleep(5_000);
    await page.evaluate('watch()');
    const [busy, free] = await Promise.all([
      page.evaluate<number[]>(`probe(${seconds})`),
      apart(`${hub.address}/api/session`, `${name}=${value}`),
    ]);
    const seen = await page.evaluate<{ stood: string[]; tiles: number; frames: number }>('watched()');
    report.add({
      name: 'wall.stalls',
      value: seen.stood.length,
      unit: 'stalls',
      goal: '0',
      against: `pictures that stood for a second or more (${seen.stood.join(', ') || 'none'}), of ${seen.frames} in ${seconds} s`,
      n: seen.tiles,
    });
    report.add({
      name: 'wall.api.p95',
      value: quantile(busy, 0.95),
      unit: 'ms',
      goal: '≤ 100',
      floor: quantile(free, 0.95),
      against: 'the same request meanwhile, over a connection of its own',
      n: busy.length,
    });

    let at = 0;
    const clicked = await clicks(page, 20, async () => {
      at = (at + 5) % tiles;
      await page.locator('[data-tile]').nth(at).click();
      // Until the picture came over: the next click finds a wall at rest.
      await until(page, '[data-tile] video');
    });
    report.add({
      name: 'wall.click.p95',
      value: quantile(clicked, 0.95),
      unit: 'ms',
      goal: '≤ 200',
      floor: quantile(bare, 0.95),
      against: 'a click on a heading of a page without video → its paint',
      n: clicked.length,
    });
  } finally {
    await browser.close();
    await hub.stop();
    await server.stop();
  }
}

/** Sixteen windows in the hall, each with its camera. */
async function hang(hub: TestHub, urls: string[]): Promise<void> {
  const { store, seal, world } = hub.context;
  await addWindows(hub, hall, urls.length);
  const cameras = [...world().cameras.values()].filter((camera) => camera.hall === hall);
  for (const [index, url] of urls.entries())
    await store.query('update camera set url = $2, enabled = true where id = $1', [cameras[index]!.id, seal.seal(url)]);
  await hub.backend.reload();
}

/** Milliseconds of each answer to somebody beside the browser, while the wall plays. */
async function apart(url: string, cookie: string): Promise<number[]> {
  const took: number[] = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(250)) {
    const from = performance.now();
    await (await fetch(url, { headers: { cookie } })).json();
    took.push(performance.now() - from);
  }
  return took;
}

/** Until there are sixteen of them. */
async function until(page: Page, what: string): Promise<void> {
  for (const end = Date.now() + 90_000; (await page.locator(what).count()) !== tiles; await sleep(50))
    if (Date.now() > end) throw new Error(`not ${tiles} of ${what} within 90 s`);
}

/** Milliseconds from each click to the paint after it, as the page sees it. */
async function clicks(page: Page, times: number, click: () => Promise<void>): Promise<number[]> {
  await page.evaluate('painted.length = 0');
  for (let n = 0; n < times; n++) await click();
  return page.evaluate<number[]>('painted');
}

// As text: a function would be rewritten by the compiler with names that the page does not have.
const probe = `{
  window.probe = async (seconds) => {
    const took = [];
    for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
      const from = performance.now();
      await (await fetch('/api/session')).json();
      took.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return took;
  };
  window.painted = [];
  addEventListener('pointerdown', (event) => {
    requestAnimationFrame(() => setTimeout(() => painted.push(performance.now() - event.timeStamp)));
  }, true);
  // What each tile shows, whichever <video> carries it: a tile that changes its transport takes the old one away.
  window.watch = () => {
    const begun = performance.now();
    const tiles = [...document.querySelectorAll('[data-tile]')].map((tile) => ({ tile, at: begun, stands: false }));
    const stood = [];
    let frames = 0;
    const look = (one, now) => {
      const front = [...one.tile.querySelectorAll('video')].at(-1);
      const total = front?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
      const time = front?.currentTime ?? 0;
      const isSame = front !== undefined && front === one.front;
      if (isSame) frames += total - one.total;
      if (isSame && time > one.time) Object.assign(one, { at: now, stands: false });
      else if (!one.stands && now - one.at > 1000) {
        one.stands = true;
        stood.push(one.tile.dataset.tile + ' after ' + Math.round((now - begun) / 1000) + ' s');
      }
      Object.assign(one, { front, total, time });
    };
    const timer = setInterval(() => {
      const now = performance.now();
      for (const one of tiles) look(one, now);
    }, 100);
    window.watched = () => {
      clearInterval(timer);
      return { stood, tiles: tiles.length, frames };
    };
  };
}`;
