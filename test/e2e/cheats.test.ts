/** 巡查有效时长 in a real browser before real streams: an honest visit earns its seconds, with a nap in between; no cheat earns one. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Visit } from '../../hub/model/state.ts';
import { freshFor } from '../../hub/model/verify.ts';
import type { ViewReport } from '../../hub/model/viewProof.ts';
import { hide } from '../support/browser.ts';
import type { CameraServer } from '../support/camera/index.ts';
import type { Wire } from '../support/desk.ts';
import type { TestHub } from '../support/hub.ts';
import { line, printOf, sign } from '../support/reports.ts';
import { duty, startVisitHall, type VisitHall } from '../support/visitHall.ts';

const secondsPerWindow = 4;
/** Of the twelve: a machine that does other work as well may hold a picture up. */
const needed = 10;
let desk: VisitHall;
let hub: TestHub;
let server: CameraServer;
let context: BrowserContext;
let page: Page;
let cameras: VisitHall['cameras'];

beforeAll(async () => {
  const patrol = { secondsPerWindow, share: needed / 12, wholeVisit: secondsPerWindow };
  desk = await startVisitHall({ fps: 5, patrol });
  ({ hub, server, context, page, cameras } = desk);
  page.setDefaultTimeout(slow.timeout);
});

afterAll(() => desk?.stop());

const slow = { timeout: 60_000 };
const playing = (): Promise<number> => page.locator('[data-tile][data-state=playing]').count();

/** Away with what the last visit came to. */
async function dismiss(): Promise<void> {
  await page.keyboard.press('Escape');
  await page.getByTestId('visit-result').waitFor({ state: 'detached' });
}

const viewOf = ({ views, windows }: Visit, number: string): Visit['views'][number] => {
  const window = cameras.find((each) => each.number === number)!.window;
  expect(windows).toContain(window);
  return views.find((each) => each.window === window)!;
};
const elapsed = ({ startedAt, finishedAt }: Visit): number => (finishedAt! - startedAt) / 1000;

/** Stops every process of the browser, as a tablet does that goes to sleep, and wakes them; seconds. */
async function nap(ms: number): Promise<number> {
  const devtools = await desk.browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  const from = Date.now();
  const tell = (signal: NodeJS.Signals): void => processInfo.forEach(({ id }) => process.kill(id, signal));
  tell('SIGSTOP');
  try {
    await sleep(ms);
  } finally {
    tell('SIGCONT');
  }
  return (Date.now() - from) / 1000;
}

/** What the reports say by now, in programme time: seconds of one window. */
async function reported(visit: string, number: string): Promise<number> {
  const [row] = await hub.context.store.query<{ ms: number }>(
    'select coalesce(sum(media_to - media_from), 0)::int8 as ms from view_report where visit = $1 and camera = $2 and proven',
    [visit, cameras.find((each) => each.number === number)!.id],
  );
  return row!.ms / 1000;
}

/** How long the record has had the picture of a window as frozen, ms. */
async function frozenFor(number: string): Promise<number> {
  const [turn] = await hub.context.store.query<{ state: string; at: number }>(
    "select state, (body->>'since')::int8 as at from camera_status where camera = $1",
    [cameras.find((each) => each.number === number)!.id],
  );
  return turn?.state === 'frozen' ? Date.now() - turn.at : 0;
}

