/** What the twelve demonstration cameras show, and when. No real hall or person is shown. */
import type { Colour } from './canvas.ts';

export const size = { width: 640, height: 360 };
export const fps = 10;
/** Length of the loop: what is on the screen at its end is what was there at its beginning. */
export const seconds = 30;

export interface Scene {
  /** `window-07` */
  name: string;
  number: string;
  /** Accent colour of the counter. */
  accent: Colour;
  wall: Colour;
  hair: 'short' | 'long' | 'tied';
  uniform: Colour;
  skin: Colour;
  /** Horizontal place of the clerk, and on which side the screen stands. */
  x: number;
  screen: 1 | -1;
  /** Seconds of the loop, from and to. */
  away: readonly (readonly [number, number])[];
  phone: readonly (readonly [number, number])[];
  customer: readonly (readonly [number, number])[];
  /** A red plate says that the window is closed for the moment while the clerk is away. */
  plate: boolean;
}

const skins: Colour[] = [
  [226, 184, 154],
  [214, 170, 138],
  [235, 196, 168],
];
const uniforms: Colour[] = [
  [42, 58, 94],
  [38, 72, 92],
  [58, 62, 74],
];

export type Span = readonly (readonly [number, number])[];
const scene = (
  number: number,
  accent: Colour,
  away: Span,
  phone: Span,
  customer: Span,
  more: Partial<Pick<Scene, 'plate' | 'hair' | 'x' | 'screen'>> = {},
): Scene => ({
  name: `window-${String(number).padStart(2, '0')}`,
  number: String(number).padStart(2, '0'),
  accent,
  wall: [186 + ((number * 7) % 22), 194 + ((number * 5) % 16), 202 + ((number * 11) % 14)],
  hair: (['short', 'long', 'tied'] as const)[number % 3]!,
  uniform: uniforms[(number * 2) % 3]!,
  skin: skins[number % 3]!,
  x: 322 + ((number * 37) % 56) - 28,
  screen: number % 2 ? 1 : -1,
  plate: false,
  away,
  phone,
  customer,
  ...more,
});

export const scenes: readonly Scene[] = [
  scene(
    1,
    [36, 92, 160],
    [],
    [],
    [
      [0, 11],
      [16, 30],
    ],
  ),
  scene(2, [170, 74, 62], [], [], [[5, 22]]),
  scene(3, [30, 120, 120], [[12, 19]], [], [[21, 29]]),
  scene(4, [88, 84, 160], [], [[14, 23]], []),
  scene(5, [176, 112, 40], [], [], [[0, 17]]),
  scene(6, [52, 124, 84], [[4, 13]], [], [[15, 28]]),
  scene(7, [34, 98, 172], [], [], [[2, 26]]),
  // Somebody waits: an empty counter would be as still as a frozen picture, because these films have no noise of a lens.
  scene(8, [150, 60, 90], [[1, 29]], [], [[3, 27]], { plate: true }),
  scene(9, [44, 130, 140], [], [], [[8, 25]]),
  scene(10, [96, 108, 52], [[16, 27]], [], [[3, 13]]),
  scene(11, [70, 122, 60], [], [[6, 12]], [[16, 29]]),
  scene(
    12,
    [40, 86, 140],
    [],
    [],
    [
      [0, 9],
      [12, 20],
      [23, 30],
    ],
  ),
];
