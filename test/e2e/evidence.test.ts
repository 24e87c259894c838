/** The time shift of the desk, the window at the moment of an event, and evidence from the press to the released copy. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayOf, endOf } from '../../hub/model/calendar.ts';
import type { Camera } from '../../hub/model/world.ts';
import { Boxes, retime } from '../../stream/boxes.ts';
import { Recording } from '../../stream/recording/recording.ts';
import { Window } from '../../stream/window.ts';
import { openBrowser, visit } from '../support/browser.ts';
import { makeFilm, startCamera, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const run = promisify(execFile);
const slow = { timeout: 60_000 };
const until = untilWithin(slow.timeout);
const hall = 'hall-510104-1';
const organ = 'organ-510104';
const fps = 10;
/** Recorded: two minutes, of the second camera without the middle forty seconds. */
const length = 120;
const hole = { from: 40, to: 80 };

let hub: TestHub;
let server: CameraServer;
let browser: Browser;
let began: number;
/** Two that were recorded. */
let whole: Camera, torn: Camera;
let li: BrowserContext;
let page: Page;
let errors: string[];

beforeAll(async () => {
  [hub, server, browser] = await Promise.all([
    startTestHub({ settings: { roles: ['ingest', 'record', 'serve', 'stream'], recording: { free: 0 } } }),
    startCamera({ paths: ['live'], film: { width: 320, height: 180, fps, seconds: 10 } }),
    openBrowser(),
  ]);
  const { store, seal, world, bus } = hub.context;
  const cameras = [...world().cameras.values()].filter((each) => each.hall === hall);
  [whole, torn] = cameras as [Camera, Camera];
  await store.query('update camera set url = $2, enabled = false where hall = $1', [
    hall,
    seal.seal(server.url('live')),
  ]);
  await store.query("update camera set enabled = true, recording = 'watched' where id = any($1)", [
    [whole.id, torn.id],
  ]);
  await hub.backend.reload();
  began = Date.now() - 600_000;
  const film = await filmed();
  await record(whole, film, () => true);
  await record(torn, film, (second) => second < hole.from || second >= hole.to);
  const token = randomBytes(24).toString('base64url');
  await store.query('insert into source (id, name, token_hash, region, created_at) values ($1, $2, $3, $4, 0)', [
    'src',
    '区政务中心',
    createHash('sha256').update(token).digest(),
    '510104',
  ]);
  const event = { kind: 'case.accepted', region: '510104', matter: 'SC-01', window: whole.window };
  const sent = await fetch(`${hub.address}/api/ingest/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify([
      { ...event, id: 'e-1', casefile: 'E1', occurredAt: new Date(began + 50_000).toISOString() },
      { ...event, id: 'e-2', casefile: 'E2', occurredAt: new Date(began - 3 * 86_400_000).toISOString() },
    ]),
  });
  expect(sent.status, await sent.text()).toBe(200);
  await bus.connection.flush();
  ({ context: li, page, errors } = await enter('li'));
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
  await server?.stop();
});

async function enter(name: string, width = 1440): Promise<Awaited<ReturnType<typeof visit>>> {
  const cookie = (await hub.signIn({ name, role: 'inspector', region: '510104', organ })).split('=') as [
    string,
    string,
  ];
  const visitor = await visit(browser, hub.address, { width });
  visitor.page.setDefaultTimeout(slow.timeout);
  await visitor.context.addCookies([{ name: cookie[0], value: cookie[1], url: hub.address }]);
  return visitor;
}

async function filmed(): Promise<Buffer> {
  const input = await makeFilm({ width: 320, height: 180, fps, seconds: 10 });
  const { stdout } = await run(
    'ffmpeg',
    [
      ...['-loglevel', 'error', '-framerate', String(fps), '-i', input, '-c', 'copy', '-f', 'mp4'],
      ...['-movflags', 'frag_every_frame+empty_moov+default_base_moof+skip_trailer', '-'],
    ],
    { encoding: 'buffer', maxBuffer: 50_000_000 },
  );
  return Buffer.from(stdout);
}

/** Writes the film into the recording as the live path would have, second by second where `has` says so. */
async function record(camera: Camera, film: Buffer, has: (second: number) => boolean): Promise<void> {
  const recording = new Recording(hub.context);
  const window = new Window({ closed: (segment, init) => recording.take(camera.id, segment, init) });
  let pictures = 0;
  let time = 0;
  let wasGone = false;
  while (pictures < length * fps) {
    for (const each of new Boxes().push(film)) {
      if (each.kind === 'init') {
        if (pictures === 0) window.begin(each.bytes);
        continue;
      }
      retime(each, time, each.duration);
      time += each.duration;
      const isThere = has(pictures / fps);
      const at = began + (pictures / fps) * 1000;
      if (isThere)
        window.add({ bytes: each.bytes, duration: 1 / fps, key: each.key, at, cameraAt: at, broken: wasGone });
      wasGone = !isThere;
      pictures += 1;
      if (each.key) while (recording.state().waiting > 1_000_000) await sleep(2);
    }
  }
  await recording.stop();
}

interface Seen {
  at: number;
  shows: number;
  state: string;
}
// Scripts of the page are texts: the project's types know no DOM outside web/.
const seen = (tile: string, on = page): Promise<Seen> =>
  on.evaluate(`(() => {
    const { at, shows, state } = document.querySelector('[data-tile="${tile}"] [data-testid=recorded]').dataset;
    return { at: Number(at), shows: Number(shows), state };
  })()`);
const tileOf = (camera: Camera): string => camera.window ?? '';
const number = (camera: Camera): string => hub.context.world().windows.get(tileOf(camera))!.number;

/** Puts the hand on the slider. */
async function shift(at: number): Promise<void> {
  await page.getByTestId('shift').waitFor({ state: 'attached' });
  await page.evaluate(`{
    const input = document.querySelector('[data-testid=shift]');
    input.value = '${at}';
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }`);
}

describe('the time shift', () => {
  it('every tile shows the same moment, says that it is recorded, and why there is nothing', async () => {
    await page.goto('/?lang=zh');
    await page.locator(`[data-tile="${tileOf(whole)}"][data-state=playing]`).waitFor();
    await shift(began + 20_000);
    for (const camera of [whole, torn])
      await page.locator(`[data-tile="${tileOf(camera)}"] [data-testid=recorded][data-state=playing]`).waitFor();
    // It runs, and both pictures with it.
    const first = await seen(tileOf(whole));
    await expect.poll(async () => (await seen(tileOf(whole))).shows, slow).toBeGreaterThan(first.shows + 2_000);
    // A hitch of the machine lets a picture fall behind, and it comes back; pictures that go their own ways never stay together.
    let together = 0;
    await until('both to show the moment, ten looks long', async () => {
      const looks = await Promise.all([seen(tileOf(whole)), seen(tileOf(torn))]);
      together = looks.every(({ at, shows }) => Math.abs(shows - at) <= 500) ? together + 1 : 0;
      if (looks[0].at > began + hole.from * 1000 - 2_000) await shift(began + 20_000);
      return together >= 10;
    });
    const tile = page.locator(`[data-tile="${tileOf(whole)}"]`);
    expect(await tile.getAttribute('data-state')).toBe('recorded');
    expect(await tile.innerText()).toMatch(/录像 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);

    await page.getByTestId('shift-play').click();
    await shift(began + 60_000);
    await page.locator(`[data-tile="${tileOf(torn)}"] [data-testid=recorded][data-state=gap]`).waitFor();
    expect(await page.locator(`[data-tile="${tileOf(torn)}"]`).innerText()).toContain('摄像机离线');
    await page.locator(`[data-tile="${tileOf(whole)}"] [data-testid=recorded][data-state=playing]`).waitFor();
    await page.locator('[data-testid=timeline] [data-gap=offline]').first().waitFor({ state: 'attached' });
  });

  it('moves by the arrow keys and by a hand on the lanes, and one press leads back', async () => {
    const before = (await seen(tileOf(whole))).at;
    await page.getByTestId('shift').focus();
    for (let turn = 0; turn < 3; turn += 1) await page.keyboard.press('ArrowLeft');
    await expect.poll(async () => (await seen(tileOf(whole))).at).toBeLessThan(before - 25_000);
    const lane = page.locator('[data-testid=timeline] button').first();
    const box = (await lane.boundingBox())!;
    await page.mouse.move(box.x + box.width - 40, box.y + 8);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 8, { steps: 5 });
    await page.mouse.up();
    await expect
      .poll(async () => Math.abs(Date.now() - 1_800_000 - (await seen(tileOf(whole))).at))
      .toBeLessThan(300_000);
    await page.getByTestId('back-to-live').click();
    await page.locator(`[data-tile="${tileOf(whole)}"][data-state=playing]`).waitFor();
    expect(await page.getByTestId('recorded').count()).toBe(0);
  });

  it('earns no second of a visit (SC-11)', async () => {
    const { bus, store } = hub.context;
    const now = Date.now();
    const day = dayOf(now);
    const duty = { duty: 'shifted', hall, organ, day, required: 1, dueAt: endOf(day), article: 'art. 6' };
    await bus.publish({
      kind: 'patrol.planned',
      id: 'plan-shifted',
      region: '510104',
      source: 'test',
      occurredAt: now,
      ...duty,
    });
    await until('the duty', async () => (await store.query("select from duty where id = 'shifted'")).length > 0);
    await page.goto('/?lang=zh');
    await page.locator(`[data-tile="${tileOf(whole)}"][data-state=playing]`).waitFor();
    await page.getByTestId('start-visit').click();
    await page.getByTestId('finish-visit').waitFor();
    /** Lines that speak of pictures from a moment on, or of those that were recorded. */
    const lines = async (table: 'view_report' | 'delivery', from: number): Promise<number> => {
      const text = `select count(*) as n from ${table} where media_to > $1 or media_to < $2`;
      return (await store.query<{ n: number }>(text, [from, began + 300_000]))[0]!.n;
    };
    await until('reports of the live picture', async () => (await lines('view_report', now)) > 0);

    await shift(began + 20_000);
    await page.locator(`[data-tile="${tileOf(whole)}"] [data-testid=recorded][data-state=playing]`).waitFor();
    // What was seen before the hand moved may still be on its way: it is of before.
    const from = Date.now() + 1_000;
    const { shows } = await seen(tileOf(whole));
    await until('the recording to run', async () => (await seen(tileOf(whole))).shows > shows + 6_000);
    expect([await lines('view_report', from), await lines('delivery', from)]).toEqual([0, 0]);

    await page.getByTestId('back-to-live').click();
    await until('reports of the live picture', async () => (await lines('view_report', from)) > 0);
  });
});

describe('evidence', () => {
  it('is taken by a key at the moment that is shown, asked for, approved, and opened with its watermark', async () => {
    await shift(began + 40_000);
    await page.locator(`[data-tile="${tileOf(whole)}"] button[aria-pressed]`).click();
    await page.locator(`[data-tile="${tileOf(whole)}"] [data-testid=recorded][data-state=playing]`).waitFor();
    await page.keyboard.press('e');
    await page.getByTestId('evidence-why').fill('窗口空岗');
    await page.getByTestId('evidence-save').click();
    await page.getByTestId('see-evidence').click();
    await page.locator('[data-testid=evidence][data-state=complete]').waitFor();
    await page.getByTestId('manifest').getByText('clip', { exact: false }).first().waitFor();
    await page.getByTestId('verify').click();
    await page.locator('[data-testid=verified][data-ok=true]').waitFor();
    await page.getByTestId('purpose').fill('核实空岗');
    await page.getByTestId('request').click();
    await page.locator('[data-testid=release][data-state=requested]').waitFor();
    // SC-29: not one's own.
    expect(await page.getByTestId('approve').count()).toBe(0);

    const zhao = await enter('zhao', 390);
    await zhao.page.goto('/exhibits?lang=zh');
    await zhao.page.getByTestId('tab-requests').click();
    await zhao.page.getByTestId('release-row').click();
    await zhao.page.getByTestId('approve').click();
    await zhao.page.locator('[data-testid=release][data-state=released]').waitFor();
    await zhao.page.getByText('副本只给申请人打开').waitFor();
    expect(zhao.errors).toEqual([]);
    await zhao.context.close();

    await page.getByTestId('open-copy').click();
    await expect
      .poll(() => page.evaluate<number>("document.querySelector('[data-testid=copy]')?.videoWidth ?? 0"), slow)
      .toBeGreaterThan(0);
    expect(await page.locator('main').innerText()).not.toMatch(/evidence-|release-|cam-|win-|hall-/);
  });

  it('the window at the moment of an event: the recording of today, a release for what is older', async () => {
    await page.goto('/case/510104%3AE1');
    await page.getByTestId('moment-open').first().click();
    await page.getByTestId('moment').locator('[data-testid=recorded][data-state=playing]').waitFor();
    expect(await page.getByTestId('moment').innerText()).toContain(`${number(whole)}号窗口`);
    await page.keyboard.press('Escape');
    await page.goto('/case/510104%3AE2');
    await page.getByTestId('moment-open').first().click();
    await page.getByText('这一刻须经批准才能调阅').waitFor();
    await page.getByTestId('ask-release').click();
    await page.getByTestId('moment').getByText('已申请调阅').waitFor();
    const rows = await hub.context.store.query<{ act: string }>(
      "select body->>'act' as act from evidence_release where body->>'purpose' = '查看办件发生时的窗口'",
      [],
    );
    expect(rows).toEqual([{ act: 'view' }]);
    expect(errors).toEqual([]);
    await li.close();
  });
});
