// Where tiles lie in a list that is far longer than a screen. All lengths are in CSS pixels.

/** Browsers draw no element above some 16 to 33 million pixels; above this height the list is pressed together. */
const MOST_HEIGHT = 8_000_000;
const TILE_WIDTH = 168;
const MOST_COLUMNS = 10;
const LINE_HEIGHT = 30;
const GAP = 10;
/** So many tiles are drawn at most, with an overscan of a row on both sides, so that a large screen gets larger tiles. */
const MOST_TILES = 72;

export interface Layout {
  columns: number;
  tileWidth: number;
  rowHeight: number;
  rows: number;
  /** Height of what is scrolled. */
  height: number;
  /** Height that all rows have together; greater than `height` where they are pressed together. */
  wholeHeight: number;
  viewHeight: number;
}

/** Return the layout of so many tiles in a view of this size. */
export function layOut(count: number, viewWidth: number, viewHeight: number): Layout {
  let columns = Math.max(2, Math.min(MOST_COLUMNS, Math.floor(viewWidth / TILE_WIDTH)));
  while (columns > 2 && columns * (Math.ceil(viewHeight / heightOf(viewWidth / columns)) + 2) > MOST_TILES) columns -= 1;
  const tileWidth = Math.floor(viewWidth / columns) - GAP;
  const rowHeight = heightOf(viewWidth / columns);
  const rows = Math.ceil(count / columns);
  const wholeHeight = rows * rowHeight;
  return { columns, tileWidth, rowHeight, rows, wholeHeight, viewHeight, height: Math.min(wholeHeight, MOST_HEIGHT) };
}

function heightOf(cellWidth: number): number {
  return Math.round((Math.floor(cellWidth) - GAP) * 0.75) + LINE_HEIGHT + GAP;
}

/** Return how far the first pixel of the view is from the top of the first row. */
export function offsetAt(layout: Layout, scrollTop: number): number {
  const scrollable = layout.height - layout.viewHeight;
  if (layout.wholeHeight === layout.height || scrollable <= 0) return scrollTop;
  return (Math.min(scrollTop, scrollable) / scrollable) * (layout.wholeHeight - layout.viewHeight);
}

/** Return the position of the scroll bar at which a row is in the view, as near as possible to the present one. */
export function scrollTopFor(layout: Layout, row: number, scrollTop: number): number {
  const offset = offsetAt(layout, scrollTop);
  const least = (row + 1) * layout.rowHeight - layout.viewHeight;
  const wanted = Math.max(0, Math.max(least, Math.min(offset, row * layout.rowHeight)));
  if (layout.wholeHeight === layout.height) return wanted;
  return (wanted / (layout.wholeHeight - layout.viewHeight)) * (layout.height - layout.viewHeight);
}

/** Return the first and the last row to be drawn, with one more on both sides. */
export function rowsAt(layout: Layout, scrollTop: number): [number, number] {
  const offset = offsetAt(layout, scrollTop);
  const first = Math.floor(offset / layout.rowHeight) - 1;
  const last = Math.floor((offset + layout.viewHeight) / layout.rowHeight) + 1;
  return [Math.max(0, first), Math.min(layout.rows - 1, last)];
}
