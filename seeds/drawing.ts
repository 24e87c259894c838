/**
 * Draws the pictures of the demonstration cameras: a service counter, its clerk (who works, looks at a phone or leaves)
 * and now and then a customer.
 */
import { box, Canvas, ellipse, limb, polygon, type Colour } from './canvas.ts';
import { fps, seconds, size, type Scene, type Span } from './scenes.ts';

const black: Colour = [12, 14, 18];
const white: Colour = [240, 243, 246];
const wood: Colour = [150, 116, 84];
/** The edge of the counter: whoever sits behind it is hidden below. */
const edge = 236;

/** Even noise of one sign for each place, always the same. */
function grain(x: number, y: number): number {
  const value = Math.sin(x * 12.9898 + y * 78.233) * 43758.5453;
  return value - Math.floor(value) - 0.5;
}

/** 1 inside a span, 0 outside, with `ease` seconds of passage at both ends. Spans do not reach over the loop's end. */
function within(spans: Span, at: number, ease: number): number {
  let most = 0;
  for (const [from, to] of spans) {
    // What lasts from the beginning to the end of the loop has no passage there.
    const rise = from === 0 ? 1 : (at - from) / ease;
    const fall = to === seconds ? 1 : (to - at) / ease;
    most = Math.max(most, Math.min(1, rise, fall));
  }
  const x = Math.max(0, most);
  return x * x * (3 - 2 * x);
}

/** A wave that has come round when the loop ends: `turns` of it. */
const wave = (at: number, turns: number, phase = 0): number => Math.sin((at / seconds) * 2 * Math.PI * turns + phase);

