/** The page of signals: how soon its rows are there, what a filter and a new signal cost, how it scrolls from end to end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { quantile, type Report } from './report.ts';
import type { Tools } from './webPage.ts';
import type { Sender } from './webWork.ts';

const times = 7;
const arrivalsMeasured = 15;
const perSecond = 20;
const steady = 8_000;

interface Measured {
  /** Rows that the page holds when all is loaded that it takes. */
  rows: number;
  /** Milliseconds from the navigation to the paint of the first row. */
  first: number[];
  /** Milliseconds from the press of a filter to the paint of its first row. */
  filter: number[];
  /** Milliseconds from the post of a case to the paint of its signal. */
  arrival: number[];
  /** Milliseconds between frames while the page is moved to its end and back within ten seconds. */
  drag: number[];
  /** The same with a hundred pixels a frame while twenty signals a second arrive. */
  scroll: number[];
  /** Milliseconds of the main thread a second: at rest, and while twenty signals a second arrive. */
  rest: number;
  busy: number;
}

export async function measureList(page: Page, sender: Sender, tools: Tools): Promise<Measured> {
  const first: number[] = [];
  for (let n = 0; n < times; n += 1) {
    await page.goto('/signals?state=all', { waitUntil: 'commit' });
    first.push(await page.evaluate<number>('firstRow().then(() => performance.now())'));
  }
  const filter: number[] = [];
  for (let n = 0; n < 2 * times; n += 1) {
    filter.push(await page.evaluate<number>(`filtered(${n % 2})`));
    await sleep(300);
  }
  const rows = await loadAll(page);
  const rest = await tools.busyWhile(() => sleep(3_000));
  const drag = await page.evaluate<number[]>('frames(10000, document.scrollingElement.scrollHeight / 250)');
  await page.evaluate('scrollTo(0, 0)');
  const arrival = await arrivals(page, sender);
  const stream = sender.stream(perSecond);
  // Until they come: the first of them have been on their way for a while.
  await sleep(2_000);
  const busy = await tools.busyWhile(() => sleep(steady));
  const scroll = await page.evaluate<number[]>(`frames(${steady}, 100)`);
  await stream.stop();
  return { rows, first, filter, arrival, drag, scroll, rest, busy };
}

/** Loads page by page until there is no more. Answers how many signals the list then has. */
async function loadAll(page: Page): Promise<number> {
  const count = async (): Promise<number> =>
    Number.parseInt((await page.locator('h1 ~ [role=status]').textContent()) ?? '');
  const more = page.getByTestId('more');
  while ((await more.count()) > 0) {
    const before = await count();
    await more.click();
    for (const end = Date.now() + 10_000; (await count()) <= before; await sleep(20))
      if (Date.now() > end) return before;
  }
  return count();
}

/** What a day of signals costs beside a list of a few. */
export function addList(report: Report, many: Measured, few: Measured, stored: number): void {
  const against = `the same with ${few.rows} signals`;
  const add = (name: string, goal: number, of: (each: Measured) => number[], share = 0.95): void =>
    report.add({
      name: `web.signals.${name}`,
      value: quantile(of(many), share),
      unit: 'ms',
      goal: `≤ ${goal}`,
      floor: quantile(of(few), share),
      against,
      n: of(many).length,
    });
  report.add({ name: 'web.signals.rows', value: many.rows, unit: 'rows', goal: `${stored}`, against, n: few.rows });
  add('first.p50', 1_000, (each) => each.first, 0.5);
  add('first.worst', 2_000, (each) => each.first, 1);
  add('filter.p95', 500, (each) => each.filter);
  add('arrival.p95', 2_000, (each) => each.arrival);
  add('drag.frame.p95', 100, (each) => each.drag);
  add('scroll.frame.p95', 34, (each) => each.scroll);
  report.add({
    name: 'web.signals.thread',
    value: (many.busy - many.rest) / perSecond,
    unit: 'ms/signal',
    goal: '≤ 10',
    floor: (few.busy - few.rest) / perSecond,
    against: `time of the main thread for one more signal; ${against}`,
    n: (perSecond * steady) / 1_000,
  });
}

/** Milliseconds from the post of a case to the paint of its first signal, one after another. */
async function arrivals(page: Page, sender: Sender): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < arrivalsMeasured; n += 1) {
    const { casefile, at } = await sender.one();
    const seen = `[...seen].find(([id]) => id.endsWith('${casefile}'))?.[1]`;
    let painted: number | undefined;
    for (const end = Date.now() + 30_000; painted === undefined; await sleep(20)) {
      painted = await page.evaluate<number | undefined>(seen);
      if (Date.now() > end) throw new Error(`no signal of ${casefile} was painted within 30 s`);
    }
    took.push(painted - at);
  }
  return took;
}
