// What lies under a pointer. Distances are in CSS pixels, so that they do not depend on the magnification.

import type { Box, Point, Size } from "./geometry.ts";
import { boxArea, clampBox, contains } from "./geometry.ts";
import type { View } from "./view.ts";
import { toImage, toScreen } from "./view.ts";

/** Which sides of a box a handle moves: west or east (-1, 1), north or south (-1, 1), 0 for none. */
export interface Handle {
  readonly h: -1 | 0 | 1;
  readonly v: -1 | 0 | 1;
}

export const HANDLES: readonly Handle[] = [
  { h: -1, v: -1 }, { h: 1, v: -1 }, { h: -1, v: 1 }, { h: 1, v: 1 },
  { h: 0, v: -1 }, { h: 0, v: 1 }, { h: -1, v: 0 }, { h: 1, v: 0 },
];

/** Half the width of what reacts around a handle: 24 pixels across for a mouse, 44 for a finger (WCAG 2.5.8 and 2.5.5). */
const REACH = { mouse: 12, pen: 12, touch: 22 } as const;

export type PointerKind = keyof typeof REACH;

export function handlePoint(box: Box, handle: Handle, view: View): Point {
  const along = (low: number, high: number, where: -1 | 0 | 1) => (where < 0 ? low : where > 0 ? high : (low + high) / 2);
  return toScreen(view, { x: along(box.xmin, box.xmax, handle.h), y: along(box.ymin, box.ymax, handle.v) });
}

/** The nearest handle of a box within reach, corners before sides. The inside of a small box stays free to move it. */
export function handleAt(box: Box, point: Point, view: View, kind: PointerKind = "mouse"): Handle | null {
  const low = toScreen(view, { x: box.xmin, y: box.ymin });
  const high = toScreen(view, { x: box.xmax, y: box.ymax });
  const shortest = Math.min(high.x - low.x, high.y - low.y);
  const isInside = point.x > low.x && point.x < high.x && point.y > low.y && point.y < high.y;
  const reach = isInside ? Math.min(REACH[kind], shortest / 4) : REACH[kind];
  let best: Handle | null = null;
  let nearest = Infinity;
  for (const handle of HANDLES) {
    const at = handlePoint(box, handle, view);
    const distance = Math.max(Math.abs(at.x - point.x), Math.abs(at.y - point.y));
    // A corner is wanted more often than a side.
    const weighted = handle.h && handle.v ? distance : distance + 2;
    if (distance <= reach && weighted < nearest) [best, nearest] = [handle, weighted];
  }
  return best;
}

/** The box with the sides of a handle drawn to a point of the image. Sides may pass each other. */
export function resizeBox(box: Box, handle: Handle, to: Point, image: Size): Box {
  const xs = handle.h < 0 ? [to.x, box.xmax] : handle.h > 0 ? [box.xmin, to.x] : [box.xmin, box.xmax];
  const ys = handle.v < 0 ? [to.y, box.ymax] : handle.v > 0 ? [box.ymin, to.y] : [box.ymin, box.ymax];
  const [x1, x2, y1, y2] = [xs[0] as number, xs[1] as number, ys[0] as number, ys[1] as number];
  const turned = { xmin: Math.min(x1, x2), xmax: Math.max(x1, x2), ymin: Math.min(y1, y2), ymax: Math.max(y1, y2) };
  return clampBox(turned, image);
}

interface Boxed {
  readonly id: number;
  readonly box: Box;
}

/** All boxes under a point, the smallest first: it is the hardest to reach otherwise. Later ones lie above equal ones. */
export function itemsAt<Item extends Boxed>(items: readonly Item[], point: Point, view: View, kind: PointerKind = "mouse"): Item[] {
  const at = toImage(view, point);
  const slack = (kind === "touch" ? 8 : 3) / view.scale;
  const wide = (box: Box) => ({ xmin: box.xmin - slack, ymin: box.ymin - slack, xmax: box.xmax + slack, ymax: box.ymax + slack });
  const found = items.map((item, order) => ({ item, order })).filter(({ item }) => contains(wide(item.box), at));
  found.sort((a, b) => boxArea(a.item.box) - boxArea(b.item.box) || b.order - a.order);
  return found.map(({ item }) => item);
}

/** The box below the chosen one at a point; after the last one the first again. Null if there is none at all. */
export function itemBelow<Item extends Boxed>(items: readonly Item[], chosen: number | null, point: Point, view: View): Item | null {
  const found = itemsAt(items, point, view);
  const place = found.findIndex((item) => item.id === chosen);
  return found[(place + 1) % Math.max(1, found.length)] ?? null;
}