/** What does not move: wall, cabinets, window number, counter. */
export function drawRoom(scene: Scene): Canvas {
  const canvas = new Canvas(size.width, size.height);
  const n = Number(scene.number);
  canvas.paint(box(0, 0, 640, 250), { colour: scene.wall, shade: [0.74, 0.98] });
  canvas.paint(ellipse(180, 0, 150, 46), { colour: white, alpha: 0.34, soft: 60 });
  canvas.paint(ellipse(470, 0, 150, 46), { colour: white, alpha: 0.34, soft: 60 });
  // Cabinet with files on one side, notice board on the other.
  const left = scene.screen > 0;
  const cabinet = left ? 36 : 474;
  canvas.paint(box(cabinet + 4, 96, 132, 150, 3), { colour: black, alpha: 0.25, soft: 14 });
  canvas.paint(box(cabinet, 92, 130, 150, 3), { colour: [206, 198, 186], shade: [1, 0.84] });
  for (let shelf = 0; shelf < 3; shelf++) {
    canvas.paint(box(cabinet + 6, 98 + shelf * 46, 118, 40, 1), { colour: [122, 116, 110], shade: [0.6, 0.85] });
    for (let file = 0; file < 9; file++) {
      if (grain(n * 3 + shelf, file * 7 + n) > 0.3) continue;
      const tall = 28 + Math.round(grain(file + n, shelf) * 8);
      const tone: Colour = [
        [62, 98, 146],
        [158, 70, 64],
        [210, 200, 176],
        [74, 118, 92],
      ][(file * 5 + shelf * 3 + n) % 4] as unknown as Colour;
      canvas.paint(box(cabinet + 10 + file * 12.6, 137 + shelf * 46 - tall, 9.6, tall, 1), {
        colour: tone,
        shade: [1.05, 0.8],
      });
    }
  }
  const board = left ? 486 : 50;
  canvas.paint(box(board + 3, 105, 108, 82, 2), { colour: black, alpha: 0.25, soft: 10 });
  canvas.paint(box(board, 100, 108, 82, 2), { colour: [228, 230, 228], shade: [1, 0.93] });
  canvas.paint(box(board, 100, 108, 15, 1), { colour: scene.accent });
  for (let line = 0; line < 6; line++) {
    const long = 84 + grain(line, n) * 26;
    canvas.paint(box(board + 9, 123 + line * 9, long, 2.6, 1), { colour: [138, 144, 152], alpha: 0.8 });
  }
  const plant = left ? 452 : 196;
  for (let leaf = 0; leaf < 9; leaf++) {
    const lean = (leaf - 4) * 7;
    const tone: Colour = leaf % 2 ? [62, 112, 68] : [78, 134, 78];
    canvas.paint(limb(plant, 236, plant + lean, 190 + Math.abs(leaf - 4) * 5, 4), { colour: tone });
  }
  // Beam over the counter with its light strip and the window's number.
  canvas.paint(box(0, 0, 640, 46), { colour: scene.accent, shade: [0.62, 0.92] });
  canvas.paint(box(0, 46, 640, 4), { colour: [252, 250, 240] });
  canvas.paint(box(0, 50, 640, 12), { colour: white, alpha: 0.3, soft: 16 });
  canvas.paint(box(274, 4, 92, 40, 6), { colour: [20, 30, 48] });
  canvas.write(scene.number, 293, 6, 5, [255, 214, 110]);
  // Glass with posts.
  for (const post of [6, 634]) canvas.paint(box(post - 4, 48, 8, 190), { colour: [150, 156, 162], shade: [1.1, 0.9] });
  canvas.paint(polygon([60, 50], [130, 50], [10, 236], [10, 130]), { colour: white, alpha: 0.07, soft: 3 });
  canvas.paint(polygon([560, 50], [596, 50], [452, 236], [420, 236]), { colour: white, alpha: 0.07, soft: 3 });
  // Counter: top, front, panels.
  canvas.paint(polygon([0, edge], [640, edge], [640, 262], [0, 262]), { colour: wood, shade: [1.18, 0.98] });
  canvas.paint(box(0, 262, 640, 98), { colour: [206, 209, 212], shade: [0.8, 0.98] });
  canvas.paint(box(0, 261, 640, 4), { colour: [70, 54, 40] });
  canvas.paint(box(0, 318, 640, 8), { colour: scene.accent, alpha: 0.9 });
  for (let panel = 0; panel < 5; panel++)
    canvas.paint(box(panel * 160 - 14, 266, 2, 94), { colour: [120, 124, 130], alpha: 0.7 });
  const { pixels } = canvas;
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const far = Math.hypot((x - 320) / 420, (y - 180) / 300);
      const light = 1 - 0.34 * far * far;
      const noise = grain(x, y) * 6;
      const at = (y * size.width + x) * 3;
      for (let part = 0; part < 3; part++) pixels[at + part] = pixels[at + part]! * light + noise;
    }
  }
  return canvas;
}

