// Pointers on the stage: one finger or button works with the tool, two fingers pan and pinch, the wheel magnifies at the pointer,
// and the middle button or Space moves the image. Without a tool one finger or button moves it.

import type { Signal } from "@preact/signals";
import { effect } from "@preact/signals";
import type { Point, Size } from "./geometry.ts";
import type { PointerKind } from "./hit.ts";
import type { Picture } from "./picture.ts";
import type { Tool, Touch } from "./stage.tsx";
import type { View } from "./view.ts";
import { fitView, panBy, zoomAt } from "./view.ts";

export interface Navigation {
  view: Signal<View | null>;
  size: Signal<Size>;
  picture: Picture;
  tool: Tool | undefined;
  /** A click where there is no tool. */
  pick: (at: Point) => void;
}

/** How far a press may wander and still be a click, in CSS pixels. */
const CLICK_SLACK = 4;
/** Lines and pages of the wheel in pixels (WheelEvent.deltaMode 1 and 2). */
const WHEEL_UNITS = [1, 16, 400];

type Mode = "none" | "tool" | "pan" | "pinch";

class Pointers {
  private readonly down = new Map<number, Point>();
  private mode: Mode = "none";
  private start: Point | null = null;
  isSpaceHeld = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly navigation: Navigation,
  ) {}

  private touch(event: PointerEvent): Touch {
    const kind: PointerKind = event.pointerType === "touch" || event.pointerType === "pen" ? event.pointerType : "mouse";
    return { at: { x: event.offsetX, y: event.offsetY }, kind, shift: event.shiftKey, alt: event.altKey };
  }

  press(event: PointerEvent): void {
    if (event.button === 2) return;
    this.root.focus({ preventScroll: true });
    this.root.setPointerCapture(event.pointerId);
    const touch = this.touch(event);
    this.down.set(event.pointerId, touch.at);
    if (this.down.size === 2) {
      if (this.mode === "tool") this.navigation.tool?.cancel();
      this.mode = "pinch";
    } else if (this.down.size === 1) {
      const moves = this.navigation.tool === undefined || event.button === 1 || this.isSpaceHeld;
      this.mode = moves ? "pan" : "tool";
      this.start = touch.at;
      if (!moves) this.navigation.tool?.down(touch);
    }
    if (event.button === 1) event.preventDefault();
  }

  move(event: PointerEvent): void {
    const touch = this.touch(event);
    const before = this.down.get(event.pointerId);
    if (before === undefined) {
      this.navigation.tool?.hover(touch);
      return;
    }
    if (this.mode === "tool") this.navigation.tool?.move(touch);
    if (this.mode === "pan") this.pan(touch.at.x - before.x, touch.at.y - before.y);
    if (this.mode === "pinch") this.pinch(event.pointerId, before, touch.at);
    this.down.set(event.pointerId, touch.at);
  }

  release(event: PointerEvent): void {
    if (!this.down.delete(event.pointerId)) return;
    const touch = this.touch(event);
    if (this.mode === "tool") this.navigation.tool?.up(touch);
    const isClick = this.start !== null && Math.hypot(touch.at.x - this.start.x, touch.at.y - this.start.y) < CLICK_SLACK;
    if (this.mode === "pan" && isClick && this.navigation.tool === undefined) this.navigation.pick(touch.at);
    // After a pinch the finger that is left does nothing until it is lifted, too.
    this.mode = this.down.size > 0 ? "pinch" : "none";
  }

  drop(event: PointerEvent): void {
    if (!this.down.delete(event.pointerId)) return;
    if (this.mode === "tool") this.navigation.tool?.cancel();
    this.mode = "none";
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaY * (WHEEL_UNITS[event.deltaMode] ?? 1);
    // Browsers report a pinch on a touchpad as a wheel with Ctrl, in small steps.
    const factor = Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002));
    this.zoom(Math.min(Math.max(factor, 0.5), 2), { x: event.offsetX, y: event.offsetY });
  }

  private pan(dx: number, dy: number): void {
    const { view, size, picture } = this.navigation;
    view.value = panBy(view.value ?? fitView(picture, size.value), dx, dy, picture, size.value);
  }

  private zoom(factor: number, at: Point): void {
    const { view, size, picture } = this.navigation;
    view.value = zoomAt(view.value ?? fitView(picture, size.value), factor, at, picture, size.value);
  }

  private pinch(id: number, before: Point, now: Point): void {
    const other = [...this.down].find(([key]) => key !== id)?.[1];
    if (other === undefined) return;
    const length = (a: Point) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.zoom(length(now) / length(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }
}

/** Listen to the pointers of a stage. Returns what ends that. */
export function navigateByPointer(root: HTMLElement, navigation: Navigation): () => void {
  const pointers = new Pointers(root, navigation);
  const ending = new AbortController();
  const { signal } = ending;
  const space = (event: KeyboardEvent) => {
    if (event.key !== " ") return;
    const isForControl = event.target instanceof Element && event.target.closest("button, a, input, select, textarea, summary") !== null;
    pointers.isSpaceHeld = event.type === "keydown" && !isForControl;
    // Space would scroll the page.
    if (!isForControl) event.preventDefault();
  };
  root.addEventListener("pointerdown", (event) => pointers.press(event), { signal });
  root.addEventListener("pointermove", (event) => pointers.move(event), { signal });
  root.addEventListener("pointerup", (event) => pointers.release(event), { signal });
  root.addEventListener("pointercancel", (event) => pointers.drop(event), { signal });
  root.addEventListener("pointerleave", () => navigation.tool?.hover(null), { signal });
  root.addEventListener("wheel", (event) => pointers.wheel(event), { signal, passive: false });
  root.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  addEventListener("keydown", space, { signal });
  addEventListener("keyup", space, { signal });
  const stop = effect(() => {
    root.style.cursor = navigation.tool?.cursor.value ?? "grab";
  });
  return () => {
    ending.abort();
    stop();
  };
}
