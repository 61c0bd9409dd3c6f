// Drawing of the map: lines of latitude and longitude, the places with their numbers, a scale, and a box.
import { formatCount } from "../parts/progress";
import type { Schemas } from "../api";
import { type Bounds, lineStep, type MapSize, type MapView, scaleBar, toPlace, toScreen, turn } from "./map-view";

export type Place = Schemas["ImagePlace"];

export interface Corner {
  x: number;
  y: number;
}

export interface Painting {
  view: MapView;
  size: MapSize;
  places: readonly Place[];
  chosen: Place | null;
  /** The bounds of the filter. */
  bounds: Bounds | null;
  /** The box that is drawn now. */
  box: [Corner, Corner] | null;
}

type Colors = Record<"ground" | "text" | "quiet" | "line" | "accent" | "onAccent", string>;

const FONT = "12px system-ui, sans-serif";

/** Draw all of it. */
export function paintMap(canvas: HTMLCanvasElement, painting: Painting): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { size } = painting;
  const density = devicePixelRatio || 1;
  canvas.width = Math.round(size.width * density);
  canvas.height = Math.round(size.height * density);
  context.scale(density, density);
  context.font = FONT;
  const colors = colorsOf(canvas);
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, size.width, size.height);
  paintLines(context, painting, colors);
  // Few large dots would hide many small ones.
  for (const place of [...painting.places].sort((a, b) => b.image_count - a.image_count)) paintPlace(context, painting, place, colors);
  if (painting.bounds) paintBounds(context, painting, painting.bounds, colors);
  if (painting.box) paintBox(context, ...painting.box, colors);
  paintScale(context, painting, colors);
}

function colorsOf(canvas: HTMLCanvasElement): Colors {
  const style = getComputedStyle(canvas);
  // `light-dark()` is resolved in properties that are colors, and not in custom ones.
  const probe = document.createElement("span");
  canvas.parentElement?.append(probe);
  const resolve = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color || style.color;
  };
  const names = { ground: "--ground", text: "--text", quiet: "--quiet", line: "--line", accent: "--accent", onAccent: "--on-accent" };
  const found = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, resolve(name)])) as Colors;
  probe.remove();
  return found;
}

function paintLines(context: CanvasRenderingContext2D, { view, size }: Painting, colors: Colors): void {
  const low = toPlace(view, size, 0, size.height);
  const high = toPlace(view, size, size.width, 0);
  const across = lineStep(view.scale * view.ratio);
  const down = lineStep(view.scale);
  context.strokeStyle = colors.line;
  context.fillStyle = colors.quiet;
  context.lineWidth = 1;
  context.beginPath();
  for (let i = Math.ceil(low.lon / across); i * across <= high.lon; i += 1) {
    const x = Math.round(size.width / 2 + (i * across - view.lon) * view.scale * view.ratio) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, size.height);
    context.fillText(degrees(turn(i * across), across, "E", "W"), x + 4, size.height - 6);
  }
  for (let i = Math.ceil(Math.max(low.lat, -90) / down); i * down <= Math.min(high.lat, 90); i += 1) {
    const y = Math.round(size.height / 2 - (i * down - view.lat) * view.scale) + 0.5;
    context.moveTo(0, y);
    context.lineTo(size.width, y);
    context.fillText(degrees(i * down, down, "N", "S"), 4, y - 4);
  }
  context.stroke();
}

function degrees(angle: number, step: number, positive: string, negative: string): string {
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  return `${Math.abs(angle).toFixed(digits)}° ${angle < 0 ? negative : positive}`;
}

/** Return the radius of the dot of a place. */
export function radiusOf(place: Place): number {
  return Math.min(16, 4 + 2 * Math.log2(place.image_count));
}

function paintPlace(context: CanvasRenderingContext2D, { view, size, chosen }: Painting, place: Place, colors: Colors): void {
  const { x, y } = toScreen(view, size, place.lon, place.lat);
  const radius = radiusOf(place);
  if (x < -radius || y < -radius || x > size.width + radius || y > size.height + radius) return;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colors.accent;
  context.fill();
  context.strokeStyle = place === chosen ? colors.text : colors.ground;
  context.lineWidth = place === chosen ? 3 : 1.5;
  context.stroke();
  if (radius < 11) return;
  context.fillStyle = colors.onAccent;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(short(place.image_count), x, y);
  context.textAlign = "start";
  context.textBaseline = "alphabetic";
}

function short(count: number): string {
  if (count < 1000) return String(count);
  return count < 1_000_000 ? `${Math.floor(count / 1000)}k` : `${Math.floor(count / 1_000_000)}M`;
}

function paintBounds(context: CanvasRenderingContext2D, { view, size }: Painting, [west, south, east, north]: Bounds, colors: Colors): void {
  const a = toScreen(view, size, west, north);
  const width = (east < west ? east + 360 - west : east - west) * view.scale * view.ratio;
  context.setLineDash([6, 4]);
  context.strokeStyle = colors.text;
  context.lineWidth = 2;
  context.strokeRect(a.x, a.y, width, (north - south) * view.scale);
  context.setLineDash([]);
}

function paintBox(context: CanvasRenderingContext2D, a: Corner, b: Corner, colors: Colors): void {
  context.strokeStyle = colors.text;
  context.lineWidth = 2;
  context.strokeRect(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(a.x - b.x), Math.abs(a.y - b.y));
}

function paintScale(context: CanvasRenderingContext2D, { view, size }: Painting, colors: Colors): void {
  const { meters, pixels } = scaleBar(view);
  const x = size.width - pixels - 16;
  const y = size.height - 30;
  context.strokeStyle = colors.text;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x, y - 6);
  context.lineTo(x, y);
  context.lineTo(x + pixels, y);
  context.lineTo(x + pixels, y - 6);
  context.stroke();
  context.fillStyle = colors.text;
  const words = meters >= 1000 ? `${formatCount(meters / 1000)} km` : `${meters < 1 ? meters.toFixed(1) : meters} m`;
  context.fillText(words, x + 4, y - 8);
}
