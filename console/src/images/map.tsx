// The places of images on a map of our own: no tiles, and no request to anybody else. A box on it filters.
import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, data } from "../api";
import { useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Link } from "../router";
import { scheme } from "../scheme";
import { type Filters } from "./filters";
import { type Corner, paintMap, type Place, radiusOf } from "./map-paint";
import { type Bounds, boundsOf, fitBounds, type MapSize, type MapView, panBy, rounded, seenBounds, shared, toScreen, zoomAt } from "./map-view";

interface MapProps {
  filters: Filters;
  /** Show only the images within these bounds. `isToGrid`: as a grid. */
  onBounds: (bounds: Bounds, isToGrid: boolean) => void;
}

const CELLS = 96;
const PAUSE_MS = 250;
const STEP_PIXELS = 80;
const WHOLE_WORLD: Bounds = [-180, -90, 180, 90];
/** A press that moves less is a click. */
const CLICK_PIXELS = 4;

export function PlacesMap({ filters, onBounds }: MapProps) {
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<MapSize>({ width: 0, height: 0 });
  const view = useSignal<MapView | null>(null);
  const box = useSignal<[Corner, Corner] | null>(null);
  const [isBoxing, setBoxing] = useState(false);
  const [chosen, setChosen] = useState<Place | null>(null);
  const [asked, setAsked] = useState<{ key: string; bounds: Bounds } | null>(null);
  const bounds = filters.bbox?.length === 4 ? (filters.bbox as Bounds) : null;
  const key = JSON.stringify(filters);
  // What a view of other filters has asked for means nothing now.
  const area = asked?.key === key ? asked.bounds : null;
  const loaded = useLoad(() => loadPlaces(filters, bounds, area), [key, area]);
  // What is shown stays until the finer places of a new view are there.
  const shown = useRef<{ key: string; found: Awaited<ReturnType<typeof loadPlaces>> } | null>(null);
  if (loaded.data) shown.current = { key, found: loaded.data };
  const found = shown.current?.key === key ? shown.current.found : loaded.data;

  useEffect(() => {
    const element = root.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // The first answer counts all images of the filters, later ones only those that can be seen.
  const first = useRef<{ key: string; without: number } | null>(null);
  if (loaded.data && first.current?.key !== key && !area) first.current = { key, without: loaded.data.without_place };
  useEffect(() => {
    // Other filters have other places: show all of them.
    view.value = null;
    setChosen(null);
  }, [key]);
  const all = found?.bounds ?? null;
  useEffect(() => {
    if (!view.value && found && size.width) view.value = fitBounds((all as Bounds | null) ?? bounds ?? WHOLE_WORLD, size);
  }, [found, size]);
  const seen = view.value;
  useEffect(() => {
    if (!seen || !size.width) return undefined;
    const timer = setTimeout(() => setAsked({ key, bounds: rounded(seenBounds(seen, size), seen.scale) }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [seen, size]);
  const places = found?.places ?? [];
  const painting = seen && { view: seen, size, places, chosen, bounds, box: box.value };
  useEffect(() => {
    if (painting && canvas.current) paintMap(canvas.current, painting);
  }, [seen, size, found, chosen, box.value, scheme.value]);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => {
      if (view.value) view.value = { ...view.value };
    };
    dark.addEventListener("change", repaint);
    return () => dark.removeEventListener("change", repaint);
  }, []);

  const press = usePress({
    isBoxing,
    pan: (dx, dy) => view.value && (view.value = panBy(view.value, dx, dy)),
    zoom: (factor, at) => view.value && (view.value = zoomAt(view.value, size, factor, at.x, at.y)),
    draw: (corners) => (box.value = corners),
    drawn: ([a, b]) => {
      box.value = null;
      setBoxing(false);
      if (view.value) onBounds(rounded(boundsOf(view.value, size, a, b), view.value.scale), false);
    },
    click: (at) => view.value && setChosen(placeAt(view.value, size, places, at)),
  });
  const zoom = (factor: number) => {
    if (view.value) view.value = zoomAt(view.value, size, factor, size.width / 2, size.height / 2);
  };
  const filterBySeen = () => {
    if (view.value) onBounds(rounded(seenBounds(view.value, size), view.value.scale), false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, [number, number]> = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const move = moves[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (move && view.value) view.value = panBy(view.value, move[0] * STEP_PIXELS, move[1] * STEP_PIXELS);
    else if (event.key === "+" || event.key === "=") zoom(2);
    else if (event.key === "-") zoom(0.5);
    else if (event.key === "Enter") filterBySeen();
    else if (event.key === "Escape") {
      box.value = null;
      setBoxing(false);
      setChosen(null);
    } else return;
    event.preventDefault();
  };
  return (
    <div class="map-view">
      <div class="map-tools">
        <button type="button" aria-label="Zoom in" onClick={() => zoom(2)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(0.5)}>
          −
        </button>
        <button type="button" onClick={() => (view.value = fitBounds((all as Bounds | null) ?? WHOLE_WORLD, size))}>
          Fit
        </button>
        <button type="button" aria-pressed={isBoxing} onClick={() => setBoxing(!isBoxing)}>
          Draw a box
        </button>
        <button type="button" onClick={filterBySeen}>
          Filter by what is shown
        </button>
        <span role="status">{found ? summary(found.with_place, first.current?.without ?? 0) : "Loading the places …"}</span>
      </div>
      <ProblemNote error={loaded.error} retry={loaded.reload} />
      <div
        ref={root}
        class={isBoxing ? "map is-boxing" : "map"}
        role="application"
        tabIndex={0}
        aria-label="Map of places. Arrow keys move it, plus and minus zoom, Enter filters by what is shown."
        onKeyDown={onKeyDown}
        {...press}
      >
        <canvas ref={canvas} />
        {chosen && <ChosenPlace place={chosen} onShow={() => view.value && onBounds(around(chosen, view.value), true)} onClose={() => setChosen(null)} />}
      </div>
    </div>
  );
}

async function loadPlaces(filters: Filters, bounds: Bounds | null, asked: Bounds | null) {
  const bbox = asked && bounds ? (shared(bounds, asked) ?? bounds) : (asked ?? bounds);
  const query = { ...filters, cells: CELLS, ...(bbox ? { bbox } : {}) };
  return data(api.GET("/images/places", { params: { query } }));
}

function summary(count: number, without: number): string {
  const words = `${formatCount(count)} ${count === 1 ? "image" : "images"} with a place here`;
  return without ? `${words}, ${formatCount(without)} without one` : words;
}

function placeAt(view: MapView, size: MapSize, places: readonly Place[], at: Corner): Place | null {
  let nearest: Place | null = null;
  let least = Infinity;
  for (const place of places) {
    const { x, y } = toScreen(view, size, place.lon, place.lat);
    const distance = Math.hypot(x - at.x, y - at.y);
    if (distance < Math.max(radiusOf(place), 12) && distance < least) [nearest, least] = [place, distance];
  }
  return nearest;
}

/** Return bounds of some pixels around a place, which hold its images and those next to it. */
function around(place: Place, view: MapView): Bounds {
  const height = 12 / view.scale;
  const width = height / view.ratio;
  return rounded([place.lon - width, place.lat - height, place.lon + width, place.lat + height], view.scale * 10);
}

function ChosenPlace({ place, onShow, onClose }: { place: Place; onShow: () => void; onClose: () => void }) {
  return (
    <div class="map-place card" role="status" onPointerDown={(event) => event.stopPropagation()}>
      <p>
        {place.lat.toFixed(5)}, {place.lon.toFixed(5)}: {place.image_count === 1 ? "one image" : `${formatCount(place.image_count)} images`}
      </p>
      <div class="row">
        {place.image_count === 1 ? <Link to={`/images/${place.image_id}`}>Open the image</Link> : <button type="button" onClick={onShow}>Show them in the grid</button>}
        <button type="button" class="plain" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </div>
    </div>
  );
}

interface Gestures {
  isBoxing: boolean;
  pan: (dx: number, dy: number) => void;
  zoom: (factor: number, at: Corner) => void;
  draw: (corners: [Corner, Corner] | null) => void;
  drawn: (corners: [Corner, Corner]) => void;
  click: (at: Corner) => void;
}

/** Mouse, pen and fingers: one moves the map or draws the box, two zoom, and the wheel zooms where it points. */
function usePress({ isBoxing, pan, zoom, draw, drawn, click }: Gestures) {
  const pressed = useRef(new Map<number, Corner>());
  const start = useRef<Corner | null>(null);
  const isBox = useRef(false);
  const at = (event: PointerEvent | WheelEvent): Corner => {
    const frame = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };
  const spread = () => {
    const [a, b] = [...pressed.current.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      pressed.current.set(event.pointerId, at(event));
      start.current = pressed.current.size === 1 ? at(event) : null;
      isBox.current = (isBoxing || event.shiftKey) && pressed.current.size === 1;
      if (!isBox.current) draw(null);
    },
    onPointerMove: (event: PointerEvent) => {
      const before = pressed.current.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      const wide = spread();
      pressed.current.set(event.pointerId, now);
      if (isBox.current && start.current) draw([start.current, now]);
      else if (pressed.current.size === 2) {
        const [a, b] = [...pressed.current.values()] as [Corner, Corner];
        if (wide) zoom(spread() / wide, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
      } else pan(now.x - before.x, now.y - before.y);
    },
    onPointerUp: (event: PointerEvent) => {
      const begun = start.current;
      if (!pressed.current.delete(event.pointerId) || !begun) return;
      const now = at(event);
      const isClick = Math.hypot(now.x - begun.x, now.y - begun.y) < CLICK_PIXELS;
      if (isBox.current && !isClick) drawn([begun, now]);
      else {
        draw(null);
        if (isClick) click(now);
      }
      start.current = null;
    },
    onPointerCancel: (event: PointerEvent) => {
      pressed.current.delete(event.pointerId);
      start.current = null;
      draw(null);
    },
    onWheel: (event: WheelEvent) => {
      event.preventDefault();
      zoom(2 ** (-event.deltaY / 300), at(event));
    },
  };
}
