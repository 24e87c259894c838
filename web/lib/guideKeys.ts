/** The keys of each page, as its parts listen to them. */
type Line = readonly [keys: string, word: KeyWord];
type KeyWord =
  | 'skip'
  | 'help'
  | 'close'
  | 'move'
  | 'focus'
  | 'modes'
  | 'page'
  | 'rotate'
  | 'full'
  | 'snapshot'
  | 'sound'
  | 'finding'
  | 'evidence'
  | 'back'
  | 'seconds'
  | 'minutes'
  | 'live'
  | 'pause'
  | 'save'
  | 'line';

export interface KeyGroup {
  word: 'keys.all' | 'keys.desk' | 'keys.timeline' | 'keys.finding' | 'keys.signal';
  lines: readonly Line[];
}

const everywhere: KeyGroup = {
  word: 'keys.all',
  lines: [
    ['Tab', 'skip'],
    ['?', 'help'],
    ['Esc', 'close'],
  ],
};
const desk: KeyGroup = {
  word: 'keys.desk',
  lines: [
    ['← ↑ → ↓', 'move'],
    ['Enter', 'focus'],
    ['1–5', 'modes'],
    ['PgUp PgDn', 'page'],
    ['Space', 'rotate'],
    ['F', 'full'],
    ['S', 'snapshot'],
    ['M', 'sound'],
    ['N', 'finding'],
    ['E', 'evidence'],
    ['Esc', 'back'],
  ],
};
const timeline: KeyGroup = {
  word: 'keys.timeline',
  lines: [
    ['← →', 'seconds'],
    ['PgUp PgDn', 'minutes'],
    ['Space', 'pause'],
    ['End', 'live'],
  ],
};
const finding: KeyGroup = {
  word: 'keys.finding',
  lines: [
    ['Enter', 'save'],
    ['Shift Enter', 'line'],
  ],
};
const signal: KeyGroup = { word: 'keys.signal', lines: [['Ctrl Enter', 'save']] };

/** What a page answers to, the general last. */
export function keysOf(path: string): readonly KeyGroup[] {
  if (path === '/') return [desk, timeline, finding, signal, everywhere];
  if (path === '/signals' || path.startsWith('/signal/')) return [signal, everywhere];
  return [everywhere];
}