describe('verified seconds', () => {
  it('are earned by an honest visit to twelve windows, and not for the time the tablet slept', async () => {
    await expect.poll(playing, slow).toBeGreaterThanOrEqual(needed);
    const id = await desk.start();
    const enough = page.locator('[role=status]').getByText('已达到计入标准');
    await enough.waitFor({ state: 'attached', ...slow });
    const before = await reported(id, '03');
    const slept = await nap(11_000);
    await expect.poll(() => reported(id, '03'), slow).toBeGreaterThan(before + 1);
    const done = await desk.finish(id);
    expect(done).toMatchObject({ counts: true, needed });
    expect(done.verified).toBeGreaterThanOrEqual(needed);
    expect(done.views).toHaveLength(12);
    expect(done.refused).toBeUndefined();
    for (const { seconds, verified } of done.views) {
      expect(verified).toBe(seconds >= secondsPerWindow);
      // Who is late plays a little faster: that makes up for some seconds, and not for those that were slept through.
      expect(seconds).toBeLessThan(elapsed(done) - slept / 2);
    }
    const pages = await hub.context.store.query('select distinct page from view_report where visit = $1', [id]);
    expect(pages).toHaveLength(1);
    await dismiss();
  });

  it('are none in a hidden tab, and the record says so', async () => {
    server.misbehave('freeze', cameras.find(({ number }) => number === '04')!.id);
    // Hidden before the visit begins and until it ends: however long a press takes, nobody sees anything.
    const show = await hide(page);
    const id = await desk.start();
    await sleep(3_000);
    const done = await desk.finish(id);
    expect(done).toMatchObject({ counts: false, verified: 0 });
    for (const { seconds } of done.views) expect(seconds).toBe(0);
    expect(viewOf(done, '01').lost?.hidden ?? 0).toBeGreaterThan(1);
    await show();
    await dismiss();
  });

  it('are none of a 1-pixel tile, a paused video and a frozen camera; two tabs watch no faster than one', async () => {
    const script = scripted();
    await page.locator('[data-testid=tile-04][data-state=camera]').waitFor(slow);
    // What plays runs behind: nothing from before the freeze may be fresh when the visit begins.
    await expect.poll(() => frozenFor('04'), slow).toBeGreaterThan(freshFor);
    await page.evaluate(`{
      const shrink = document.querySelector('[data-testid=tile-02]').style;
      for (const side of ['width', 'height']) shrink.setProperty(side, '1px', 'important');
      const video = document.querySelector('[data-testid=tile-03] video');
      video.play = () => Promise.resolve();
      video.pause();
    }`);
    const id = await desk.start();
    // A tab that is opened meanwhile goes on with the visit.
    const tab = await context.newPage();
    await tab.setViewportSize({ width: 1024, height: 768 });
    await tab.goto('/');
    await tab.getByTestId('mode-1').click();
    await tab.locator('[data-testid=tile-01][data-state=playing]').waitFor(slow);
    await expect
      .poll(async () => (await pagesOf(id, '01')).filter((each) => each.seconds > 2).length, slow)
      .toBeGreaterThanOrEqual(2);
    const invented = await (await script).end();
    await tab.close();
    const done = await desk.finish(id);
    for (const number of ['02', '03', '04'])
      expect(viewOf(done, number)).toMatchObject({ seconds: 0, verified: false });
    expect(viewOf(done, '02').lost?.small ?? 0).toBeGreaterThan(2);
    expect(viewOf(done, '03').lost?.stalled ?? 0).toBeGreaterThan(2);
    expect(viewOf(done, '04').lost?.frozen ?? 0).toBeGreaterThan(2);
    expect(viewOf(done, '01').seconds).toBeGreaterThan(2);
    for (const { seconds } of done.views) expect(seconds).toBeLessThanOrEqual(elapsed(done));

    // A program in the place of a page: one window fetched and exaggerated, one fetched and not reported, one not even fetched.
    expect(viewOf(invented, '06').seconds).toBeGreaterThan(0);
    expect(viewOf(invented, '06').seconds).toBeLessThanOrEqual(elapsed(invented));
    expect(viewOf(invented, '07')).toMatchObject({ seconds: 0 });
    expect(viewOf(invented, '08')).toMatchObject({ seconds: 0 });
    expect(viewOf(invented, '08').lost?.notDelivered ?? 0).toBeGreaterThan(1);
    expect(invented.counts).toBe(false);
  });
});

/** Programme seconds of a window by the page that reported them. */
const pagesOf = (visit: string, number: string): Promise<{ page: string; seconds: number }[]> =>
  hub.context.store.query<{ page: string; seconds: number }>(
    `select page, (sum(media_to - media_from) / 1000.0)::float8 as seconds from view_report
      where visit = $1 and camera = $2 and proven and visible group by page`,
    [visit, cameras.find((each) => each.number === number)!.id],
  );

/** A client of its own account that speaks the protocol without a screen. */
async function scripted(): Promise<{ end(): Promise<Visit> }> {
  const headers = { cookie: desk.cookies.script, origin: hub.address, 'content-type': 'application/json' };
  const ask = async (path: string, body: unknown): Promise<Visit> => {
    const answer = await fetch(`${hub.address}/api${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBeLessThan(300);
    return (await answer.json()) as Visit;
  };
  const { id } = await ask('/visits', { duty });
  const wire: Wire = io(hub.address, {
    ...{ transports: ['websocket'], forceNew: true, reconnection: false },
    extraHeaders: { cookie: desk.cookies.script, origin: hub.address },
  });
  const key = await wire.emitWithAck('follow', { visit: id, page: 'no page' });
  if (!key.ok) throw new Error(key.reason);
  const [fetched, muted, never] = ['06', '07', '08'].map((each) => cameras.find(({ number }) => number === each)!.id);
  const prints = new Map<string, string>();
  const fetchAll = async (camera: string): Promise<string[]> => {
    const list = await (await fetch(`${hub.address}/live/${camera}/plain.m3u8`, { headers })).text();
    const names = list.split('\n').filter((each) => each !== '' && !each.startsWith('#'));
    for (const name of names) {
      if (prints.has(name)) continue;
      const media = await fetch(`${hub.address}/live/${camera}/${name}`, { headers });
      prints.set(name, printOf(new Uint8Array(await media.arrayBuffer())));
    }
    return names.flatMap((name) => prints.get(name) ?? []);
  };
  let isOver = false;
  const running = (async () => {
    for (let number = 1; !isOver; number += 1) {
      const parts = await fetchAll(fetched!);
      await fetchAll(muted!);
      const now = Date.now();
      const claim = (camera: string): ViewReport =>
        line(camera, now - 12_000, now, { parts: parts.slice(-200), frames: 100_000 });
      await wire.emitWithAck(
        'watched',
        sign(key, { number, clock: number, reports: [claim(fetched!), claim(never!)] }),
      );
      await sleep(200);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await running;
      wire.disconnect();
      await ask(`/visits/${id}/finish`, {});
      return desk.visitOf(id);
    },
  };
}
