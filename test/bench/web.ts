import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { startVisitHall, type VisitHall } from '../support/visitHall.ts';
import { quantile, type Report } from './report.ts';
import { useDesk } from './webActs.ts';
import { addList, measureList } from './webList.ts';
import { firstPage, openTools, probe, takeActs, type Acts, type Tools } from './webPage.ts';
import { openSender, type Sender } from './webWork.ts';

const rate = 20;
const stored = 10_000;
/** One large, twelve small. */
const tiles = 13;
/** Half of the floor's are done before, half after. */
const rounds = 8;
const few = 20;

/**
 * web: the desk with thirteen cameras on the wall while twenty signals a second arrive, and the page of signals on a day of ten
 * thousand: interaction to next paint, memory by the minute, first row, scrolling, arrival. Floors: the same desk, as many signals
 * stored, with no picture and no signal that arrives; the same list with twenty. Chromium draws and decodes without a GPU, on the
 * cores that the hub, its servers and the cameras run on.
 */
export async function web(report: Report, { minutes = 2 }: { minutes?: number }): Promise<void> {
  const desk = await startVisitHall({ doors: true, windows: tiles });
  const { page, hub } = desk;
  try {
    const tools = await openTools(await page.context().newCDPSession(page));
    await page.addInitScript(probe);
    const sender = await openSender(hub);
    await switchCameras(desk, false);
    await page.goto('/');
    await page.getByTestId('start-visit').waitFor();
    const { size, files } = await firstPage(page);
    report.add({
      name: 'web.first',
      value: size,
      unit: 'kB',
      goal: '≤ 120',
      against: 'gzip, all that the desk needs before its code runs',
      n: files,
    });
    await desk.start();

    say(`${await sender.fill(few)} signals are stored`);
    const short = await measureList(page, sender, tools);
    const all = await sender.fill(stored);
    say(`${all} signals are stored`);
    addList(report, await measureList(page, sender, tools), short, all);

    await page.goto('/');
    await page.getByTestId('finish-visit').waitFor();
    const calm = await useAll(page, rounds / 2);
    const bare = await tools.memory();
    const idle = await tools.busyWhile(() => sleep(10_000));
    await switchCameras(desk, true);
    await page.goto('/');
    await playing(page);
    await underStream({ report, page, sender, tools, minutes, bare, idle, calm }, async () => {
      await switchCameras(desk, false);
      await page.goto('/');
      await page.getByTestId('finish-visit').waitFor();
      return useAll(page, rounds / 2);
    });
  } finally {
    await desk.stop();
  }
}

interface Under {
  report: Report;
  page: Page;
  sender: Sender;
  tools: Tools;
  minutes: number;
  /** What the page has and does with neither pictures nor arrivals. */
  bare: { heap: number; nodes: number };
  idle: number;
  calm: Acts;
}

/** The desk with all its pictures while signals arrive; `calmAgain` is the other half of the floor. */
async function underStream(
  { report, page, sender, tools, minutes, bare, idle, calm }: Under,
  calmAgain: () => Promise<Acts>,
): Promise<void> {
  const stream = sender.stream(rate);
  const started = Date.now();
  await sleep(10_000);
  // A machine that is held up brings fewer back in time; what was measured until then is not thrown away for it.
  const busy = await useAll(page, rounds, () => playing(page).catch((error: unknown) => say(String(error))));
  report.add({
    name: 'web.thread',
    value: await tools.busyWhile(() => sleep(10_000)),
    unit: 'ms/s',
    goal: '≤ 500',
    floor: idle,
    against: 'time of the main thread; the same desk with neither pictures nor arrivals',
    n: tiles,
  });
  const watched: { heap: number; nodes: number }[] = [];
  for (let minute = 0; minute <= minutes; minute += 1) {
    if (minute > 0) await sleep(60_000);
    watched.push(await tools.memory());
    report.add({
      name: `web.memory.${minute}min`,
      value: watched.at(-1)!.heap,
      unit: 'MB',
      goal: '≤ 150',
      floor: bare.heap,
      against: `script memory; ${watched.at(-1)!.nodes} nodes, ${bare.nodes} on the desk with neither pictures nor arrivals`,
      n: watched.at(-1)!.nodes,
    });
  }
  const moving = await page.locator('[data-tile][data-state=playing]').count();
  const lasted = (Date.now() - started) / 1_000;
  const arrived = await stream.stop();
  report.add({
    name: 'web.memory.growth',
    value: (watched.at(-1)!.heap - watched[0]!.heap) / minutes,
    unit: 'MB/min',
    goal: '≤ 1',
    against: `from ${watched[0]!.nodes} nodes to ${watched.at(-1)!.nodes}`,
    n: watched.length,
  });
  report.add({
    name: 'web.rate',
    value: arrived,
    unit: 'signals/s',
    goal: `${rate}`,
    against: 'signals that arrived meanwhile',
    n: Math.round(arrived * lasted),
  });
  report.add({
    name: 'web.tiles',
    value: moving,
    unit: 'pictures',
    goal: `${tiles}`,
    against: 'that played at the end',
    n: tiles,
  });
  for (const [name, took] of await calmAgain()) calm.set(name, [...(calm.get(name) ?? []), ...took]);
  addActs(report, busy, calm);
}

const say = (text: string): void => void process.stderr.write(`  ${text}\n`);

async function switchCameras({ hub, cameras }: VisitHall, enabled: boolean): Promise<void> {
  await hub.context.store.query('update camera set enabled = $2 where id = any($1)', [
    cameras.map(({ id }) => id),
    enabled,
  ]);
  await hub.backend.reload();
}

/** Until all pictures play. */
async function playing(page: Page): Promise<void> {
  const those = page.locator('[data-tile][data-state=playing]');
  for (const end = Date.now() + 90_000; (await those.count()) < tiles; await sleep(100))
    if (Date.now() > end) throw new Error(`not ${tiles} pictures within 90 s`);
}

async function useAll(page: Page, times: number, back?: () => Promise<void>): Promise<Acts> {
  await page.evaluate('acts.length = 0; interactions.clear()');
  for (let round = 0; round < times; round += 1) {
    const tour = round % 2 === 1;
    await useDesk(page, round, { tiles, tour });
    if (tour) await back?.();
  }
  return takeActs(page);
}

function addActs(report: Report, busy: Acts, calm: Acts): void {
  const add = (
    name: string,
    took: readonly number[],
    floor: readonly number[],
    shares: Record<string, number>,
  ): void => {
    for (const [part, share] of Object.entries(shares))
      report.add({
        name: `web.inp.${name}${part}`,
        value: quantile(took, share),
        unit: 'ms',
        goal: '≤ 200',
        floor: quantile(floor, share),
        against: 'the same desk with neither pictures nor arrivals',
        n: took.length,
      });
  };
  const every = [...busy.values()].flat();
  add('', every, [...calm.values()].flat(), { p50: 0.5, p95: 0.95, p98: 0.98, worst: 1 });
  for (const [name, took] of busy) add(`${name}.`, took, calm.get(name) ?? [], { p50: 0.5, p95: 0.95, worst: 1 });
}
