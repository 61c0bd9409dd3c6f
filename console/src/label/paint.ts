// Drawing of boxes on a canvas. All casings first, then the light strokes, one path for each style: a path of a thousand boxes
// costs much less than a thousand paths.

import type { Box, Point, Size } from "./geometry.ts";
import type { Handle } from "./hit.ts";
import { HANDLES, handlePoint } from "./hit.ts";
import type { View } from "./view.ts";

/** A box as it is drawn. `mark` says in which way it stands out, never by color alone. */
export interface Mark {
  readonly id: number;
  readonly box: Box;
  readonly label: string;
  readonly color: string;
  /** Dashed: a suggestion, or what stands only in the other version. Thick: what stands only in this one. */
  readonly style?: "plain" | "dashed" | "thick";
}

const CASING = "#000000";
const LINE = 2;
const CASING_LINE = 4.5;
const DASH = [7, 5];
const FONT = "600 12px system-ui, sans-serif";
const NAME_HEIGHT = 18;
/** A name is drawn where its box is at least this wide on the screen, and while at most so many boxes are in sight. */
const NAMED_WIDTH = 44;
const MOST_NAMES = 150;
const HANDLE_SIDE = 14;

/** Give a canvas the size of its stage in device pixels; returns its context in CSS pixels, cleared. */
export function prepare(canvas: HTMLCanvasElement, stage: Size): CanvasRenderingContext2D | null {
  const ratio = globalThis.devicePixelRatio || 1;
  const [width, height] = [Math.round(stage.width * ratio), Math.round(stage.height * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) return null;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, stage.width, stage.height);
  return context;
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

function onScreen(box: Box, view: View): Rect {
  const x = Math.round(box.xmin * view.scale + view.x);
  const y = Math.round(box.ymin * view.scale + view.y);
  return { x, y, width: Math.round(box.xmax * view.scale + view.x) - x, height: Math.round(box.ymax * view.scale + view.y) - y };
}

function isInSight(rect: Rect, stage: Size): boolean {
  return rect.x < stage.width && rect.y < stage.height && rect.x + rect.width > 0 && rect.y + rect.height > 0;
}

function strokeRects(context: CanvasRenderingContext2D, rects: readonly Rect[], color: string, width: number): void {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  for (const rect of rects) context.rect(rect.x, rect.y, rect.width, rect.height);
  context.stroke();
}

/** Draw all boxes that are in sight, with their names where there is room. */
export function paintMarks(context: CanvasRenderingContext2D, marks: readonly Mark[], view: View, stage: Size): void {
  const seen = marks.map((mark) => ({ mark, rect: onScreen(mark.box, view) })).filter(({ rect }) => isInSight(rect, stage));
  const styles = new Map<string, { color: string; width: number; dash: number[]; rects: Rect[] }>();
  for (const { mark, rect } of seen) {
    const style = mark.style ?? "plain";
    const key = `${style} ${mark.color}`;
    const group = styles.get(key) ?? { color: mark.color, width: style === "thick" ? 2 * LINE : LINE, dash: style === "dashed" ? DASH : [], rects: [] };
    group.rects.push(rect);
    styles.set(key, group);
  }
  for (const group of styles.values()) strokeRects(context, group.rects, CASING, group.width + CASING_LINE - LINE);
  for (const group of styles.values()) {
    context.setLineDash(group.dash);
    strokeRects(context, group.rects, group.color, group.width);
  }
  context.setLineDash([]);
  if (seen.length > MOST_NAMES) return;
  for (const { mark, rect } of seen) if (rect.width >= NAMED_WIDTH) paintName(context, mark.label, rect, mark.color, rect.width, stage);
}

/** The name of a class on a dark plate at the upper edge of its box, cut to the room that there is. */
function paintName(context: CanvasRenderingContext2D, name: string, rect: Rect, color: string, room: number, stage: Size): void {
  context.font = FONT;
  context.textBaseline = "middle";
  // A name of another direction is drawn in its own, from the same edge on.
  context.textAlign = "left";
  const text = cut(context, name, Math.max(room, NAMED_WIDTH) - 8);
  const width = Math.ceil(context.measureText(text).width) + 8;
  const x = Math.min(Math.max(rect.x, 0), Math.max(0, stage.width - width));
  const y = rect.y >= NAME_HEIGHT ? rect.y - NAME_HEIGHT : Math.max(rect.y, 0);
  context.fillStyle = "rgb(0 0 0 / 0.8)";
  context.fillRect(x, y, width, NAME_HEIGHT);
  context.fillStyle = color;
  context.fillText(text, x + 4, y + NAME_HEIGHT / 2 + 0.5);
}

function cut(context: CanvasRenderingContext2D, name: string, room: number): string {
  if (context.measureText(name).width <= room) return name;
  const characters = Array.from(name);
  let [low, high] = [0, characters.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (context.measureText(`${characters.slice(0, middle).join("")}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return `${characters.slice(0, low).join("")}…`;
}

/** Draw the chosen box: its stroke with white dashes upon black, its name, and its handles if it can be changed. */
export function paintChosen(context: CanvasRenderingContext2D, mark: Mark, view: View, stage: Size, hasHandles: boolean): void {
  const rect = onScreen(mark.box, view);
  strokeRects(context, [rect], CASING, CASING_LINE + 2);
  strokeRects(context, [rect], mark.color, LINE + 1);
  context.setLineDash(DASH);
  strokeRects(context, [rect], CASING, LINE + 1);
  context.setLineDash([]);
  strokeRects(context, [{ x: rect.x - 3, y: rect.y - 3, width: rect.width + 6, height: rect.height + 6 }], "#ffffff", 1);
  paintName(context, mark.label, { ...rect, y: rect.y - 4 }, mark.color, 320, stage);
  if (hasHandles) for (const handle of HANDLES) if (isShown(handle, rect)) paintHandle(context, handlePoint(mark.box, handle, view));
}

/** Handles in the middle of sides are drawn only where there is room between the corners. */
function isShown(handle: Handle, rect: Rect): boolean {
  if (handle.h && handle.v) return true;
  return (handle.h ? rect.height : rect.width) >= 4 * HANDLE_SIDE;
}

function paintHandle(context: CanvasRenderingContext2D, at: Point): void {
  const side = HANDLE_SIDE - 4;
  context.fillStyle = "#ffffff";
  context.strokeStyle = CASING;
  context.lineWidth = 2;
  context.beginPath();
  context.rect(Math.round(at.x) - side / 2, Math.round(at.y) - side / 2, side, side);
  context.fill();
  context.stroke();
}

/** Lines through the pointer over the whole stage, so that edges can be aimed at. */
export function paintCrosshair(context: CanvasRenderingContext2D, at: Point, stage: Size): void {
  const [x, y] = [Math.round(at.x) + 0.5, Math.round(at.y) + 0.5];
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, stage.height);
  context.moveTo(0, y);
  context.lineTo(stage.width, y);
  context.strokeStyle = CASING;
  context.lineWidth = 3;
  context.stroke();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1;
  context.stroke();
}
