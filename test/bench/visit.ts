import { setTimeout as sleep } from 'node:timers/promises';
import { startVisitHall } from '../support/visitHall.ts';
import type { Report } from './report.ts';

const seconds = 120;

/**
 * visit: an honest visit of two minutes to twelve windows in Chromium, by the thresholds of the pack as it is: seconds verified
 * at each window beside those that its <video> played.
 */
export async function visit(report: Report): Promise<void> {
  const desk = await startVisitHall();
  try {
    const { page } = desk;
    const tiles = page.locator('[data-tile][data-state=playing]');
    for (const end = Date.now() + 90_000; (await tiles.count()) < desk.cameras.length; await sleep(200))
      if (Date.now() > end) throw new Error(`not ${desk.cameras.length} pictures within 90 s`);
    const id = await desk.start();
    await page.evaluate(probe);
    await sleep(seconds * 1000);
    const played = await page.evaluate<number[]>('Object.values(played)');
    const { views, counts, verified, needed, watched = 0, refused = {} } = await desk.finish(id);
    const least = Math.min(...views.map((view) => view.seconds));
    const mean = (of: readonly number[]): number => of.reduce((sum, each) => sum + each, 0) / of.length;
    const n = views.length;
    const against = 'seconds that its <video> played meanwhile';
    report.add({ name: 'visit.least', value: least, unit: 's', goal: '≥ 100', floor: Math.min(...played), against, n });
    report.add({
      ...{ name: 'visit.mean', value: mean(views.map((view) => view.seconds)), unit: 's', floor: mean(played) },
      ...{ goal: '≥ 110', against, n },
    });
    report.add({
      name: 'visit.windows',
      value: verified ?? 0,
      unit: 'windows',
      goal: String(n),
      against: `${needed} needed; counts: ${counts}`,
      n,
    });
    report.add({
      name: 'visit.watched',
      value: watched,
      unit: 's',
      goal: '≥ 115',
      against: `of ${seconds} s, at one window or another`,
      n,
    });
    const worthless = Object.values(refused).reduce((sum, count) => sum + count, 0);
    report.add({
      name: 'visit.refused',
      value: worthless,
      unit: 'reports',
      goal: '0',
      against: 'reports of this page that counted nothing',
      n,
    });
  } finally {
    await desk.stop();
  }
}

// As text: a function would be rewritten by the compiler with names that the page does not have.
const probe = `{
  window.played = {};
  const before = {};
  setInterval(() => {
    for (const tile of document.querySelectorAll('[data-tile]')) {
      const name = tile.dataset.tile;
      const video = [...tile.querySelectorAll('video')].at(-1);
      const last = before[name];
      played[name] ??= 0;
      // A jump to the live edge is not played.
      if (video && last?.video === video) played[name] += Math.min(0.5, Math.max(0, video.currentTime - last.time));
      before[name] = video && { video, time: video.currentTime };
    }
  }, 250);
}`;
