/** An administrator's way from a device on the network to a camera on the wall, and back. */
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser, visit } from '../support/browser.ts';
import { startCamera, type CameraServer } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { answerProbes, probeMatch, startDevice, type Device } from '../support/onvif.ts';

const password = 'p w/@1';
let hub: TestHub;
let browser: Browser;
let lens: CameraServer;
let device: Device;
let probes: Awaited<ReturnType<typeof answerProbes>>;

beforeAll(async () => {
  [hub, browser, lens] = await Promise.all([
    startTestHub({ settings: { roles: ['record', 'serve', 'stream'], onvifInterfaces: ['lo'] } }),
    openBrowser(),
    startCamera({ paths: ['main'], user: 'admin', password, film: { seconds: 4 } }),
  ]);
  const uri = `rtsp://10.0.0.9:${lens.port}/main`;
  const profile = { token: 'p', source: 'l', encoding: 'H264', width: 640, height: 360, fps: 15, gov: 15, uri };
  device = await startDevice({ user: 'admin', password, profiles: [profile] });
  probes = await answerProbes([
    probeMatch(`http://127.0.0.1:${device.port}/onvif/device_service`, `onvif://www.onvif.org/name/C-${device.port}`),
  ]);
  await hub.context.store.query('delete from camera', []);
  await hub.backend.reload();
});
afterAll(async () => {
  probes?.stop();
  await browser?.close();
  await Promise.all([hub?.stop(), lens?.stop(), device?.stop()]);
});

/**
 * What people do who see nothing come: they press again. A search lasts three seconds, a device and its stream are given ten at most, and a
 * machine that is held up may miss them.
 */
async function untilSeen(wanted: Locator, button: Locator): Promise<void> {
  const isSeen = async (): Promise<boolean> => {
    const seen = () =>
      wanted.waitFor({ timeout: 15_000 }).then(
        () => true,
        () => false,
      );
    if (await seen()) return true;
    await button.click();
    return seen();
  };
  await expect.poll(isSeen, { timeout: 60_000 }).toBe(true);
}

it('finds a device, tests its stream, adds it, and switches it off with a reason', async () => {
  const { context, page, errors } = await visit(browser, hub.address, { width: 1024, height: 768 });
  page.setDefaultTimeout(60_000);
  const cookie = await hub.signIn({ name: 'admin', role: 'administrator', region: '510104' });
  const [name, value] = cookie.split('=') as [string, string];
  await context.addCookies([{ name, value, url: hub.address }]);
  await page.goto('/cameras?lang=zh');
  await page.getByText('还没有点位').waitFor();

  await page.getByTestId('search').click();
  const found = page.getByTestId('found').filter({ hasText: `C-${device.port}` });
  await untilSeen(found, page.getByRole('button', { name: '再搜索一次' }));
  await found.click();
  await page.getByTestId('device-user').fill('admin');
  await page.getByTestId('device-password').fill('wrong');
  await page.getByTestId('device-ask').click();
  const ask = page.getByTestId('device-ask');
  await untilSeen(page.getByText('设备拒绝了这个账号和密码。'), ask);
  await page.getByTestId('device-password').fill(password);
  await page.keyboard.press('Enter');
  await untilSeen(page.getByTestId('use-0'), ask);
  await page.getByTestId('use-0').click();

  expect(await page.getByTestId('address').inputValue()).toBe(`rtsp://127.0.0.1:${lens.port}/main`);
  await page.getByTestId('window').selectOption('win-510104-1-07');
  await page.getByTestId('try').click();
  await untilSeen(page.locator('[data-testid=check][data-ok=true]'), page.getByTestId('try'));
  const width = (): Promise<number> => page.evaluate(`document.querySelector('[data-testid=check] img')?.naturalWidth`);
  await expect.poll(width).toBe(480);
  await page.getByTestId('save').click();
  const row = page.getByTestId('camera-row');
  await row.getByText('07号窗口').waitFor();
  expect(await row.innerText()).toContain(`rtsp://127.0.0.1:${lens.port}/main`);

  await page.getByTestId('switch-off').click();
  expect(await page.getByTestId('switch').isDisabled()).toBe(true);
  await page.getByTestId('reason').fill('窗口装修');
  await page.getByTestId('switch').click();
  await row.getByText('admin：窗口装修').waitFor();
  await page.getByTestId('switch-on').waitFor();

  // What an encoder pushes with is shown this once.
  await page.getByTestId('add').click();
  await page.getByTestId('push').click();
  await page.getByTestId('name').fill('大厅入口');
  if ((await page.getByTestId('hall').inputValue()) === '')
    await page.getByTestId('hall').selectOption('hall-510104-1');
  await page.getByTestId('save').click();
  expect(await page.getByTestId('key').innerText()).toMatch(/^rtmp:\/\/127\.0\.0\.1:1935\/push\/cam-\w+\?key=\S{32}$/);
  await page.getByText('PUSH_PORT').waitFor();
  await page.getByTestId('done').click();
  await page.getByTestId('camera-key').waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain('?key=');
  expect(errors).toEqual([]);
  await context.close();
});