function drawClerk(canvas: Canvas, scene: Scene, at: number): void {
  const n = Number(scene.number);
  const gone = within(scene.away, at, 1.4);
  canvas.paint(box(scene.x - 38, 150, 76, 100, 16), { colour: [46, 50, 58], shade: [1.2, 0.8], above: edge });
  if (gone >= 0.999) return;
  const phone = within(scene.phone, at, 0.6);
  // Stands up and walks off to the side of the cabinet.
  const x = scene.x + wave(at, 3, n) * 3 + wave(at, 7, n * 2) * 1.4 - scene.screen * gone * gone * 430;
  const lift =
    Math.sin(Math.min(1, gone * 3) * (Math.PI / 2)) * 34 - Math.abs(Math.sin(gone * 22)) * 3 * (gone > 0.3 ? 1 : 0);
  const y = 150 - lift + wave(at, 5, n) * 0.8;
  const nod = phone * 7 + Math.max(0, wave(at, 9, n)) * 2.4;
  const turn = (1 - phone) * (wave(at, 2, n * 1.7) * 5 + scene.screen * 2.5);
  const dark = scene.hair === 'tied' ? ([38, 30, 28] as const) : ([26, 24, 26] as const);
  const above = edge;

  canvas.paint(ellipse(x + 8, y + 70, 64, 60), { colour: black, alpha: 0.22, soft: 26, above });
  if (scene.hair === 'long') canvas.paint(box(x - 24 + turn * 0.3, y - 20, 48, 72, 20), { colour: dark, above });
  // Body with collar, tie and badge.
  canvas.paint(box(x - 50, y + 36, 100, 120, 34), { colour: scene.uniform, shade: [1.22, 0.86], above });
  canvas.paint(polygon([x - 16, y + 36], [x + 16, y + 36], [x, y + 70]), { colour: white, shade: [0.96, 0.86], above });
  canvas.paint(polygon([x - 4, y + 44], [x + 4, y + 44], [x + 5, y + 74], [x - 5, y + 74]), {
    colour: scene.accent,
    above,
  });
  canvas.paint(box(x + 18, y + 62, 18, 7, 1), { colour: [236, 214, 130], above });
  canvas.paint(box(x - 9, y + 18, 18, 26, 8), { colour: scene.skin, shade: [0.78, 0.9], above });
  // Head.
  const hx = x + turn * 0.5;
  const hy = y + nod;
  canvas.paint(ellipse(hx, hy - 5, 25, 28), { colour: dark, shade: [1.5, 0.9], above });
  if (scene.hair === 'tied')
    canvas.paint(ellipse(hx - turn * 0.8, hy - 35, 10, 9), { colour: dark, shade: [1.5, 1], above });
  canvas.paint(ellipse(hx + turn * 0.35, hy + 4 + nod * 0.3, 20, 23.5), {
    colour: scene.skin,
    shade: [1.06, 0.88],
    above,
  });
  canvas.paint(ellipse(hx + turn * 0.2, hy - 17, 21, 9), { colour: dark, shade: [1.3, 1], above });
  const blink = Math.abs(((at * 0.4 + n * 0.37) % 1) - 0.5) < 0.03 || phone > 0.4 ? 0.7 : 2;
  for (const side of [-1, 1]) {
    canvas.paint(ellipse(hx + turn + side * 8, hy + 3 + nod * 0.5, 2.3, blink), { colour: black, alpha: 0.85, above });
    canvas.paint(box(hx + turn + side * 8 - 4, hy - 3.5 + nod * 0.5, 8, 1.8, 0.8), {
      colour: dark,
      alpha: 0.75,
      above,
    });
  }
  canvas.paint(box(hx + turn - 4.5, hy + 16 + nod * 0.5, 9, 2, 1), { colour: [168, 92, 84], above });
  // Arms: typing towards the screen, turning papers, or a phone held in front.
  if (gone > 0.05) {
    for (const side of [-1, 1])
      canvas.paint(limb(x + side * 46, y + 56, x + side * 52, y + 120, 13), { colour: scene.uniform, above });
    return;
  }
  const type = wave(at, 60, n) * 2.4 * (1 - phone);
  for (const side of [-1, 1]) {
    const handX = x + side * (24 - phone * 15) + scene.screen * (1 - phone) * 18 + side * type;
    const handY = 240 + type * side * 0.6 - phone * 22;
    canvas.paint(limb(x + side * 44, y + 58, x + side * 52, 226, 13), {
      colour: scene.uniform,
      shade: [1.15, 0.9],
      above: 246,
    });
    canvas.paint(limb(x + side * 52, 226, handX, handY, 10.5), {
      colour: scene.uniform,
      shade: [1.1, 0.95],
      above: 252,
    });
    canvas.paint(ellipse(handX, handY, 8.5, 6.5), { colour: scene.skin, shade: [1, 0.86] });
  }
  if (phone > 0.05) {
    canvas.paint(box(x - 9, 206 + (1 - phone) * 24, 18, 31, 3), { colour: black, alpha: phone });
    canvas.paint(ellipse(x, hy + 18, 20, 16), { colour: [150, 190, 255], alpha: 0.16 * phone, soft: 14 });
  }
}

