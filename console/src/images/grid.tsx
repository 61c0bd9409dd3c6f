// A grid of thumbnails that draws only what is seen, however many images there are.
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { navigate } from "../router";
import { layOut, offsetAt, rowsAt, scrollTopFor, type Layout } from "./layout";
import type { Pages } from "./pages";
import type { Selection } from "./selection";
import { Tile, type Image } from "./tile";

/** Above this speed, in pixels a frame, no picture is fetched until the list has stood still for a while. */
const FAST_PIXELS = 400;
const STILL_MS = 80;

/** Where the scroll bar was by the address of a list, for those who come back to it. */
const places = new Map<string, number>();

interface GridProps {
  /** Names the list. */
  address: string;
  pages: Pages<Image>;
  selection: Selection;
  canChoose: boolean;
  /** Choose the images from the one that was chosen last to this one. */
  onRange: (from: number, to: number) => void;
}

export function Grid({ address, pages, selection, canChoose, onRange }: GridProps) {
  const view = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const scrollTop = useSignal(0);
  const isFast = useSignal(false);
  const active = useSignal(0);
  const hasFocus = useSignal(false);
  const total = pages.total.value ?? 0;
  const layout = layOut(total, size.width, size.height);

  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useScroll(view, scrollTop, isFast);
  useLayoutEffect(() => {
    if (view.current && layout.height && size.height) view.current.scrollTop = places.get(address) ?? 0;
  }, [address, layout.height > 0, size.height > 0]);
  useEffect(() => () => void places.set(address, scrollTop.peek()), [address]);

  void pages.version.value;
  const [first, last] = rowsAt(layout, scrollTop.value);
  const from = first * layout.columns;
  const to = Math.min((last + 1) * layout.columns, Math.max(total, 1)) - 1;
  useEffect(() => {
    if (size.height && !isFast.value) pages.want(from, Math.max(from, to));
  }, [pages, from, to, isFast.value, size.height]);

  const rows: number[] = [];
  for (let row = first; row <= last; row += 1) rows.push(row);
  // The tile that has the focus stays, so that the focus is not lost when it is scrolled away.
  const activeRow = Math.floor(active.value / layout.columns);
  if (hasFocus.value && total && (activeRow < first || activeRow > last)) rows.push(activeRow);

  // Where Tab leads: to the tile that had the focus last or, when it is scrolled away, to one that is seen.
  const isNear = hasFocus.value || (activeRow >= first && activeRow <= last);
  const entry = isNear ? active.value : Math.min(first + 1, last) * layout.columns;

  const move = (index: number) => {
    const next = Math.max(0, Math.min(total - 1, index));
    active.value = next;
    const element = view.current;
    if (!element) return;
    element.scrollTop = scrollTopFor(layout, Math.floor(next / layout.columns), element.scrollTop);
    scrollTop.value = element.scrollTop;
    // The tile is there after it is drawn.
    requestAnimationFrame(() => element.querySelector<HTMLElement>(`[data-index="${next}"]:not(input)`)?.focus({ preventScroll: true }));
  };
  const choose = (index: number, isRange: boolean) => {
    const image = pages.get(index);
    if (!image || !canChoose || selection.isAll.value) return;
    if (isRange && selection.anchor !== null) onRange(Math.min(selection.anchor, index), Math.max(selection.anchor, index));
    else selection.toggle(image.image_id, index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey && event.key !== "Home" && event.key !== "End" || event.metaKey || event.altKey) return;
    const index = nextIndex(event.key, active.value, layout, total);
    if (event.key === " ") choose(active.value, event.shiftKey);
    else if (index !== null) move(index);
    else return;
    event.preventDefault();
  };
  const onClick = (event: MouseEvent) => {
    const target = (event.target as Element).closest<HTMLElement>("[data-index]");
    const index = Number(target?.dataset.index);
    if (!target || !pages.get(index)) return;
    active.value = index;
    if (target instanceof HTMLInputElement) {
      // The selection says whether the box is ticked.
      event.preventDefault();
      choose(index, event.shiftKey);
      requestAnimationFrame(() => (target.checked = selection.has(pages.get(index)?.image_id ?? 0)));
    } else if (!event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      navigate(`/images/${pages.get(index)?.image_id}`);
    }
  };

  const shift = offsetAt(layout, scrollTop.value) - scrollTop.value;
  return (
    <div class="grid-view" ref={view}>
      <div
        role="grid"
        aria-label="Images"
        aria-rowcount={layout.rows}
        aria-colcount={layout.columns}
        aria-multiselectable={canChoose}
        class="grid"
        style={{ height: `${layout.height}px` }}
        onKeyDown={onKeyDown}
        onClick={onClick}
        aria-busy={pages.total.value === null}
        onFocusIn={(event) => {
          const index = (event.target as Element).closest<HTMLElement>("[data-index]")?.dataset.index;
          if (index !== undefined) active.value = Number(index);
          hasFocus.value = true;
        }}
        onFocusOut={() => (hasFocus.value = false)}
      >
        {rows.map((row) => (
          <div role="row" aria-rowindex={row + 1} class="grid-row" key={row} style={{ transform: `translateY(${row * layout.rowHeight - shift}px)` }}>
            {indexes(row, layout.columns, total).map((index) => {
              const image = pages.get(index);
              return (
                <Tile
                  key={index}
                  index={index}
                  image={image}
                  column={index % layout.columns}
                  width={layout.tileWidth}
                  isActive={index === entry}
                  isChosen={!!image && selection.has(image.image_id)}
                  canChoose={canChoose}
                  canToggle={!selection.isAll.value}
                  mayLoad={!isFast.value}
                />
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Follow the scroll bar, once a frame, and tell when it moves fast. */
function useScroll(view: { current: HTMLDivElement | null }, scrollTop: Signal<number>, isFast: Signal<boolean>): void {
  useEffect(() => {
    const element = view.current;
    if (!element) return;
    let frame = 0;
    let timer = 0;
    const update = () => {
      frame = 0;
      const distance = Math.abs(element.scrollTop - scrollTop.value);
      if (distance > FAST_PIXELS) isFast.value = true;
      clearTimeout(timer);
      timer = window.setTimeout(() => (isFast.value = false), STILL_MS);
      scrollTop.value = element.scrollTop;
    };
    const onScroll = () => {
      if (!frame) frame = requestAnimationFrame(update);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      element.removeEventListener("scroll", onScroll);
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
}

function indexes(row: number, columns: number, total: number): number[] {
  const found: number[] = [];
  for (let index = row * columns; index < Math.min((row + 1) * columns, total); index += 1) found.push(index);
  return found;
}

/** Return where a key leads, or null for a key that leads nowhere. */
function nextIndex(key: string, index: number, layout: Layout, total: number): number | null {
  const page = Math.max(1, Math.floor(layout.viewHeight / layout.rowHeight)) * layout.columns;
  switch (key) {
    case "ArrowRight":
      return index + 1;
    case "ArrowLeft":
      return index - 1;
    case "ArrowDown":
      return index + layout.columns < total ? index + layout.columns : index;
    case "ArrowUp":
      return index - layout.columns >= 0 ? index - layout.columns : index;
    case "PageDown":
      return index + page;
    case "PageUp":
      return index - page;
    case "Home":
      return 0;
    case "End":
      return total - 1;
    default:
      return null;
  }
}
