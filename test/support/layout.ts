/** Whether the texts of a page can be read: none cut off without a way to its whole, none on top of another. */
import type { Page } from 'playwright-core';

/** What is wrong with the texts that the window shows as it stands, each in words. */
export const unreadable = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const faults = new Set();
    const shown = [];
    const words = (text) => text.length > 40 ? text.slice(0, 40) + '…' : text;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const text = node.data.replace(/\\s+/g, ' ').trim();
      const element = node.parentElement;
      if (text === '' || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      if (element.closest('script, style, textarea, select, option, [aria-hidden="true"]')) continue;
      range.selectNodeContents(node);
      let boxes = [...range.getClientRects()].map(({ left, right, top, bottom }) => ({ left, right, top, bottom }));
      let [isCut, isForEars] = [false, false];
      for (let around = element; around && around !== document.body; around = around.parentElement) {
        const { overflowX, overflowY, position, display } = getComputedStyle(around);
        if (display === 'inline' || display === 'contents') continue;
        if (overflowX !== 'visible' || overflowY !== 'visible') {
          const frame = around.getBoundingClientRect();
          if (frame.width <= 1 || frame.height <= 1) isForEars = true;
          const hides = (overflow) => overflow === 'hidden' || overflow === 'clip';
          for (const box of boxes) {
            if (hides(overflowX) && (box.right > frame.right + 1.5 || box.left < frame.left - 1.5)) isCut = true;
            // A line is taller than its letters.
            const slack = (box.bottom - box.top) / 3;
            if (hides(overflowY) && (box.bottom > frame.bottom + slack || box.top < frame.top - slack)) isCut = true;
          }
          boxes = boxes
            .map((box) => ({
              left: Math.max(box.left, frame.left),
              right: Math.min(box.right, frame.right),
              top: Math.max(box.top, frame.top),
              bottom: Math.min(box.bottom, frame.bottom),
            }))
            .filter((box) => box.right > box.left && box.bottom > box.top);
        }
        if (position === 'fixed') break;
      }
      if (isForEars) continue;
      const isWhole = (each) => each.title?.replace(/\\s+/g, ' ').includes(text);
      let named = element;
      while (named && !isWhole(named)) named = named.parentElement;
      if (isCut && !named) faults.add('cut: ' + words(text));
      for (const box of boxes) {
        // Letters, without the room above and below them.
        const room = (box.bottom - box.top) / 4;
        const letters = { ...box, top: box.top + room, bottom: box.bottom - room, text, element };
        if (letters.bottom > 0 && letters.top < innerHeight) shown.push(letters);
      }
    }
    shown.sort((one, other) => one.top - other.top);
    const isOpaque = (element) => /^rgb\\(|, 1\\)$/.test(getComputedStyle(element).backgroundColor);
    for (const [index, one] of shown.entries())
      for (const other of shown.slice(index + 1)) {
        if (other.top >= one.bottom) break;
        const [left, right] = [Math.max(one.left, other.left), Math.min(one.right, other.right)];
        const [top, bottom] = [Math.max(one.top, other.top), Math.min(one.bottom, other.bottom)];
        if (one.element === other.element || right - left < 3 || bottom - top < 3) continue;
        const stack = document.elementsFromPoint((left + right) / 2, (top + bottom) / 2);
        const [first, second] = [stack.indexOf(one.element), stack.indexOf(other.element)].sort((a, b) => a - b);
        // One of them lies behind something that is not seen through.
        if (first < 0 || stack.slice(0, second).some((each, at) => (at >= first || at < first) && isOpaque(each))) continue;
        faults.add('one on the other: ' + words(one.text) + ' | ' + words(other.text));
      }
    return [...faults];
  })()`);
