/** Every page as the people who may open it see it: in both languages, on a desk, a tablet and a phone, with something in it. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from '../support/axe.ts';
import { openBrowser, visit } from '../support/browser.ts';
import { badDialogs, unreached } from '../support/keyboard.ts';
import { textsOf, Told } from '../support/language.ts';
import { unreadable } from '../support/layout.ts';
import { Pictures } from '../support/picture.ts';
import { root, trackedFiles } from '../support/tree.ts';
import { startTestHub, temporaryFolder, type TestAccount, type TestHub } from '../support/hub.ts';
import { dictionary } from '../../web/lib/dictionary.ts';
import { dayOf, nextDay } from '../../hub/model/calendar.ts';
import { seedFrom } from '../../seeds/load.ts';

const region = '510104';
const token = randomBytes(24).toString('base64url');
const people = {
  li: { name: 'li', role: 'inspector', region, organ: 'organ-510104' },
  // Walks the other half of an inspector's pages meanwhile.
  lin: { name: 'lin', role: 'inspector', region },
  zhao: { name: 'zhao', role: 'inspector', region: '510000', organ: 'organ-510000' },
  wang: { name: 'wang', role: 'hallManager', region, hall: 'hall-510104-1' },
  admin: { name: 'admin', role: 'administrator', region: '510000' },
  mei: { name: 'mei', role: 'cataloguer', region },
  sun: { name: 'sun', role: 'postUser', region },
  guan: { name: 'guan', role: 'overseer', region: '510000' },
} satisfies Record<string, TestAccount>;
type Who = keyof typeof people;

let hub: TestHub;
let browser: Browser;
const cookies = {} as Record<Who, string>;
/** Pages with the ids that only the running hub knows. */
const found = { signal: '', urge: '', draft: '', finding: '' };

async function ask<T>(who: Who, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${hub.address}/api${path}`, {
    method,
    headers: { cookie: cookies[who], ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T;
  expect(response.status, `${path} ${JSON.stringify(answer).slice(0, 300)}`).toBeLessThan(300);
  return answer;
}

async function overdueSignal(): Promise<string> {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const { items } = await ask<{ items: { id: string; casefile?: string; level: string }[] }>('li', 'GET', '/signals');
    const serious = items.find(({ level }) => level === 'serious');
    if (serious) return serious.id;
    await sleep(200);
  }
  throw new Error('the clock found no overdue casefile');
}

async function plannedDuty(): Promise<string> {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const { duties } = await ask<{ duties: { id: string }[] }>('li', 'GET', '/duties');
    if (duties[0]) return duties[0].id;
    await sleep(200);
  }
  throw new Error('no duty was planned');
}

beforeAll(async () => {
  [hub, browser] = await Promise.all([
    startTestHub({ seed: false, settings: { roles: ['ingest', 'record', 'serve', 'notify'] } }),
    openBrowser(),
  ]);
  const { store, seal } = hub.context;
  await seedFrom(join(root, 'seeds'), store, seal.seal);
  // The planner keeps a seed that is there: the same halls are drawn in each run, today and the next time.
  const today = dayOf(Date.now());
  for (const drawn of [today, nextDay(today)])
    await store.query(
      `insert into draw_seed (draw, day, made_at, seed) select $1 || ':' || id, $1::date, $2, $3 from organ`,
      [drawn, Date.now(), seal.seal('5'.repeat(64))],
    );
  await hub.backend.reload();
  for (const who of Object.keys(people) as Who[]) cookies[who] = await hub.signIn(people[who]);
  await store.query("update account set department = '510104-city' where name = 'sun'", []);
  await store.query('insert into source (id, name, token_hash, region, created_at) values ($1, $2, $3, $4, 0)', [
    'src',
    '区政务中心',
    createHash('sha256').update(token).digest(),
    region,
  ]);
  // The first line of the ledger.
  const duty = await plannedDuty();
  const accepted = {
    kind: 'case.accepted',
    region,
    casefile: 'A1',
    matter: 'SC-01',
    window: 'win-510104-1-07',
    occurredAt: '2026-03-02T09:00:00+08:00',
  };
  const sent = await fetch(`${hub.address}/api/ingest/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify([{ ...accepted, id: 'pages-1' }]),
  });
  expect(sent.status).toBe(200);
  const signal = await overdueSignal();
  const path = `/signals/${encodeURIComponent(signal)}`;
  const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const urged = await ask<{ urges: { year: number; number: number }[] }>('li', 'POST', `${path}/urge`, {
    text: '请办结',
    correctBy: day(5),
  });
  await ask('li', 'POST', `${path}/inquiry`, { text: '移送调查' });
  const { text } = await ask<{ text: string }>('zhao', 'GET', '/packs/sichuan-2011/text');
  const draft = await ask<{ id: string }>('zhao', 'POST', '/packs/drafts', { text });
  const visited = await ask<{ id: string; windows: string[] }>('li', 'POST', '/visits', { duty });
  const finding = await ask<{ id: string }>('li', 'POST', `/visits/${visited.id}/findings`, {
    window: visited.windows[0],
    code: 'A04',
    note: '窗口无人值守',
  });
  await ask('li', 'POST', `/visits/${visited.id}/finish`, {});
  found.finding = `/finding/${encodeURIComponent(finding.id)}`;
  found.signal = `/signal/${encodeURIComponent(signal)}`;
  found.urge = `${found.signal}/urge/${urged.urges[0]?.year}-${urged.urges[0]?.number}`;
  found.draft = `/packs/drafts/${draft.id}`;
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
});

