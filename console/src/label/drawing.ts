// The tool of the labeling page: draw by drag or by two clicks, choose, move and resize.

import type { ReadonlySignal } from "@preact/signals";
import { batch, signal } from "@preact/signals";
import type { Editor } from "./editor.ts";
import type { Box, Point, Size } from "./geometry.ts";
import { boxBetween, clampBox, contains, moveBox } from "./geometry.ts";
import type { Handle } from "./hit.ts";
import { handleAt, itemBelow, itemsAt, resizeBox } from "./hit.ts";
import type { Mark } from "./paint.ts";
import { paintChosen, paintCrosshair, paintMarks } from "./paint.ts";
import type { Tool, Touch } from "./stage.tsx";
import type { View } from "./view.ts";
import { toImage } from "./view.ts";

/** How far a press may wander and still be a click, in CSS pixels. */
const SLACK = { mouse: 4, pen: 6, touch: 10 } as const;

type Drag = { do: "draw"; from: Point } | { do: "move"; id: number; box: Box; from: Point } | { do: "resize"; id: number; box: Box; handle: Handle };

export class DrawingTool implements Tool {
  readonly cursor = signal("crosshair");
  /** Where the pointer is, for the crosshair and for what lies below it. */
  readonly pointer = signal<Point | null>(null);
  private drag: Drag | null = null;
  private pressed: Point | null = null;
  private hasMoved = false;

  constructor(
    private readonly editor: Editor,
    private readonly view: ReadonlySignal<View | null>,
    private readonly options: { isBlocked: ReadonlySignal<boolean>; crosshair: ReadonlySignal<boolean>; hidden: ReadonlySignal<boolean>; colorOf: (label: string) => string },
  ) {}

  down(touch: Touch): void {
    this.pressed = touch.at;
    this.hasMoved = false;
    this.drag = this.begin(touch);
  }

  private begin({ at, kind, shift }: Touch): Drag | null {
    const { editor, view } = this;
    if (view.value === null || !editor.canEdit.value || this.options.isBlocked.value) return null;
    const from = toImage(view.value, at);
    const item = editor.chosenItem.value;
    if (item !== null && !shift && editor.corner.value === null && !this.options.hidden.value) {
      const handle = handleAt(item.box, at, view.value, kind);
      if (handle) return { do: "resize", id: item.id, box: item.box, handle };
      if (contains(item.box, from)) return { do: "move", id: item.id, box: item.box, from };
    }
    return { do: "draw", from: editor.corner.value ?? from };
  }

  move(touch: Touch): void {
    const { pressed, drag } = this;
    this.pointer.value = touch.at;
    if (pressed === null || drag === null || this.view.value === null) return;
    this.hasMoved ||= Math.hypot(touch.at.x - pressed.x, touch.at.y - pressed.y) >= SLACK[touch.kind];
    if (!this.hasMoved) return;
    const at = toImage(this.view.value, touch.at);
    if (drag.do === "draw") this.editor.sketch.value = clampBox(boxBetween(drag.from, at), this.editor.size.value);
    else this.editor.lifted.value = { id: drag.id, box: this.dragged(drag, at) };
  }

  private dragged(drag: Drag & { do: "move" | "resize" }, at: Point): Box {
    const size: Size = this.editor.size.value;
    if (drag.do === "resize") return resizeBox(drag.box, drag.handle, at, size);
    return moveBox(drag.box, at.x - drag.from.x, at.y - drag.from.y, size);
  }

  /** A box is being drawn, moved or sized. */
  get isBusy(): boolean {
    return this.drag !== null && this.hasMoved;
  }

  up(touch: Touch): void {
    const { editor } = this;
    // The image that it was begun on is being left.
    if (this.options.isBlocked.value) {
      this.cancel();
      return;
    }
    this.move(touch);
    const [sketch, lifted, hasMoved] = [editor.sketch.value, editor.lifted.value, this.hasMoved];
    this.drag = null;
    this.pressed = null;
    if (!hasMoved) {
      this.click(touch);
      return;
    }
    batch(() => {
      editor.stopDrawing();
      if (sketch) editor.draw(sketch);
      else if (lifted) editor.place(lifted.id, lifted.box);
    });
  }

  private click({ at, kind, shift, alt }: Touch): void {
    const { editor } = this;
    const view = this.view.value;
    if (view === null || this.options.isBlocked.value) return;
    const point = toImage(view, at);
    const corner = editor.corner.value;
    if (corner !== null) {
      editor.stopDrawing();
      const isSame = Math.max(Math.abs(point.x - corner.x), Math.abs(point.y - corner.y)) * view.scale < SLACK[kind];
      if (!isSame) editor.draw(boxBetween(corner, point));
      return;
    }
    const items = this.options.hidden.value ? [] : [...editor.content.value.items, ...editor.open.value];
    const found = itemsAt(items, at, view, kind);
    const isChosen = found.some((item) => item.id === editor.chosen.value);
    const next = alt || isChosen ? itemBelow(items, editor.chosen.value, at, view) : (found[0] ?? null);
    batch(() => {
      editor.chosen.value = shift ? null : (next?.id ?? null);
      // A click beside all boxes, or with Shift anywhere, is the first of two.
      if (editor.canEdit.value && (shift || next === null)) editor.corner.value = point;
    });
  }

  cancel(): void {
    this.drag = null;
    this.pressed = null;
    this.editor.stopDrawing();
  }

  hover(touch: Touch | null): void {
    const { editor } = this;
    const view = this.view.value;
    this.pointer.value = touch?.at ?? null;
    if (touch === null || view === null) return;
    const corner = editor.corner.value;
    if (corner !== null) editor.sketch.value = clampBox(boxBetween(corner, toImage(view, touch.at)), editor.size.value);
    this.cursor.value = this.cursorAt(touch, view);
  }

  private cursorAt(touch: Touch, view: View): string {
    const { editor } = this;
    const item = editor.chosenItem.value;
    if (!editor.canEdit.value) return "grab";
    if (item === null || touch.shift || editor.corner.value !== null) return "crosshair";
    const handle = handleAt(item.box, touch.at, view);
    if (handle === null) return contains(item.box, toImage(view, touch.at)) ? "move" : "crosshair";
    if (handle.h === 0) return "ns-resize";
    if (handle.v === 0) return "ew-resize";
    return handle.h === handle.v ? "nwse-resize" : "nesw-resize";
  }

  paint(context: CanvasRenderingContext2D, view: View, stage: Size): void {
    const { editor, options } = this;
    const pointer = this.pointer.value;
    if (pointer !== null && options.crosshair.value) paintCrosshair(context, pointer, stage);
    const sketch = editor.sketch.value;
    const label = editor.label.value ?? "";
    if (sketch !== null) paintMarks(context, [{ id: 0, box: sketch, label, color: options.colorOf(label) }], view, stage);
    if (options.hidden.value) return;
    const item = editor.chosenItem.value;
    if (item === null) return;
    const box = editor.lifted.value?.id === item.id ? editor.lifted.value.box : item.box;
    const mark: Mark = { id: item.id, box, label: item.label, color: options.colorOf(item.label) };
    paintChosen(context, mark, view, stage, editor.canEdit.value);
  }
}
