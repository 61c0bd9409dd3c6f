// How the image lies in the stage: screen = image * scale + offset, in CSS pixels from the top left of the stage.

import type { Box, Point, Size } from "./geometry.ts";

export interface View {
  scale: number;
  x: number;
  y: number;
}

/** The greatest magnification: one pixel of the image is this many on the screen. */
const LARGEST_SCALE = 40;
/** Free space around the image when it is fitted, and how much of it stays visible however far it is moved, in CSS pixels. */
const MARGIN = 12;
const VISIBLE = 48;

export function fitView(image: Size, stage: Size): View {
  const width = Math.max(1, stage.width - 2 * MARGIN);
  const height = Math.max(1, stage.height - 2 * MARGIN);
  const scale = Math.min(width / Math.max(1, image.width), height / Math.max(1, image.height), LARGEST_SCALE);
  return { scale, x: (stage.width - image.width * scale) / 2, y: (stage.height - image.height * scale) / 2 };
}

export function isFitted(view: View, image: Size, stage: Size): boolean {
  const fitted = fitView(image, stage);
  const isNear = (a: number, b: number) => Math.abs(a - b) < 0.5;
  return Math.abs(view.scale / fitted.scale - 1) < 0.001 && isNear(view.x, fitted.x) && isNear(view.y, fitted.y);
}

export function toImage(view: View, point: Point): Point {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

export function toScreen(view: View, point: Point): Point {
  return { x: point.x * view.scale + view.x, y: point.y * view.scale + view.y };
}

/** The view with a part of the image in sight, so that nobody moves it away for good. */
export function keepInSight(view: View, image: Size, stage: Size): View {
  const place = (offset: number, length: number, room: number) => {
    const visible = Math.min(VISIBLE, length / 2, room / 2);
    return Math.min(Math.max(offset, visible - length), room - visible);
  };
  return {
    scale: view.scale,
    x: place(view.x, image.width * view.scale, stage.width),
    y: place(view.y, image.height * view.scale, stage.height),
  };
}

/** Magnify by a factor; what lies at the point stays there, as in a map. */
export function zoomAt(view: View, factor: number, at: Point, image: Size, stage: Size): View {
  const smallest = Math.min(fitView(image, stage).scale, 1) / 2;
  const scale = Math.min(Math.max(view.scale * factor, smallest), LARGEST_SCALE);
  const fixed = toImage(view, at);
  return keepInSight({ scale, x: at.x - fixed.x * scale, y: at.y - fixed.y * scale }, image, stage);
}

export function panBy(view: View, dx: number, dy: number, image: Size, stage: Size): View {
  return keepInSight({ scale: view.scale, x: view.x + dx, y: view.y + dy }, image, stage);
}

/** Move the image just so far that the box, or its middle if it is larger than the stage, can be seen. */
export function showBox(view: View, box: Box, image: Size, stage: Size): View {
  const shift = (from: number, to: number, room: number) => {
    if (to - from > room - 2 * MARGIN) return (from + to) / 2 < MARGIN || (from + to) / 2 > room - MARGIN ? room / 2 - (from + to) / 2 : 0;
    return from < MARGIN ? MARGIN - from : to > room - MARGIN ? room - MARGIN - to : 0;
  };
  const low = toScreen(view, { x: box.xmin, y: box.ymin });
  const high = toScreen(view, { x: box.xmax, y: box.ymax });
  return panBy(view, shift(low.x, high.x, stage.width), shift(low.y, high.y, stage.height), image, stage);
}

/** The view of the next image: fitted if this one was, else the same magnification at the same relative place. */
export function carryOver(view: View, from: Size, to: Size, stage: Size): View {
  if (isFitted(view, from, stage)) return fitView(to, stage);
  const middle = toImage(view, { x: stage.width / 2, y: stage.height / 2 });
  const scale = from.width === to.width && from.height === to.height ? view.scale : (view.scale / fitView(from, stage).scale) * fitView(to, stage).scale;
  const x = stage.width / 2 - (middle.x / from.width) * to.width * scale;
  const y = stage.height / 2 - (middle.y / from.height) * to.height * scale;
  return keepInSight({ scale, x, y }, to, stage);
}