/** What stands on the counter, in front of the clerk's hands. */
function drawDesk(canvas: Canvas, scene: Scene, at: number): void {
  const x = scene.x + scene.screen * 104;
  canvas.paint(box(x - 8, 224, 16, 22), { colour: [38, 42, 48] });
  canvas.paint(box(x - 24, 242, 48, 7, 3), { colour: [30, 34, 40] });
  canvas.paint(box(x - 47, 166, 94, 64, 4), { colour: [24, 28, 34], shade: [1.5, 0.9] });
  canvas.paint(box(x - 41, 172, 82, 52, 2), { colour: [36, 42, 50], shade: [1.2, 0.9] });
  canvas.paint(ellipse(x, 198, 7, 7), { colour: [78, 88, 100], alpha: 0.8 });
  canvas.paint(ellipse(x + 40, 226.5, 1.6, 1.6), { colour: [90, 230, 130] });
  const paper = scene.x - scene.screen * 78;
  canvas.paint(polygon([paper - 30, 244], [paper + 20, 242], [paper + 28, 254], [paper - 26, 257]), {
    colour: [244, 244, 238],
  });
  canvas.paint(polygon([paper - 24, 242], [paper + 26, 243], [paper + 30, 253], [paper - 22, 253]), {
    colour: [250, 250, 246],
    shade: [1, 0.93],
  });
  const number = scene.x - scene.screen * 150;
  canvas.paint(box(number - 28, 228, 56, 24, 3), { colour: [28, 36, 52] });
  canvas.paint(box(number - 25, 231, 50, 18, 2), { colour: scene.accent, shade: [1.2, 0.9] });
  canvas.write(scene.number, number - 10, 233, 2, white);
  if (scene.plate && within(scene.away, at, 1.4) > 0.02) {
    canvas.paint(box(scene.x - 56, 206, 112, 42, 4), { colour: [178, 36, 36], shade: [1.1, 0.85] });
    canvas.paint(box(scene.x - 50, 224, 100, 6, 1), { colour: white });
  }
}

function drawCustomer(canvas: Canvas, scene: Scene, at: number): void {
  const here = within(scene.customer, at, 1.8);
  if (here <= 0.001) return;
  const n = Number(scene.number);
  const start = scene.screen > 0 ? -110 : 750;
  const x = start + (scene.x - scene.screen * 142 - start) * here + wave(at, 4, n) * 3;
  const step = here < 0.98 ? Math.abs(Math.sin(at * 7)) * 4 : 0;
  const y = 222 - step + wave(at, 6, n * 3) * 1.2;
  const coat: Colour = [
    [72, 60, 66],
    [92, 82, 62],
    [50, 74, 78],
    [104, 64, 58],
  ][n % 4] as unknown as Colour;
  canvas.paint(ellipse(x, 372, 104, 96), { colour: black, alpha: 0.3, soft: 34 });
  canvas.paint(box(x - 76, y + 50, 152, 170, 56), { colour: coat, shade: [1.2, 0.7] });
  canvas.paint(box(x - 15, y + 24, 30, 40, 12), { colour: scene.skin, shade: [0.74, 0.8] });
  canvas.paint(ellipse(x, y, 32, 38), { colour: [34, 30, 30], shade: [1.5, 0.85] });
  for (const side of [-1, 1])
    canvas.paint(ellipse(x + side * 31, y + 8, 5, 9), { colour: scene.skin, shade: [0.9, 0.8] });
}

/** One picture of the loop: `frame` of `fps × seconds`. */
export function drawFrame(room: Canvas, scene: Scene, frame: number): Canvas {
  const canvas = room.copy();
  const at = frame / fps;
  drawClerk(canvas, scene, at);
  drawDesk(canvas, scene, at);
  drawCustomer(canvas, scene, at);
  // A live clock cannot be burned into a loop: this counts the loop's seconds, the page shows the time.
  const text = `DEMO ${scene.number} 00:${(at + 0.0001).toFixed(1).padStart(4, '0')}`;
  canvas.write(text, 449, 339, 2, black, 0.7);
  canvas.write(text, 448, 338, 2, white);
  return canvas;
}
