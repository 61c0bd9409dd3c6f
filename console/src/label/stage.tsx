// The stage: an image that can be moved and magnified like a map, and boxes upon it. Without a tool it only shows them; the review
// shows two with one view, so that they move together.

import type { ReadonlySignal, Signal } from "@preact/signals";
import { effect, signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Point, Size } from "./geometry.ts";
import type { PointerKind } from "./hit.ts";
import { itemsAt } from "./hit.ts";
import type { Mark } from "./paint.ts";
import { paintChosen, paintMarks, prepare } from "./paint.ts";
import type { Picture } from "./picture.ts";
import { decodes, firstSource, wantsFull } from "./picture.ts";
import { navigateByPointer } from "./pointers.ts";
import type { View } from "./view.ts";
import { fitView, isFitted } from "./view.ts";
import "./stage.css";

/** One position of a pointer in the stage, with what is held meanwhile. */
export interface Touch {
  readonly at: Point;
  readonly kind: PointerKind;
  readonly shift: boolean;
  readonly alt: boolean;
}

/** What a pointer does besides moving the image. The stage keeps panning, pinching and the wheel to itself. */
export interface Tool {
  down(touch: Touch): void;
  move(touch: Touch): void;
  up(touch: Touch): void;
  /** The pointer was taken away: a second finger began to pinch, or the system interrupted. What was begun is dropped. */
  cancel(): void;
  hover(touch: Touch | null): void;
  /** What the pointer looks like (CSS). */
  readonly cursor: ReadonlySignal<string>;
  /** Draws what moves, above the boxes that do not. Signals that it reads make it draw again. */
  paint(context: CanvasRenderingContext2D, view: View, stage: Size): void;
}

export interface StageProps {
  picture: Picture;
  marks: ReadonlySignal<readonly Mark[]>;
  /** The box that stands out, by its id. */
  chosen?: ReadonlySignal<number | null>;
  /** Where the image lies. Null fits it in. Stages that share one move together. */
  view: Signal<View | null>;
  /** The size of the stage, for those who compute views. */
  size?: Signal<Size>;
  hidden?: ReadonlySignal<boolean>;
  /** Brightness of the picture, 1 as it is. */
  brightness?: ReadonlySignal<number>;
  tool?: Tool;
  /** Without a tool: a box was clicked, or none. */
  onPick?: (id: number | null) => void;
  /** What screen readers say of the stage: it names the keys. */
  label: string;
  onShown?: () => void;
  /** The picture cannot be shown: it is gone, broken, or too large for the browser. */
  onBroken?: () => void;
}

export function Stage(props: StageProps) {
  const { picture, view, tool } = props;
  const root = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const top = useRef<HTMLCanvasElement>(null);
  const own = useMemo(() => signal<Size>({ width: 0, height: 0 }), []);
  const size = props.size ?? own;
  const image = useRef<HTMLImageElement>(null);
  const source = usePicture(props, size);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => watchSize(root.current as HTMLElement, size, view, picture), [picture, view]);
  useEffect(() => navigateByPointer(root.current as HTMLElement, { view, size, picture, tool, pick: (at) => pick(latest.current, at) }), [picture, view, tool]);
  useEffect(() => placeImage(image.current as HTMLImageElement, props), [picture, view, props.brightness, source]);
  useEffect(() => paintBase(base.current as HTMLCanvasElement, props, size), [view, props.marks, props.hidden, props.chosen, tool]);
  useEffect(() => (tool ? paintTool(top.current as HTMLCanvasElement, props, tool, size) : undefined), [view, tool]);

  return (
    <div ref={root} class="stage" role="application" aria-label={props.label} tabIndex={0}>
      <img ref={image} class="stage-image" src={source} alt="" draggable={false} decoding="async" width={picture.width} height={picture.height} onLoad={props.onShown} onError={props.onBroken} />
      <canvas ref={base} class="stage-canvas" />
      {tool && <canvas ref={top} class="stage-canvas" />}
    </div>
  );
}

function pick({ marks, view, onPick }: StageProps, at: Point): void {
  if (view.value !== null) onPick?.(itemsAt(marks.value, at, view.value)[0]?.id ?? null);
}

/** The preview at first, then the file itself when it is decoded. */
function usePicture({ picture, view }: StageProps, size: Signal<Size>): string | undefined {
  const [better, setBetter] = useState<{ of: Picture; source: string } | null>(null);
  useEffect(() => {
    let isWanted = true;
    let isAsked = false;
    const stop = effect(() => {
      const scale = (view.value ?? fitView(picture, size.value)).scale * (globalThis.devicePixelRatio || 1);
      if (isAsked || picture.full === null || !wantsFull(picture, scale)) return;
      isAsked = true;
      const source = picture.full;
      void decodes(source).then((is) => is && isWanted && setBetter({ of: picture, source }));
    });
    return () => {
      isWanted = false;
      stop();
    };
  }, [picture, view]);
  return (better?.of === picture ? better.source : firstSource(picture)) ?? undefined;
}

/** Keep the size of the stage, and a fitted image fitted. */
function watchSize(root: HTMLElement, size: Signal<Size>, view: Signal<View | null>, picture: Picture): () => void {
  const measure = () => {
    const next = { width: root.clientWidth, height: root.clientHeight };
    const isFit = view.value === null || (size.value.width > 0 && isFitted(view.value, picture, size.value));
    size.value = next;
    if (isFit && next.width > 0) view.value = fitView(picture, next);
  };
  const observer = new ResizeObserver(measure);
  observer.observe(root);
  measure();
  return () => observer.disconnect();
}

function placeImage(image: HTMLImageElement, { view, brightness }: StageProps): () => void {
  return effect(() => {
    const now = view.value;
    image.style.transform = now ? `translate(${now.x}px, ${now.y}px) scale(${now.scale})` : "";
    image.style.filter = brightness && brightness.value !== 1 ? `brightness(${brightness.value})` : "";
    image.style.imageRendering = now && now.scale >= 3 ? "pixelated" : "";
  });
}

/** Paint now, and once in the next frame after any of the signals that the painter reads has changed. */
function eachFrame(paint: () => void): () => void {
  let frame = 0;
  let stop = () => {};
  const run = () => {
    stop();
    frame = 0;
    let isFirst = true;
    stop = effect(() => {
      if (isFirst) paint();
      else frame ||= requestAnimationFrame(run);
      isFirst = false;
    });
  };
  run();
  return () => {
    cancelAnimationFrame(frame);
    stop();
  };
}

function paintBase(canvas: HTMLCanvasElement, props: StageProps, size: Signal<Size>): () => void {
  return eachFrame(() => {
    const context = prepare(canvas, size.value);
    const now = props.view.value;
    if (context === null || now === null || props.hidden?.value) return;
    const marks = props.marks.value;
    paintMarks(context, marks, now, size.value);
    // With a tool the chosen box is drawn by it, because it moves.
    const chosen = props.tool ? undefined : marks.find((mark) => mark.id === props.chosen?.value);
    if (chosen) paintChosen(context, chosen, now, size.value, false);
  });
}

function paintTool(canvas: HTMLCanvasElement, { view }: StageProps, tool: Tool, size: Signal<Size>): () => void {
  return eachFrame(() => {
    const context = prepare(canvas, size.value);
    if (context !== null && view.value !== null) tool.paint(context, view.value, size.value);
  });
}
