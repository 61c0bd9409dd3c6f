// Boxes, points and sizes in pixels of the image as displayed, with the origin at the top left.

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Box {
  xmin: number;
  ymin: number;
  xmax: number;
  ymax: number;
}

/** The smallest side that a box can be given here, in pixels of the image. */
export const SMALLEST_SIDE = 1;

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function within(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** The box with these opposite corners, in any order. */
export function boxBetween(a: Point, b: Point): Box {
  return { xmin: Math.min(a.x, b.x), ymin: Math.min(a.y, b.y), xmax: Math.max(a.x, b.x), ymax: Math.max(a.y, b.y) };
}

function side(low: number, high: number, length: number): [number, number] {
  const smallest = Math.min(SMALLEST_SIDE, length);
  const from = within(tenth(low), 0, length - smallest);
  return [from, within(tenth(high), from + smallest, length)];
}

/** The part of a box that lies in the image, in tenths of a pixel, with sides of at least one pixel. */
export function clampBox(box: Box, image: Size): Box {
  const [xmin, xmax] = side(box.xmin, box.xmax, image.width);
  const [ymin, ymax] = side(box.ymin, box.ymax, image.height);
  return { xmin, ymin, xmax, ymax };
}

/** The box moved by a distance, as far as it stays in the image with its size. */
export function moveBox(box: Box, dx: number, dy: number, image: Size): Box {
  const x = within(tenth(dx), -box.xmin, image.width - box.xmax);
  const y = within(tenth(dy), -box.ymin, image.height - box.ymax);
  return clampBox({ xmin: box.xmin + x, ymin: box.ymin + y, xmax: box.xmax + x, ymax: box.ymax + y }, image);
}

export function boxArea(box: Box): number {
  return Math.max(0, box.xmax - box.xmin) * Math.max(0, box.ymax - box.ymin);
}

/** Intersection over union, from 0 (apart) to 1 (equal). */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.xmax, b.xmax) - Math.max(a.xmin, b.xmin);
  const height = Math.min(a.ymax, b.ymax) - Math.max(a.ymin, b.ymin);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (boxArea(a) + boxArea(b) - shared);
}

export function isSameBox(a: Box, b: Box): boolean {
  return a.xmin === b.xmin && a.ymin === b.ymin && a.xmax === b.xmax && a.ymax === b.ymax;
}

export function contains(box: Box, point: Point): boolean {
  return point.x >= box.xmin && point.x <= box.xmax && point.y >= box.ymin && point.y <= box.ymax;
}
