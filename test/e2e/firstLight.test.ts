/** The whole product once, in a real browser on the real demonstration: from a posted event and a camera to the ledger. */
import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHub, temporaryFolder, type TestHub } from '../support/hub.ts';
import { hide, openBrowser, signIn, visit } from '../support/browser.ts';

const region = '510104';
const token = randomBytes(24).toString('base64url');
let dataDir: string;
let hub: TestHub;
let browser: Browser;
let page: Page;
let errors: string[];

const startDemoHub = () => startTestHub({ dataDir, seed: false, settings: { demo: true } });

const send = (body: string): Promise<Response> =>
  fetch(`${hub.address}/api/ingest/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
  });

async function post(events: unknown): Promise<{ accepted: number; refusedCount: number }> {
  const answer = await send(JSON.stringify(events));
  expect(answer.status).toBe(200);
  return (await answer.json()) as { accepted: number; refusedCount: number };
}

const countOf = async (what: string): Promise<number> =>
  (await hub.context.store.query<{ n: number }>(`select count(*) as n from ${what}`))[0]!.n;

/** One that has limits of its own. */
const matter = 'SC-01';

const overdue = (number: string) => ({
  id: `e2e-${number}`,
  kind: 'case.accepted',
  region,
  casefile: number,
  matter,
  window: 'win-510104-1-07',
  occurredAt: '2026-03-02T09:00:00+08:00',
});

beforeAll(async () => {
  dataDir = await temporaryFolder();
  [hub, browser] = await Promise.all([startDemoHub(), openBrowser()]);
  await hub.context.store.query(
    'insert into source (id, name, token_hash, region, created_at) values ($1, $1, $2, $3, 0)',
    ['e2e', createHash('sha256').update(token).digest(), region],
  );
  ({ page, errors } = await visit(browser, hub.address));
}, 240_000);

afterAll(async () => {
  await browser.close();
  await hub.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 30_000);

// Scripts of the page are texts: the project's types know no DOM outside web/.
const played = '[...document.querySelectorAll("video")].map((video) => video.currentTime)';

/** Until every one of twelve tiles has played a second. */
async function untilAllAdvance(): Promise<void> {
  const now = () => page.evaluate<number[]>(played);
  await expect.poll(async () => (await now()).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(12);
  const before = await now();
  const advanced = async () => (await now()).filter((time, index) => time > (before[index] ?? 0) + 1).length;
  await expect.poll(advanced, { timeout: 90_000 }).toBeGreaterThanOrEqual(12);
}

async function startVisit(): Promise<void> {
  await page.getByTestId('start-visit').click();
  await page.getByTestId('finish-visit').waitFor({ timeout: 60_000 });
}

async function finishVisit(): Promise<string> {
  await page.getByTestId('finish-visit').click();
  const result = page.getByTestId('visit-result');
  await result.waitFor({ timeout: 60_000 });
  const text = (await result.textContent()) ?? '';
  await page.keyboard.press('Escape');
  await result.waitFor({ state: 'detached' });
  return text;
}

const visits = () =>
  hub.context.store.query<{ body: { counts: boolean; verified: number; needed: number; findings: number } }>(
    "select body from visit where state = 'finished' order by started_at",
  );

describe('first light', () => {
  it('signs in to a desk on which twelve tiles play, one of them with its true delay', async () => {
    await signIn(page, 'inspector', 'demo-inspector');
    await untilAllAdvance();
    const delay = page.getByTestId('delay').first();
    await delay.waitFor();
    await expect.poll(() => delay.textContent()).toMatch(/\d/);
    const seconds = Number(/[\d.]+/.exec((await delay.textContent()) ?? '')?.[0]);
    expect(seconds).toBeGreaterThan(0.2);
    expect(seconds).toBeLessThan(6);
  }, 180_000);

  it('shows the signal of an overdue case within a second of posting it', async () => {
    const took: number[] = [];
    for (const number of ['E2E-1', 'E2E-2', 'E2E-3', 'E2E-4', 'E2E-5']) {
      const seen = page
        .locator(`[data-testid=signal][data-casefile="${region}:${number}"]`)
        .first()
        .waitFor({ timeout: 30_000 });
      const from = performance.now();
      expect(await post(overdue(number))).toMatchObject({ accepted: 1, refusedCount: 0 });
      await seen;
      took.push(performance.now() - from);
    }
    // Other work on the machine only adds to it: the quickest says what the way itself takes.
    expect(Math.min(...took), took.join(' ')).toBeLessThan(1_000);
  }, 180_000);

  it('makes a visit that counts, with a finding and its picture', async () => {
    await startVisit();
    await page.getByTestId('tile-07').click();
    await page.keyboard.press('n');
    await page.getByTestId('finding-code-B01').click();
    await page.getByTestId('finding-note').fill('看手机');
    await page.getByTestId('finding-save').click();
    const done = page.getByTestId('finding-done');
    await done.waitFor({ timeout: 60_000 });
    const picture = done.locator('img').first();
    await picture.waitFor();
    await expect
      .poll(() => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
      .toBeGreaterThan(100);
    await page.keyboard.press('Escape');
    await page.locator('[role=status]').getByText('已达到计入标准').waitFor({ state: 'attached', timeout: 120_000 });
    await finishVisit();
    const [made] = await visits();
    expect(made!.body).toMatchObject({ counts: true, findings: 1 });
    expect(made!.body.verified).toBeGreaterThanOrEqual(made!.body.needed);
  }, 240_000);

  it('makes a visit that does not count: the tab was hidden', async () => {
    await startVisit();
    const show = await hide(page);
    await page.waitForTimeout(15_000);
    await show();
    await finishVisit();
    const [, made] = await visits();
    expect(made!.body.counts).toBe(false);
    expect(made!.body.verified).toBe(0);
  }, 60_000);

  it('recovers by itself when nats-server and PostgreSQL are killed, and loses nothing', async () => {
    const events = Array.from({ length: 600 }, (_, index) => ({
      id: `e2e-kill-${index}`,
      kind: 'case.received',
      region,
      casefile: `E2E-K-${index}`,
      matter,
      window: 'win-510104-1-03',
      occurredAt: '2026-03-02T09:00:00+08:00',
    }));
    // As a source does: a request that was not answered with 200 is repeated.
    const sending = (async () => {
      for (let from = 0; from < events.length; from += 20) {
        const body = JSON.stringify(events.slice(from, from + 20));
        const isTaken = () =>
          send(body).then(
            ({ status }) => status === 200,
            () => false,
          );
        while (!(await isTaken())) await sleep(200);
        await sleep(100);
      }
    })();
    const { nats, postgres } = hub.backend.servers();
    for (const pid of [nats, postgres]) {
      await sleep(500);
      process.kill(pid!, 'SIGKILL');
    }
    await sending;
    const like = "id like 'e2e-kill-%'";
    await expect.poll(() => countOf(`event where ${like}`), { timeout: 30_000 }).toBe(events.length);
    expect(await countOf(`event_id where ${like}`)).toBe(events.length);
    await untilAllAdvance();
    const seen = page
      .locator(`[data-testid=signal][data-casefile="${region}:E2E-9"]`)
      .first()
      .waitFor({ timeout: 20_000 });
    await post(overdue('E2E-9'));
    await seen;
  }, 180_000);

  it('has all of it in a whole ledger after a restart', async () => {
    await hub.stop();
    hub = await startDemoHub();
    const again = await visit(browser, hub.address);
    await signIn(again.page, 'inspector', 'demo-inspector');
    await again.page.goto('/ledger?tab=chain');
    await again.page.getByTestId('ledger-row').first().waitFor();
    for (const act of ['visit.finished', 'finding.recorded', 'visit.started', 'signal.issued']) {
      await again.page.locator(`[data-testid=ledger-row][data-act="${act}"]`).first().waitFor({ timeout: 20_000 });
    }
    await again.page.locator('[data-testid=chain][data-ok=true]').waitFor();
    expect(await countOf("ledger where act = 'visit.finished'")).toBe(2);
    expect([...errors, ...again.errors]).toEqual([]);
    await again.context.close();
  }, 120_000);
});
