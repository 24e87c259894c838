/** A small picture of RGB pixels on which smooth shapes are painted; made for the demonstration cameras (seeds/scenes.ts). */

export type Colour = readonly [red: number, green: number, blue: number];

/** Signed distance of a point from a shape's edge in pixels, negative inside. */
export type Shape = {
  box: readonly [left: number, top: number, right: number, bottom: number];
  distance: (x: number, y: number) => number;
};

export interface Paint {
  colour: Colour;
  /** 0 is invisible, 1 (default) covers. */
  alpha?: number;
  /** Width of the edge in pixels; 1 (default) is smooth, more is a shadow or a glow. */
  soft?: number;
  /** Brightness from top to bottom of the shape, for example [1.1, 0.8]. */
  shade?: readonly [top: number, bottom: number];
  /** Nothing is painted below this line. */
  above?: number;
}

/** Math.hypot takes ten times as long, and this is asked for every pixel. */
const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

export function ellipse(x: number, y: number, rx: number, ry: number): Shape {
  const least = Math.min(rx, ry);
  return {
    box: [x - rx, y - ry, x + rx, y + ry],
    distance: (px, py) => (length((px - x) / rx, (py - y) / ry) - 1) * least,
  };
}

/** A rectangle with round corners. */
export function box(left: number, top: number, width: number, height: number, radius = 0): Shape {
  const [cx, cy] = [left + width / 2, top + height / 2];
  const [hx, hy] = [width / 2 - radius, height / 2 - radius];
  return {
    box: [left, top, left + width, top + height],
    distance: (x, y) => {
      const dx = Math.abs(x - cx) - hx;
      const dy = Math.abs(y - cy) - hy;
      return length(dx > 0 ? dx : 0, dy > 0 ? dy : 0) + Math.min(dx > dy ? dx : dy, 0) - radius;
    },
  };
}

/** A thick line with round ends. */
export function limb(ax: number, ay: number, bx: number, by: number, radius: number): Shape {
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy || 1;
  return {
    box: [Math.min(ax, bx) - radius, Math.min(ay, by) - radius, Math.max(ax, bx) + radius, Math.max(ay, by) + radius],
    distance: (x, y) => {
      const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square));
      return length(x - ax - along * dx, y - ay - along * dy) - radius;
    },
  };
}

/** A convex polygon, corners clockwise on the screen. */
export function polygon(...corners: readonly (readonly [x: number, y: number])[]): Shape {
  const edges = corners.map(([ax, ay], index) => {
    const [bx, by] = corners[(index + 1) % corners.length]!;
    const long = length(bx - ax, by - ay) || 1;
    return { ax, ay, nx: (by - ay) / long, ny: -(bx - ax) / long };
  });
  const [xs, ys] = [corners.map((each) => each[0]), corners.map((each) => each[1])];
  return {
    box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
    distance: (x, y) => {
      let most = -Infinity;
      for (const { ax, ay, nx, ny } of edges) most = Math.max(most, (x - ax) * nx + (y - ay) * ny);
      return most;
    },
  };
}

/** Five by seven pixels a sign, one number a row, the leftmost pixel is the highest of five bits. */
const signs: Record<string, readonly number[]> = {
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 2, 4, 8, 31],
  '3': [31, 2, 4, 2, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  ':': [0, 4, 4, 0, 4, 4, 0],
  '.': [0, 0, 0, 0, 0, 12, 12],
  D: [28, 18, 17, 17, 17, 18, 28],
  E: [31, 16, 16, 30, 16, 16, 31],
  M: [17, 27, 21, 21, 17, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
};

export class Canvas {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, row by row: ffmpeg's rgb24. */
  readonly pixels: Uint8ClampedArray;

  constructor(width: number, height: number, pixels = new Uint8ClampedArray(width * height * 3)) {
    this.width = width;
    this.height = height;
    this.pixels = pixels;
  }

  copy(): Canvas {
    return new Canvas(this.width, this.height, this.pixels.slice());
  }

  paint(shape: Shape, { colour, alpha = 1, soft = 1, shade, above = this.height }: Paint): void {
    const [left, top, right, bottom] = shape.box;
    const x0 = Math.max(0, Math.floor(left - soft));
    const x1 = Math.min(this.width - 1, Math.ceil(right + soft));
    const y0 = Math.max(0, Math.floor(top - soft));
    const y1 = Math.min(this.height - 1, above - 1, Math.ceil(bottom + soft));
    const { pixels, width } = this;
    for (let y = y0; y <= y1; y++) {
      const light = shade ? shade[0] + ((shade[1] - shade[0]) * (y - top)) / Math.max(1, bottom - top) : 1;
      const [red, green, blue] = [colour[0] * light, colour[1] * light, colour[2] * light];
      for (let x = x0; x <= x1; x++) {
        const distance = shape.distance(x + 0.5, y + 0.5);
        const cover = 0.5 - distance / soft;
        if (cover <= 0) continue;
        const a = cover >= 1 ? alpha : alpha * cover;
        const at = (y * width + x) * 3;
        pixels[at] = pixels[at]! + (red - pixels[at]!) * a;
        pixels[at + 1] = pixels[at + 1]! + (green - pixels[at + 1]!) * a;
        pixels[at + 2] = pixels[at + 2]! + (blue - pixels[at + 2]!) * a;
      }
    }
  }

  /** Digits, `:`, `.` and the letters of DEMO, `size` pixels a dot. Returns the width it took. */
  write(text: string, left: number, top: number, size: number, colour: Colour, alpha = 1): number {
    const gap = 6 * size;
    [...text].forEach((sign, index) => {
      signs[sign]?.forEach((row, down) => {
        for (let across = 0; across < 5; across++) {
          if (row & (16 >> across))
            this.#dot(left + index * gap + across * size, top + down * size, size, colour, alpha);
        }
      });
    });
    return text.length * gap - size;
  }

  #dot(left: number, top: number, size: number, colour: Colour, alpha: number): void {
    for (let y = top; y < top + size; y++) {
      for (let x = left; x < left + size; x++) {
        if (x < 0 || y < 0 || x >= this.width || y >= this.height) continue;
        const at = (y * this.width + x) * 3;
        for (let part = 0; part < 3; part++)
          this.pixels[at + part] = this.pixels[at + part]! * (1 - alpha) + colour[part]! * alpha;
      }
    }
  }
}
