/** What a person does at the desk and on the lists, a third of a second between two acts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';

const rest = 350;

/** One round of the desk: 23 interactions; with `tour`, ten more on the lists and back. */
export async function useDesk(
  page: Page,
  round: number,
  { tiles, tour }: { tiles: number; tour: boolean },
): Promise<void> {
  const act = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    await page.evaluate(`act('${name}')`);
    await work();
    await sleep(rest);
  };
  const key = (name: string, code: string): Promise<void> => act(name, () => page.keyboard.press(code));
  const press = (name: string, selector: string): Promise<void> =>
    act(name, () => page.locator(selector).first().click({ timeout: 60_000 }));
  const gone = (): Promise<void> => page.locator('dialog[open]').waitFor({ state: 'detached' });
  const tile = (at: number): string => `[data-tile]:not([data-testid=focused-tile] *) >> nth=${at % (tiles - 1)}`;

  await press('focus', tile(round));
  await press('focus', tile(round + 5));
  await key('arrow', 'ArrowRight');
  await key('arrow', 'ArrowDown');
  await key('enter', 'Enter');
  await key('finding', 'n');
  await page.locator('[data-testid^=finding-code]').first().waitFor();
  await press('code', '[data-testid^=finding-code]');
  await key('close', 'Escape');
  await gone();
  await key('evidence', 'e');
  await page.getByTestId('evidence-why').waitFor();
  await page.getByTestId('evidence-why').focus();
  await key('type', 'a');
  await key('close', 'Escape');
  await gone();
  const scope = page.locator('[data-part=signals] [role=group] button');
  await act('filter', () => scope.nth(0).click());
  await act('filter', () => scope.nth(1).click());
  await press('lane', `[data-testid=timeline] button[aria-pressed=false] >> nth=${round % (tiles - 1)}`);
  await press('bell', '[data-testid=bell]');
  await key('close', 'Escape');
  await key('help', '?');
  await page.locator('dialog[open]').waitFor();
  await key('close', 'Escape');
  await gone();
  if (!tour) return;

  await key('mode', '2');
  await key('mode', '4');
  await press('page', 'nav a[href="/signals"]');
  await page.locator('form[role=search]').waitFor();
  const views = page.locator('h1 + [role=group] button');
  await act('filter', () => views.last().click());
  await act('filter', () => views.first().click());
  await page.locator('form[role=search] select').last().focus();
  await key('filter', 'ArrowDown');
  await key('filter', 'ArrowUp');
  await press('page', 'nav a[href="/cases"]');
  await page.locator('form[role=search]').waitFor();
  await page.locator('form[role=search] input').first().focus();
  for (const each of '202') await key('type', each);
  await press('page', 'nav a[href="/"]');
  await page.getByTestId('wall').waitFor();
}