type Walker = Who | 'nobody';
const walks: Record<Walker, () => string[]> = {
  li: () => [
    ...[
      '/',
      '/signals?state=all',
      found.signal,
      found.urge,
      found.finding,
      '/inquiries',
      '/cases',
      '/case/510104%3AA1',
    ],
    ...['/statistics', '/numbers', '/mine'],
  ],
  lin: () => [
    ...['/matters', '/matter/510000/SC-01', '/packs', '/packs/sichuan-2011', '/packs/foshan', '/ledger'],
    ...['/ledger?tab=chain', '/exhibits', '/holds', '/findings', '/presence', '/sources', '/system', '/no-such-page'],
  ],
  zhao: () => [found.draft, '/draw'],
  wang: () => ['/hall', '/findings', found.finding, '/presence', found.signal, '/ledger', '/exhibits'],
  admin: () => [
    ...['/system', '/sources', '/cameras', '/admin/halls', '/admin/organs', '/admin/people', '/admin/calendar'],
    ...['/admin/contacts', '/account'],
  ],
  mei: () => ['/matters', '/matter/510000/SC-01'],
  sun: () => ['/entry', '/verify', '/cases'],
  guan: () => ['/watchers', '/numbers', '/ledger'],
  nobody: () => ['/sign-in', '/board/hall-510104-1', '/enquiry/hall-510104-1', '/verify'],
};
/** The first who opens a page has a picture of it; the others see it in one size a language. */
const isFirst = (who: Walker, path: string): boolean =>
  Object.entries(walks).find(([, paths]) => paths().includes(path))?.[0] === who;
/** What a picture of a page is called. */
function nameOf(who: Walker, path: string): string {
  const known = Object.entries(found).find(([, each]) => each === path)?.[0];
  return `${who}-${known ?? (path === '/' ? 'desk' : path.slice(1).replace(/\W+/g, '-'))}`;
}
/** Buttons that open a dialog, wherever they stand. */
const openers = [
  ...['add', 'add-window', 'edit', 'close', 'search', 'keeping', 'switch-off', 'switch-on', 'manage', 'import'],
  ...[
    'reconcile',
    'enter',
    'file',
    'file-01',
    'person',
    'issue',
    'record-finding',
    'do-respond',
    'do-rectify',
    'do-appeal',
  ],
  ...['do-verify', 'do-lookBack', 'revoke', 'explain', 'correct', 'sign', 'inquiry-close', 'draw-proof', 'draw-swap'],
  ...['release', 'answer'],
];
/** Dialogs behind a picture, or behind a step that this walk does not take: the same part shows them. */
const elsewhere = [
  ...['camera-key', 'camera-test', 'evidence-dialog', 'explain-dialog', 'finding-dialog', 'given-password', 'help'],
  ...['matter-dialog', 'moment', 'sign-dialog', 'stays-dialog', 'visit-result'],
];

