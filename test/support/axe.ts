import axe from 'axe-core';
import type { Page } from 'playwright-core';

interface Fault {
  rule: string;
  impact: string;
  /** Selectors of the first elements. */
  at: string[];
}

/** What axe-core calls serious or critical on a page as it stands, one line a rule: the rule, how many, where first. */
export async function violations(page: Page): Promise<string[]> {
  const isLoaded = await page.evaluate<boolean>('window.axe !== undefined');
  if (!isLoaded) await page.evaluate(axe.source);
  const faults = await page.evaluate<Fault[]>(`axe
    .run(document, { resultTypes: ['violations'], elementRef: false })
    .then(({ violations }) =>
      violations.map(({ id, impact, nodes }) => ({ rule: id, impact, at: nodes.map(({ target }) => target.join(' ')) })),
    )`);
  return faults
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ rule, at }) => `${rule} (${at.length}): ${at.slice(0, 3).join(', ')}`);
}
