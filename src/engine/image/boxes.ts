import type { Mask, Region } from '../engine.js';

/** A grid of cells, each set (not 0) or not, in rows. A mask is one. */
export type Grid = Pick<Mask, 'width' | 'height' | 'data'>;

/** A connected part of a grid: the box around it, and how many cells it has. */
export interface Part {
  readonly box: Region;
  readonly cells: number;
}

/** The parts of a grid whose cells touch, at corners too, in the order of their first cells. */
export function parts({ width, height, data }: Grid): readonly Part[] {
  const seen = new Uint8Array(data.length);
  const found: Part[] = [];
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || seen[start] === 1) continue;
    seen[start] = 1;
    const open = [start];
    let [left, top, right, bottom, cells] = [width, height, 0, 0, 0];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const [x, y] = [at % width, Math.floor(at / width)];
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
      cells++;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (data[next] === 0 || seen[next] === 1) continue;
          seen[next] = 1;
          open.push(next);
        }
    }
    found.push({ box: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 }, cells });
  }
  return found;
}

/** Boxes of which none overlap: those that did are one box around both. Each keeps the place of its first. */
export function merged(boxes: readonly Region[]): readonly Region[] {
  const apart: Region[] = [];
  for (const box of boxes) {
    let joined = box;
    let place = apart.length;
    // Around two, a box may reach a third that neither did.
    for (let i = apart.findIndex((other) => overlap(other, joined)); i >= 0; ) {
      joined = around(joined, apart.splice(i, 1)[0]!);
      place = Math.min(place, i);
      i = apart.findIndex((other) => overlap(other, joined));
    }
    apart.splice(place, 0, joined);
  }
  return apart;
}

/** The box `margin` larger on every side, within an image. */
export function grown(box: Region, margin: number, { width, height }: Pick<Mask, 'width' | 'height'>): Region {
  return clipped(
    { x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin, height: box.height + 2 * margin },
    { width, height },
  );
}

/** The part of a box that lies within an image; its size is 0 where none does. */
export function clipped(box: Region, { width, height }: Pick<Mask, 'width' | 'height'>): Region {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  const [x, y] = [within(box.x, width), within(box.y, height)];
  return { x, y, width: within(box.x + box.width, width) - x, height: within(box.y + box.height, height) - y };
}

/** The smallest box that holds both. */
export function around(a: Region, b: Region): Region {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

function overlap(a: Region, b: Region): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