const keys = new Set(Object.keys(dictionary).filter((key) => key.includes('.')));
/** Ids where a name belongs, machine times, and values that were never there. */
const raw =
  /\b(organ|win|hall|cam|source)-\d|\b(overdue|due-today)-\w|\d{4}-\d\d-\d\dT\d\d:|\bundefined\b|\bNaN\b|\[object /;

/** Each is one change of size or of language from the one before. */
const views = [
  ['zh', 1440, 900],
  ['zh', 1024, 768],
  ['zh', 390, 844],
  ['en', 390, 844],
  ['en', 1024, 768],
  ['en', 1440, 900],
] as const;

interface Look {
  text: string;
  headings: number;
  /** Pixels that the page is wider than the screen. */
  over: number;
  isBusy: boolean;
}
// Scripts of the page are texts: the project's types know no DOM outside web/.
const look = (page: Page): Promise<Look> =>
  page.evaluate(`({
    text: document.body.innerText,
    headings: document.querySelectorAll('h1').length,
    over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    isBusy: document.querySelector('main .animate-pulse') !== null,
  })`);

/** How long a page may take to stand as it should, ms. */
const patience = 30_000;

/** Until the page has its heading and nothing is being loaded. */
async function settled(page: Page): Promise<void> {
  for (const end = Date.now() + patience; Date.now() < end; await sleep(50)) {
    const { headings, isBusy } = await look(page);
    if (headings > 0 && !isBusy) return;
  }
}

/** What is wrong with the page as it stands for `patienceMs`; what is so for a moment, while it is being laid out, is not. */
async function faultsOf(page: Page, lang: 'zh' | 'en', told: Told, patienceMs: number): Promise<string[]> {
  for (const end = Date.now() + patienceMs; ; await sleep(200)) {
    const { text, headings, over, isBusy } = await look(page);
    const lines = text.split('\n').map((line) => line.trim());
    const faults = [
      ...(headings === 1 ? [] : [`${headings} headings`]),
      ...(isBusy ? ['still loading'] : []),
      ...(over > 0 ? [`${over} px too wide`] : []),
      ...lines.filter((line) => keys.has(line) || raw.test(line)),
      ...(await unreadable(page)),
      ...(await told.strange(lang, await textsOf(page))).map((each) => `in another language: ${each}`),
    ];
    if (faults.length === 0 || Date.now() > end) return faults;
  }
}

describe('every page', { timeout: 600_000 }, () => {
  const opened = new Set<string>();

  it.concurrent.each(Object.keys(walks) as Walker[])('%s: whole, in words, as it was looked at', async (who) => {
    const { context, page, errors } = await visit(browser, hub.address);
    if (who !== 'nobody') {
      const [name, value] = cookies[who].split('=') as [string, string];
      await context.addCookies([{ name, value, url: hub.address }]);
    }
    page.on('console', (message) => {
      // No camera runs here: their playlists are missing, and the tiles say so. A page may be left before its socket is open.
      // Whoever has not signed in is asked who they are; nothing on this network answers a search for devices.
      const isExpected =
        /\/live\/|\/api\/session|\/api\/onvif\/search/.test(message.location().url) ||
        /WebSocket.*closed before/.test(message.text());
      if (message.type() === 'error' && !isExpected) errors.push(message.text());
    });
    const told = new Told(page);
    const pictures = new Pictures(page);
    const wrong: string[] = [];
    for (const path of walks[who]()) {
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(`${path}${path.includes('?') ? '&' : '?'}lang=zh`, { waitUntil: 'domcontentloaded' });
      const isPictured = isFirst(who, path);
      for (const [lang, width, height] of views) {
        if (!isFirst(who, path) && (width === 1024 || (lang === 'en') !== (width === 1440))) continue;
        await page.setViewportSize({ width, height });
        await settled(page);
        // In the menu of the person, which stays closed.
        const code = lang === 'zh' ? 'zh-CN' : 'en';
        await page.locator(`button[lang="${code}"]`).dispatchEvent('click');
        await page.locator(`html[lang="${code}"]`).waitFor({ state: 'attached' });
        await settled(page);
        const faults = [
          // Where much is wrong, less is waited for.
          ...(await faultsOf(page, lang, told, patience / (1 + wrong.length))),
          ...(isPictured ? await pictures.unlike(`${nameOf(who, path)}-${lang}-${width}`) : []),
          ...(lang === 'zh' && width !== 1024 ? await violations(page) : []),
          ...(lang === 'en' && width === 1440
            ? [...(await unreached(page)), ...(await badDialogs(page, openers, opened))]
            : []),
        ];
        wrong.push(...faults.map((each) => `${path} ${lang} ${width}: ${each}`));
      }
    }
    expect(wrong).toEqual([]);
    expect(errors).toEqual([]);
    await context.close();
  });

  it('every dialog was opened but those that stand behind more than a page', () => {
    const named = new Set<string>();
    for (const file of trackedFiles().filter((each) => each.startsWith('web/') && each.endsWith('.svelte'))) {
      const text = readFileSync(join(root, file), 'utf8');
      for (const [, id] of text.matchAll(/<Dialog\b[^]{0,200}?\stestid="([\w-]+)"/g)) named.add(id!);
    }
    expect([...opened, ...elsewhere].sort()).toEqual([...named].sort());
  });

  it('a page that changed is no longer like its picture, and one whose letters are drawn otherwise is', async () => {
    const { context, page } = await visit(browser, hub.address);
    const [name, value] = cookies.lin.split('=') as [string, string];
    await context.addCookies([{ name, value, url: hub.address }]);
    await page.goto('/signals?state=all&lang=en');
    await page.getByTestId('signal').first().waitFor();
    const folder = await temporaryFolder();
    const pictures = new Pictures(page, folder, 0);
    const style = async (rules: string): Promise<string[]> => {
      await page.addStyleTag({ content: rules });
      const said = await pictures.compare('signals');
      await page.evaluate(`document.querySelector('head style:last-of-type').remove()`);
      return said;
    };
    await pictures.keep('signals');
    expect(await style('* { text-rendering: geometricPrecision } main { filter: blur(0.4px) }')).toEqual([]);
    expect(await style('h1 { transform: translateY(40px) }')).toHaveLength(1);
    expect(await style('main .panel:first-of-type { visibility: hidden }')).toHaveLength(1);
    expect(await pictures.compare('another')).toEqual([expect.stringContaining('no picture another')]);
    await context.close();
    await rm(folder, { recursive: true });
  });

  it('what is wrong with a page is seen', async () => {
    const { context, page } = await visit(browser, hub.address);
    const told = new Told(page);
    await page.setContent(`<html lang="zh"><title>-</title><main><h1>页</h1><p title="第二">Not in words</p><button></button><img src="x">
      <p style="width:3em;overflow:hidden;white-space:nowrap">一二三四五</p><p style="position:absolute;top:9em">上</p><p style="position:absolute;top:9em">下</p>
      <button style="outline:none">一</button><a href="/" onkeydown="return false">二</a><button>三</button></main></html>`);
    expect((await violations(page)).map((line) => line.split(' ')[0])).toEqual(['button-name', 'image-alt']);
    const texts = await textsOf(page);
    expect(await told.strange('zh', texts)).toEqual(['Not in words']);
    expect(await told.strange('en', texts)).toEqual(['页', '一二三四五', '上', '下', '一', '二', '三', '第二']);
    expect(await unreadable(page)).toEqual(['cut: 一二三四五', 'one on the other: 上 | 下']);
    expect(await unreached(page)).toEqual(['Tab does not reach button 三', 'focus is not seen on button 一']);
    await context.close();
  });

  it('a page without the right says so and leads on', async () => {
    const { context, page } = await visit(browser, hub.address);
    const [name, value] = cookies.sun.split('=') as [string, string];
    await context.addCookies([{ name, value, url: hub.address }]);
    await page.goto('/ledger');
    await page.getByRole('heading', { name: '无权打开这一页' }).waitFor();
    await page.getByRole('link', { name: '回到首页' }).click();
    await page.waitForURL((url) => url.pathname === '/entry');
    await context.close();
  });

  it('on a phone the pages that find no room stand in a menu, and a dialog gives the focus back', async () => {
    const { context, page } = await visit(browser, hub.address, { width: 390, height: 844 });
    const [name, value] = cookies.li.split('=') as [string, string];
    await context.addCookies([{ name, value, url: hub.address }]);
    await page.goto('/cases');
    await page.getByTestId('more-pages').click();
    await page.getByRole('link', { name: '台账' }).click();
    await page.waitForURL((url) => url.pathname === '/ledger');
    // The menu is called after the page in it that is open.
    await page.getByTestId('more-pages').getByText('台账').waitFor();
    await page.goto(found.signal);
    await page.getByTestId('revoke').click();
    await page.getByTestId('signal-dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('signal-dialog').waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('document.activeElement?.dataset.testid')).toBe('revoke');
    await context.close();
  });
});
