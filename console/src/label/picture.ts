// The picture of an image: the preview first, and the file itself once it is decoded, so that neither the first look nor a drag waits
// for twenty million pixels. Links come signed with the list of images; nothing here sends a key.

import type { Size } from "./geometry.ts";

export interface Picture extends Size {
  readonly id: number;
  readonly preview: string | null;
  readonly full: string | null;
}

/** Above this many pixels a side the file is loaded only where somebody looks closer than the preview can show. */
const LARGEST_SIDE = 8_000;
/** The longest side of previews, in pixels. */
const PREVIEW_SIDE = 2_048;

/** The first thing to show. */
export function firstSource(picture: Picture): string | null {
  return picture.preview ?? picture.full;
}

/** Whether the file itself is worth loading at this magnification (device pixels per pixel of the image). */
export function wantsFull(picture: Picture, magnification: number): boolean {
  if (picture.full === null || picture.preview === null) return false;
  const longest = Math.max(picture.width, picture.height);
  if (longest <= PREVIEW_SIDE) return false;
  return longest <= LARGEST_SIDE || magnification > PREVIEW_SIDE / longest;
}

/** Load and decode; resolves to false if the browser cannot show what is there, or cannot hold it. */
export async function decodes(source: string): Promise<boolean> {
  const image = new Image();
  image.src = source;
  try {
    await image.decode();
    return true;
  } catch {
    return false;
  }
}

/** Pictures that were asked for ahead. The browser's cache keeps their bytes; holding the elements keeps them decoded. */
const ahead = new Map<string, HTMLImageElement>();
const MOST_AHEAD = 4;

export function prefetch(picture: Picture): void {
  const source = firstSource(picture);
  if (source === null || ahead.has(source)) return;
  const image = new Image();
  image.src = source;
  image.decode().catch(() => ahead.delete(source));
  ahead.set(source, image);
  const oldest = ahead.keys().next().value;
  if (ahead.size > MOST_AHEAD && oldest !== undefined) ahead.delete(oldest);
}
