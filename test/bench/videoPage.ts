import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { STRIP } from '../support/camera/index.ts';
import type { TestHub } from '../support/hub.ts';
import { socketPage } from '../support/socketPage.ts';

/** LL-HLS and plain HLS by hls.js with the settings of web/lib/player.ts; single pictures by web/lib/socketPlayer.ts. */
export type Way = 'llhls' | 'tile' | 'socket';

/** A page of the hub's own origin, signed in, that plays a camera in each way and reads the number of each picture it presents. */
export async function openPage(hub: TestHub, browser: Browser): Promise<Page> {
  const [name, value] = (await hub.signIn({ name: 'bench', role: 'inspector', region: '510104' })).split('=') as [
    string,
    string,
  ];
  const context = await browser.newContext({ bypassCSP: true });
  await context.addCookies([{ name, value, url: hub.address }]);
  const page = await context.newPage();
  await page.goto(`${hub.address}/healthz`);
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('hls.js/dist/hls.light.min.js') });
  await page.addScriptTag({ content: await socketPage() });
  // As text: a function would be rewritten by the compiler with names that the page does not have.
  await page.evaluate(`
    document.body.innerHTML = '<video muted playsinline width=640 height=360></video>';
    window.play = (way, camera) => new Promise((resolve, reject) => {
      window.stopPlaying?.();
      const video = document.querySelector('video');
      const canvas = new OffscreenCanvas(640, ${STRIP});
      const context = canvas.getContext('2d', { willReadFrequently: true });
      window.seen = [];
      const began = performance.now();
      let isOver = false;
      let stop = () => {};
      window.stopPlaying = () => {
        isOver = true;
        stop();
      };
      const frame = () => {
        if (isOver) return;
        context.drawImage(video, 0, 0, video.videoWidth, ${STRIP}, 0, 0, 640, ${STRIP});
        const { data } = context.getImageData(0, ${STRIP / 2}, 640, 1);
        let number = 0;
        for (let bit = 0; bit < 16; bit++) if (data[(bit * 40 + 20) * 4] > 128) number |= 1 << bit;
        window.seen.push([number, Date.now()]);
        resolve(performance.now() - began);
        video.requestVideoFrameCallback(frame);
      };
      video.requestVideoFrameCallback(frame);
      setTimeout(() => reject(new Error('no picture within 20 s')), 20000);
      if (way === 'socket') {
        openSocketPlayer(video, camera, '/live/socket.io', () => {}, () => reject(new Error('the socket player gave up'))).then(
          (player) => {
            stop = () => {
              player.close();
              line.disconnect();
            };
          },
          reject,
        );
        return;
      }
      const low = way === 'llhls';
      const hls = new Hls({ lowLatencyMode: low, backBufferLength: 10, maxBufferLength: 12, enableWorker: false, ...(low ? { maxLiveSyncPlaybackRate: 1.1 } : {}) });
      stop = () => hls.destroy();
      hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
      hls.on(Hls.Events.ERROR, (_, data) => data.fatal && reject(new Error(data.details)));
      hls.attachMedia(video);
      hls.loadSource('/live/' + camera + (low ? '/index.m3u8' : '/plain.m3u8'));
    })`);
  return page;
}

/** Milliseconds from asking for the camera to its first picture presented. */
export function firstPicture(page: Page, camera: string, way: Way): Promise<number> {
  return page.evaluate(`play(${JSON.stringify(way)}, ${JSON.stringify(camera)})`);
}
