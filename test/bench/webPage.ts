/** What a page says of itself while it is used: how long interactions took, when rows were painted, how evenly frames came. */
import { gzipSync } from 'node:zlib';
import type { CDPSession, Page } from 'playwright-core';

/** An interaction that was shorter is not told by the browser: it counts as this. */
const threshold = 16;

/** One sort of interaction, and the milliseconds to the next paint of each that was done. */
export type Acts = Map<string, number[]>;

// As text: a function would be rewritten by the compiler with names that the page does not have.
export const probe = `{
  window.interactions = new Map();
  new PerformanceObserver((list) => {
    for (const { interactionId, startTime, duration, processingStart, processingEnd, name } of list.getEntries()) {
      if (!interactionId) continue;
      const known = interactions.get(interactionId);
      if (!known || duration > known.duration)
        interactions.set(interactionId, { startTime, duration, name, waited: processingStart - startTime, worked: processingEnd - processingStart });
    }
  }).observe({ type: 'event', durationThreshold: ${threshold}, buffered: true });
  window.acts = [];
  window.act = (name) => acts.push({ name, at: performance.now() });
  window.seen = new Map();
  const frame = (then) => requestAnimationFrame(() => setTimeout(then));
  // Only the rows that came: a page of a thousand is not searched at each.
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes) {
        const row = node.nodeType === 1 && (node.matches('[data-casefile]') ? node : node.querySelector('[data-casefile]'));
        if (!row || seen.has(row.dataset.casefile)) continue;
        // What this remembers must not look like the page's own growth.
        if (seen.size > 200) seen.clear();
        frame(() => seen.set(row.dataset.casefile, Date.now()));
      }
  }).observe(document, { childList: true, subtree: true });
  const row = '[data-testid=signal]';
  window.firstRow = (old) => new Promise((resolve) => {
    const look = () => {
      const now = document.querySelector(row);
      if (now && now !== old) frame(resolve);
      else requestAnimationFrame(look);
    };
    look();
  });
  window.filtered = async (which) => {
    const old = document.querySelector(row);
    const buttons = [...document.querySelectorAll('h1 + [role=group] button')];
    const from = performance.now();
    (which ? buttons.at(-1) : buttons[0]).click();
    await firstRow(old);
    return performance.now() - from;
  };
  window.frames = (milliseconds, step) => new Promise((resolve) => {
    const took = [];
    const from = performance.now();
    let last;
    let down = true;
    const next = (now) => {
      if (last !== undefined) took.push(now - last);
      last = now;
      if (now - from > milliseconds) return resolve(took);
      if (step > 0) {
        const { scrollTop, scrollHeight, clientHeight } = document.scrollingElement;
        if (scrollTop + clientHeight >= scrollHeight - 2) down = false;
        if (scrollTop <= 0) down = true;
        scrollBy({ top: down ? step : -step, behavior: 'instant' });
      }
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
}`;

/** What each act cost until the next paint: the longest of its interactions. Forgets what was done. */
export async function takeActs(page: Page): Promise<Acts> {
  type Told = { startTime: number; duration: number; name: string; waited: number; worked: number };
  const { done, told } = await page.evaluate<{ done: { name: string; at: number }[]; told: Told[] }>(
    '({ done: acts.splice(0), told: [...interactions.values()] })',
  );
  await page.evaluate('interactions.clear()');
  const acts: Acts = new Map();
  for (const [index, { name, at }] of done.entries()) {
    const until = done[index + 1]?.at ?? Infinity;
    const own = told.filter(({ startTime }) => startTime >= at && startTime < until);
    const worst = own.reduce<Told | undefined>(
      (most, each) => (each.duration > (most?.duration ?? 0) ? each : most),
      undefined,
    );
    acts.set(name, [...(acts.get(name) ?? []), Math.max(threshold, worst?.duration ?? 0)]);
    if (worst && worst.duration > 150)
      process.stderr.write(
        `  ${name} ${worst.name} ${worst.duration} ms: waited ${worst.waited.toFixed(0)}, worked ${worst.worked.toFixed(0)}\n`,
      );
  }
  return acts;
}

export interface Tools {
  /** Megabytes of script and the number of nodes, after the page's garbage was collected. */
  memory(): Promise<{ heap: number; nodes: number }>;
  /** Milliseconds of processor time that the page's main thread used meanwhile, for each second. */
  busyWhile(work: () => Promise<unknown>): Promise<number>;
}

export async function openTools(devtools: CDPSession): Promise<Tools> {
  // By the thread's own time: what the machine does beside it does not count.
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const measure = async (): Promise<(name: string) => number> => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return (name) => metrics.find((each) => each.name === name)?.value ?? Number.NaN;
  };
  return {
    async memory() {
      // Twice: what the first leaves to finalizers is taken by the second.
      await devtools.send('HeapProfiler.collectGarbage');
      await devtools.send('HeapProfiler.collectGarbage');
      const of = await measure();
      return { heap: of('JSHeapUsedSize') / 1e6, nodes: of('Nodes') };
    },
    async busyWhile(work) {
      const [before, from] = [await measure(), performance.now()];
      await work();
      const after = await measure();
      return ((after('TaskDuration') - before('TaskDuration')) * 1e6) / (performance.now() - from);
    },
  };
}

/** Kilobytes after gzip of the page and of every script and style that had been asked for when the desk's own script had come. */
export async function firstPage(page: Page): Promise<{ size: number; files: number }> {
  const names = await page.evaluate<string[]>(`{
    const built = performance.getEntriesByType('resource').filter(({ name }) => /\\.(js|css)$/.test(name));
    const until = built.find(({ name }) => name.includes('/Desk-')).responseEnd;
    [location.href, ...built.filter(({ startTime }) => startTime <= until).map(({ name }) => name)];
  }`);
  let size = 0;
  for (const name of names) size += gzipSync(await (await page.request.get(name)).body()).length;
  return { size: size / 1_000, files: names.length };
}
