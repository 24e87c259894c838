/** Pictures of pages, and whether a page still looks like the one that somebody looked at. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { projectFolder } from '../../hub/platform/migrate.ts';

/** Pictures are kept at half their size. */
const scale = 0.5;
/** One cell of the comparison, in pixels of the picture: as wide as two letters, so that their shapes do not count. */
const cell = 16;
/** How much the mean of a cell may differ, of 255: another digit is less, another word more. */
const tolerance = 14;
/** Cells that may differ more: a value that grew by a digit. A heading that moved is twice as many. */
const mostCells = 3;
/** What comes a moment later than the heading may come so late; where many pages changed, half as late for each. */
const patience = 30_000;

/** Not on the picture: what moves by itself, and the address that each run has of its own. */
const still = `
  time, video, canvas, [data-testid=board-qr] svg, [data-testid^='tile-'] .inset-0 p, [data-testid^='tile-'] .inset-0 .animate-spin { visibility: hidden !important }
  [data-testid^='tile-'] .dead { background: none !important }
  *, ::before, ::after { animation: none !important; transition: none !important; caret-color: transparent !important }
  ::-webkit-scrollbar { display: none }
`;

const isUpdate = process.env.UPDATE_REFERENCES === '1';
const references = join(projectFolder(), 'test', 'e2e', 'reference');
const reports = join(projectFolder(), 'test-results', 'pictures');

/** Takes and compares the pictures of one page of the browser. */
export class Pictures {
  readonly #page: Page;
  readonly #folder: string;
  #patience: number;
  #session: CDPSession | undefined;

  /** `folder`: where the references stand; `patienceMs`: how long a page may take to look like them. */
  constructor(page: Page, folder = references, patienceMs = patience) {
    this.#page = page;
    this.#folder = folder;
    this.#patience = patienceMs;
  }

  /** As `compare`, unless UPDATE_REFERENCES=1 stands in the environment: then what the window shows becomes the reference. */
  async unlike(name: string): Promise<string[]> {
    if (!isUpdate) return this.compare(name);
    await this.keep(name);
    return [];
  }

  /** What is wrong, if anything, with what the window shows beside the picture of that name. */
  async compare(name: string): Promise<string[]> {
    const kept = await readFile(join(this.#folder, `${name}.webp`)).catch(() => undefined);
    if (!kept) return [`no picture ${name}: look at the page and keep it (CONTRIBUTING.md)`];
    for (const end = Date.now() + this.#patience; ;) {
      const seen = await this.#take();
      const changed = await this.#difference(kept, seen);
      if (changed <= mostCells) return [];
      if (Date.now() < end) {
        await sleep(200);
        continue;
      }
      this.#patience /= 2;
      // Where somebody can look at it.
      const report = join(reports, `${name}.webp`);
      await mkdir(dirname(report), { recursive: true });
      await writeFile(report, seen);
      return [`${changed} cells of the picture ${name} changed: compare test-results/pictures/${name}.webp`];
    }
  }

  /** Keeps what the window shows as the picture of that name, once it shows the same twice. */
  async keep(name: string): Promise<void> {
    const file = join(this.#folder, `${name}.webp`);
    let seen = await this.#take();
    for (const end = Date.now() + patience; Date.now() < end;) {
      await sleep(200);
      const next = await this.#take();
      const changed = await this.#difference(seen, next);
      seen = next;
      if (changed === 0) break;
    }
    const kept = await readFile(file).catch(() => undefined);
    // What looks the same stays the same file.
    if (kept && (await this.#difference(kept, seen)) === 0) return;
    await mkdir(this.#folder, { recursive: true });
    await writeFile(file, seen);
  }

  /** What the window shows, as WebP. */
  async #take(): Promise<Buffer> {
    this.#session ??= await this.#page.context().newCDPSession(this.#page);
    const { width, height } = this.#page.viewportSize()!;
    await this.#page.evaluate(`new Promise((done) => {
      window.scrollTo(0, 0);
      document.activeElement?.blur();
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(${JSON.stringify(still)});
      window.shown = [...document.adoptedStyleSheets];
      document.adoptedStyleSheets = [...window.shown, sheet];
      document.fonts.ready.then(() => requestAnimationFrame(() => done()));
    })`);
    const clip = { x: 0, y: 0, width, height, scale };
    const { data } = await this.#session.send('Page.captureScreenshot', { format: 'webp', quality: 30, clip });
    await this.#page.evaluate('document.adoptedStyleSheets = window.shown');
    return Buffer.from(data, 'base64');
  }

  /** How many cells differ; all of them for pictures of different sizes. */
  #difference(one: Buffer, other: Buffer): Promise<number> {
    return this.#page.evaluate<number>(`(async () => {
      const cells = async (data) => {
        const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: 'image/webp' }));
        const [width, height] = [Math.ceil(image.width / ${cell}), Math.ceil(image.height / ${cell})];
        const context = new OffscreenCanvas(image.width, image.height).getContext('2d', { willReadFrequently: true });
        context.drawImage(image, 0, 0);
        const { data: pixels } = context.getImageData(0, 0, image.width, image.height);
        const sums = new Float64Array(width * height * 4);
        for (let at = 0, y = 0; y < image.height; y += 1)
          for (let x = 0; x < image.width; x += 1, at += 4) {
            const to = ((y / ${cell} | 0) * width + (x / ${cell} | 0)) * 4;
            for (let channel = 0; channel < 4; channel += 1) sums[to + channel] += pixels[at + channel];
          }
        return { size: image.width + ' ' + image.height, sums };
      };
      const [a, b] = await Promise.all([cells('${one.toString('base64')}'), cells('${other.toString('base64')}')]);
      if (a.size !== b.size) return a.sums.length / 4;
      let changed = 0;
      for (let at = 0; at < a.sums.length; at += 4) {
        // Alpha is always 255: its sum tells the number of pixels of the cell.
        const most = (${tolerance} * a.sums[at + 3]) / 255;
        if ([0, 1, 2].some((channel) => Math.abs(a.sums[at + channel] - b.sums[at + channel]) > most)) changed += 1;
      }
      return changed;
    })()`);
  }
}
