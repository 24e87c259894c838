import type { Browser, BrowserContext, Page } from 'playwright-core';
import { dayOf, endOf } from '../../hub/model/calendar.ts';
import type { RulePack } from '../../hub/model/pack.ts';
import type { Visit } from '../../hub/model/state.ts';
import { openBrowser, visit } from './browser.ts';
import { startCamera, type CameraServer } from './camera/index.ts';
import { startTestHub, type TestHub } from './hub.ts';
import { addWindows } from './windows.ts';

const [region, hall] = ['510104', 'hall-510104-1'];
export const duty = 'duty-of-the-test';

export interface VisitHall {
  hub: TestHub;
  server: CameraServer;
  browser: Browser;
  context: BrowserContext;
  /** The desk of `li`, signed in. */
  page: Page;
  /** Its windows, in their order. */
  cameras: { id: string; window: string; number: string }[];
  /** Cookies of two inspectors of the hall's organ. */
  cookies: { li: string; script: string };
  start(): Promise<string>;
  /** Presses the button and answers what the record says; its dialog stays open. */
  finish(id: string): Promise<Visit>;
  visitOf(id: string): Promise<Visit>;
  stop(): Promise<void>;
}

/** A hall of twelve `windows` (or more) before real streams, an inspector's desk in Chromium, and a duty that wants visits. `doors`: events may be posted. */
export async function startVisitHall(
  options: { fps?: number; patrol?: Partial<RulePack['patrol']>; doors?: boolean; windows?: number } = {},
): Promise<VisitHall> {
  const [hub, browser] = await Promise.all([
    startTestHub({
      settings: { roles: [...(options.doors ? (['ingest'] as const) : []), 'record', 'serve', 'stream'] },
    }),
    openBrowser(),
  ]);
  const { store, seal, world, bus } = hub.context;
  await addWindows(hub, hall, options.windows ?? 12);
  const { cameras: known, windows, organs } = world();
  const cameras = [...known.values()]
    .filter((each) => each.hall === hall && each.window !== undefined)
    .map(({ id, window }) => ({ id, window: window!, number: windows.get(window!)!.number }))
    .sort((one, other) => one.number.localeCompare(other.number));
  const server = await startCamera({
    paths: cameras.map(({ id }) => id),
    film: { width: 320, height: 180, fps: options.fps ?? 10, seconds: 10 },
  });
  for (const { id } of cameras)
    await store.query('update camera set url = $2, enabled = true where id = $1', [id, seal.seal(server.url(id))]);
  if (options.patrol)
    await store.query(`update rule_pack set body = jsonb_set(body, '{patrol}', (body->'patrol') || $1::jsonb)`, [
      JSON.stringify(options.patrol),
    ]);
  await hub.backend.reload();
  const organ = [...organs.values()].find((each) => each.region === region)!.id;
  const day = dayOf(Date.now());
  await bus.publish({
    ...{ kind: 'patrol.planned', id: duty, duty, region, source: 'test', occurredAt: Date.now() },
    ...{ organ, hall, day, required: 20, dueAt: endOf(day), article: '测试' },
  });
  const [li, script] = await Promise.all(
    ['li', 'script'].map((name) => hub.signIn({ name, role: 'inspector', region, organ })),
  );
  const { context, page } = await visit(browser, hub.address);
  const [name, value] = li!.split('=') as [string, string];
  await context.addCookies([{ name, value, url: hub.address }]);
  await page.goto('/');

  async function visitOf(id: string): Promise<Visit> {
    const [row] = await store.query<{ body: Visit }>('select body from visit where id = $1', [id]);
    return row!.body;
  }
  return {
    ...{ hub, server, browser, context, page, cameras, visitOf },
    cookies: { li: li!, script: script! },
    async start() {
      await page.getByTestId('start-visit').click();
      await page.getByTestId('finish-visit').waitFor();
      const [row] = await store.query<{ id: string }>(
        `select id from visit where account = 'li' and state = 'open' order by started_at desc`,
      );
      return row!.id;
    },
    async finish(id) {
      await page.getByTestId('finish-visit').click();
      await page.getByTestId('visit-result').waitFor();
      return visitOf(id);
    },
    async stop() {
      await browser.close();
      await hub.stop();
      await server.stop();
    },
  };
}
