// How degrees lie in the map: a plate carrée that is true at one latitude. Lengths are in CSS pixels, angles in degrees (WGS 84).

export interface MapView {
  /** Degrees at the middle of the map. The longitude may pass 180. */
  lon: number;
  lat: number;
  /** Pixels of one degree of latitude. */
  scale: number;
  /** How much narrower a degree of longitude is: the cosine of the latitude at which the map is true. */
  ratio: number;
}

export interface MapSize {
  width: number;
  height: number;
}

/** West, south, east, north; west is greater than east where the bounds cross the antimeridian. */
export type Bounds = [number, number, number, number];

const METERS_OF_DEGREE = 111_195;
/** One pixel is at least 5 cm. */
const MOST_SCALE = METERS_OF_DEGREE * 20;
const LEAST_SCALE = 1;
const MARGIN = 40;
/** Images of one place get some surroundings, in degrees. */
const LEAST_SPAN = 0.002;

/** Return the view in which bounds can be seen, with a margin. */
export function fitBounds([west, south, east, north]: Bounds, size: MapSize): MapView {
  const width = Math.max(east < west ? east + 360 - west : east - west, LEAST_SPAN);
  const height = Math.max(north - south, LEAST_SPAN);
  const lat = (south + north) / 2;
  const ratio = Math.max(Math.cos((lat * Math.PI) / 180), 0.01);
  const across = Math.max(size.width - 2 * MARGIN, 1) / (width * ratio);
  const down = Math.max(size.height - 2 * MARGIN, 1) / height;
  const middle = east < west ? (west + east + 360) / 2 : (west + east) / 2;
  return { lon: middle, lat, ratio, scale: limited(Math.min(across, down)) };
}

function limited(scale: number): number {
  return Math.min(Math.max(scale, LEAST_SCALE), MOST_SCALE);
}

/** Return where a place is on the map. Of the places that are a whole turn apart, it is the one next to the middle. */
export function toScreen(view: MapView, size: MapSize, lon: number, lat: number): { x: number; y: number } {
  const turned = view.lon + turn(lon - view.lon);
  return {
    x: size.width / 2 + (turned - view.lon) * view.scale * view.ratio,
    y: size.height / 2 - (lat - view.lat) * view.scale,
  };
}

/** Return an angle between -180 and 180 degrees. */
export function turn(angle: number): number {
  return ((((angle + 180) % 360) + 360) % 360) - 180;
}

/** Return the place at a point of the map; the longitude may pass 180. */
export function toPlace(view: MapView, size: MapSize, x: number, y: number): { lon: number; lat: number } {
  return {
    lon: view.lon + (x - size.width / 2) / (view.scale * view.ratio),
    lat: view.lat - (y - size.height / 2) / view.scale,
  };
}

export function panBy(view: MapView, dx: number, dy: number): MapView {
  const lat = Math.min(90, Math.max(-90, view.lat + dy / view.scale));
  return { ...view, lon: turn(view.lon - dx / (view.scale * view.ratio)), lat };
}

/** Magnify; the place at the point stays where it is. */
export function zoomAt(view: MapView, size: MapSize, factor: number, x: number, y: number): MapView {
  const scale = limited(view.scale * factor);
  const place = toPlace(view, size, x, y);
  const lon = place.lon - (x - size.width / 2) / (scale * view.ratio);
  const lat = place.lat + (y - size.height / 2) / scale;
  return { ...view, lon: turn(lon), lat: Math.min(90, Math.max(-90, lat)), scale };
}

/** Return the bounds of a rectangle of the map, given by two opposite corners. */
export function boundsOf(view: MapView, size: MapSize, a: { x: number; y: number }, b: { x: number; y: number }): Bounds {
  const low = toPlace(view, size, Math.min(a.x, b.x), Math.max(a.y, b.y));
  const high = toPlace(view, size, Math.max(a.x, b.x), Math.min(a.y, b.y));
  const south = Math.max(-90, low.lat);
  const north = Math.min(90, high.lat);
  if (high.lon - low.lon >= 360) return [-180, south, 180, north];
  // The east edge of the world is written as 180, not as -180.
  const east = turn(high.lon);
  return [turn(low.lon), south, east === -180 ? 180 : east, north];
}

/** Return the bounds of all that can be seen. */
export function seenBounds(view: MapView, size: MapSize): Bounds {
  return boundsOf(view, size, { x: 0, y: 0 }, { x: size.width, y: size.height });
}

/** Return the part that two bounds share, or null if they share nothing. One of both that crosses the antimeridian wins. */
export function shared(a: Bounds, b: Bounds): Bounds | null {
  if (a[0] > a[2]) return a;
  if (b[0] > b[2]) return a;
  const found: Bounds = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  return found[0] <= found[2] && found[1] <= found[3] ? found : null;
}

/** Return bounds without more digits than the map can tell apart. */
export function rounded(bounds: Bounds, scale: number): Bounds {
  const digits = Math.min(8, Math.max(1, Math.ceil(Math.log10(scale)) + 1));
  return bounds.map((side) => Number(side.toFixed(digits))) as Bounds;
}

/** Return a distance between lines of 1, 2 or 5 times a power of ten degrees, of some 120 pixels. */
export function lineStep(pixelsOfDegree: number): number {
  const wanted = 120 / pixelsOfDegree;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= wanted) ?? 10;
  return Math.min(step * power, 45);
}

/** Return a round length in meters, and how many pixels it is. */
export function scaleBar(view: MapView): { meters: number; pixels: number } {
  const pixelsOfMeter = view.scale / METERS_OF_DEGREE;
  const wanted = 120 / pixelsOfMeter;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const meters = (wanted / power >= 5 ? 5 : wanted / power >= 2 ? 2 : 1) * power;
  return { meters, pixels: meters * pixelsOfMeter };
}
