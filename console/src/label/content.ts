// What a person says of one image: its boxes, or the reason why it cannot be labeled. Values never change; an edit makes a new one.

import type { Box } from "./geometry.ts";
import { isSameBox, overlap } from "./geometry.ts";

/** One box. `original` is the label as it was first sent; `id` tells boxes apart in this page alone. */
export interface Item {
  readonly id: number;
  readonly box: Box;
  readonly label: string;
  readonly original: string;
  readonly confidence: number | null;
}

export interface Content {
  readonly items: readonly Item[];
  readonly unusable: string | null;
}

/** An object as the API takes it. */
export interface SentObject {
  bounding_box: Box;
  label: string;
  label_translated?: string | null;
  confidence?: number | null;
}

/** What is sent for an image, as a draft or as a submission. */
export interface Body {
  image_id: number;
  objects?: SentObject[];
  unusable?: string;
  revision: number | null;
  image?: { width: number; height: number };
}

/** An object as the API answers it. */
export interface KnownObject {
  bounding_box: Box;
  label: string;
  label_original: string;
  confidence: number | null;
}

export const NOTHING: Content = { items: [], unusable: null };

let lastId = 0;

export function newId(): number {
  return ++lastId;
}

export function newItem(box: Box, label: string): Item {
  return { id: newId(), box, label, original: label, confidence: null };
}

export function addItems(content: Content, items: readonly Item[]): Content {
  return { items: [...content.items, ...items], unusable: null };
}

export function removeItem(content: Content, id: number): Content {
  return { ...content, items: content.items.filter((item) => item.id !== id) };
}

/** Give a box another place. It is then what a person said, so that a model's confidence no longer holds. */
export function placeItem(content: Content, id: number, box: Box): Content {
  return change(content, id, (item) => (isSameBox(item.box, box) ? item : { ...item, box, confidence: null }));
}

export function classifyItem(content: Content, id: number, label: string): Content {
  return change(content, id, (item) => (item.label === label ? item : { ...item, label, original: label, confidence: null }));
}

function change(content: Content, id: number, by: (item: Item) => Item): Content {
  const items = content.items.map((item) => (item.id === id ? by(item) : item));
  return items.every((item, i) => item === content.items[i]) ? content : { ...content, items };
}

export function fromObjects(objects: readonly KnownObject[], unusable: string | null = null): Content {
  const items = objects.map((object) => ({
    id: newId(),
    box: object.bounding_box,
    label: object.label,
    original: object.label_original,
    confidence: object.confidence,
  }));
  return { items, unusable };
}

export function fromBody(body: { objects?: readonly SentObject[] | null; unusable?: string | null }): Content {
  const items = (body.objects ?? []).map((object) => ({
    id: newId(),
    box: object.bounding_box,
    label: object.label_translated ?? object.label,
    original: object.label,
    confidence: object.confidence ?? null,
  }));
  return { items, unusable: body.unusable ?? null };
}

/** What is sent. Labels that somebody translated are sent with their translation, so that they stay what they are. */
export function toBody(imageId: number, content: Content, revision: number | null, image: { width: number; height: number } | null): Body {
  const body: Body = { image_id: imageId, revision };
  if (content.unusable !== null) return { ...body, unusable: content.unusable };
  body.objects = content.items.map((item) => ({
    bounding_box: item.box,
    label: item.original,
    label_translated: item.label === item.original ? null : item.label,
    confidence: item.confidence,
  }));
  if (image !== null) body.image = { width: image.width, height: image.height };
  return body;
}

/** Whether both say the same: the same boxes with the same labels in the same order. The service compares the same way. */
export function isSame(a: Content, b: Content): boolean {
  if (a.unusable !== b.unusable || a.items.length !== b.items.length) return false;
  return a.items.every((item, i) => isSameItem(item, b.items[i] as Item));
}

export function isSameItem(a: Item, b: Item): boolean {
  return a.label === b.label && a.confidence === b.confidence && isSameBox(a.box, b.box);
}

/** From here on two boxes with one label mean the same thing, as in the differences of the API. */
const SAME_THING = 0.5;

/** Theirs, and of mine every box that has no counterpart there. No box of either side is lost but doubles. */
export function merge(theirs: Content, mine: Content): Content {
  const taken = new Set<number>();
  const added = mine.items.filter((item) => {
    const twin = theirs.items.find((other) => !taken.has(other.id) && other.label === item.label && overlap(other.box, item.box) >= SAME_THING);
    if (twin) taken.add(twin.id);
    return !twin;
  });
  const items = [...theirs.items, ...added];
  return { items, unusable: items.length ? null : (mine.unusable ?? theirs.unusable) };
}

/** Of the others, those that stand alone on one side: what to mark where two versions are shown. */
export function onlyHere(here: Content, there: Content): Set<number> {
  return new Set(here.items.filter((item) => !there.items.some((other) => isSameItem(item, other))).map((item) => item.id));
}
