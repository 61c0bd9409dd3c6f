// The image that somebody works on: its boxes and their past, the chosen box, what is being drawn. Pages and tools read the signals
// and call the verbs; each verb is one step of undo.

import type { ReadonlySignal } from "@preact/signals";
import { batch, computed, signal } from "@preact/signals";
import type { Content, Item } from "./content.ts";
import { addItems, classifyItem, isSameItem, newId, newItem, NOTHING, placeItem, removeItem } from "./content.ts";
import type { Box, Point, Size } from "./geometry.ts";
import { clampBox, moveBox } from "./geometry.ts";
import type { History } from "./history.ts";
import { begin, record, redo, undo } from "./history.ts";

/** The label of a box that is drawn before any class is known. It is safe meanwhile, and the page asks for the class. */
const FIRST_LABEL = "object";

export interface Lifted {
  readonly id: number;
  readonly box: Box;
}

export class Editor {
  readonly history = signal<History<Content>>(begin(NOTHING));
  readonly content: ReadonlySignal<Content> = computed(() => this.history.value.present);
  readonly chosen = signal<number | null>(null);
  /** The class of new boxes; null before the campaign has any. */
  readonly label = signal<string | null>(null);
  readonly suggestions = signal<readonly Item[]>([]);
  /** The box that is being dragged, where it is now. */
  readonly lifted = signal<Lifted | null>(null);
  /** The box that is being drawn, and the first of two clicks. */
  readonly sketch = signal<Box | null>(null);
  readonly corner = signal<Point | null>(null);
  readonly canEdit = signal(false);
  readonly size = signal<Size>({ width: 1, height: 1 });
  /** Suggestions that are not among the boxes yet. */
  readonly open: ReadonlySignal<readonly Item[]> = computed(() => {
    const { items } = this.content.value;
    return this.suggestions.value.filter((one) => !items.some((item) => item.id === one.id || isSameItem({ ...one, confidence: item.confidence }, item)));
  });
  readonly chosenItem: ReadonlySignal<Item | null> = computed(() => this.find(this.chosen.value));
  /** Called after each change by a person, with what the image is then. */
  onChange: (content: Content) => void = () => {};
  /** Asks for a class where a box was drawn without any. */
  onUnnamed: () => void = () => {};
  private gesture = 0;

  /** Show another image, with the past that it has. */
  show(history: History<Content>, size: Size, suggestions: readonly Item[]): void {
    batch(() => {
      this.history.value = history;
      this.size.value = size;
      this.suggestions.value = suggestions;
      this.chosen.value = null;
      this.stopDrawing();
    });
  }

  find(id: number | null): Item | null {
    return this.content.value.items.find((item) => item.id === id) ?? this.suggestions.value.find((item) => item.id === id) ?? null;
  }

  stopDrawing(): void {
    batch(() => {
      this.sketch.value = null;
      this.corner.value = null;
      this.lifted.value = null;
    });
  }

  private become(next: Content, gesture: string | null = null): boolean {
    if (!this.canEdit.value || next === this.content.value) return false;
    this.history.value = record(this.history.value, next, gesture);
    this.onChange(next);
    return true;
  }

  /** Add a box of the present class, and choose it. */
  draw(box: Box): void {
    const item = newItem(clampBox(box, this.size.value), this.label.value ?? FIRST_LABEL);
    batch(() => {
      if (this.become(addItems(this.content.value, [item]))) this.chosen.value = item.id;
    });
    if (this.label.value === null) this.onUnnamed();
  }

  /** Give a box another place. A suggestion becomes a box by that. */
  place(id: number, box: Box, gesture: string | null = null): void {
    const suggestion = this.open.value.find((item) => item.id === id);
    const held = suggestion ? addItems(this.content.value, [accepted(suggestion)]) : this.content.value;
    this.become(placeItem(held, id, clampBox(box, this.size.value)), gesture);
  }

  /** Move the chosen box, or its lower right corner, by pixels. Repeats of a key that is held down are one step. */
  nudge(dx: number, dy: number, { isSize, isRepeat }: { isSize: boolean; isRepeat: boolean }): void {
    const item = this.chosenItem.value;
    if (item === null) return;
    if (!isRepeat) this.gesture++;
    const { box } = item;
    const next = isSize ? { ...box, xmax: Math.max(box.xmax + dx, box.xmin + 1), ymax: Math.max(box.ymax + dy, box.ymin + 1) } : moveBox(box, dx, dy, this.size.value);
    this.place(item.id, next, `nudge ${this.gesture}`);
  }

  /** Choose the class of new boxes; the chosen box gets it, too. */
  classify(label: string): void {
    this.label.value = label;
    const item = this.chosenItem.value;
    if (item === null) return;
    const suggestion = this.open.value.find((one) => one.id === item.id);
    const held = suggestion ? addItems(this.content.value, [accepted(suggestion)]) : this.content.value;
    this.become(classifyItem(held, item.id, label));
  }

  /** Remove the chosen box, and choose the one that follows. A suggestion is put aside. */
  remove(): void {
    const item = this.chosenItem.value;
    if (item === null || !this.canEdit.value) return;
    const { items } = this.content.value;
    const place = items.findIndex((one) => one.id === item.id);
    batch(() => {
      if (place < 0) this.suggestions.value = this.suggestions.value.filter((one) => one.id !== item.id);
      else this.become(removeItem(this.content.value, item.id));
      this.chosen.value = this.content.value.items[Math.min(place, this.content.value.items.length - 1)]?.id ?? null;
    });
  }

  /** Take the chosen suggestion, or all; returns how many. */
  accept(isAll = false): number {
    const open = this.open.value;
    const one = isAll ? undefined : open.find((item) => item.id === this.chosen.value);
    const taken = one ? [one] : open;
    return taken.length > 0 && this.become(addItems(this.content.value, taken.map(accepted))) ? taken.length : 0;
  }

  /** Add the boxes of another image, as far as they are not here already; returns how many. */
  copy(from: Content): number {
    const { items } = this.content.value;
    const copies = from.items
      .map((item) => ({ ...item, id: newId(), confidence: null, box: clampBox(item.box, this.size.value) }))
      .filter((copy) => !items.some((item) => isSameItem({ ...item, confidence: null }, copy)));
    return copies.length > 0 && this.become(addItems(this.content.value, copies)) ? copies.length : 0;
  }

  /** Say something else of the whole image, as one step. */
  replace(content: Content): void {
    batch(() => {
      this.become(content);
      this.chosen.value = null;
    });
  }

  step(direction: "undo" | "redo"): boolean {
    const next = direction === "undo" ? undo(this.history.value) : redo(this.history.value);
    if (!this.canEdit.value || next === this.history.value) return false;
    batch(() => {
      this.history.value = next;
      this.stopDrawing();
      if (this.find(this.chosen.value) === null) this.chosen.value = null;
    });
    this.onChange(next.present);
    return true;
  }

  /** Choose the next box (1) or the one before (-1), suggestions after the boxes. */
  walk(direction: 1 | -1): Item | null {
    const all = [...this.content.value.items, ...this.open.value];
    if (all.length === 0) return null;
    const place = all.findIndex((item) => item.id === this.chosen.value);
    const next = all[(place < 0 && direction < 0 ? all.length - 1 : place + direction + all.length) % all.length] as Item;
    this.chosen.value = next.id;
    return next;
  }
}

/** A suggestion that a person took is what that person says; the model's confidence stays with the model's campaign. */
function accepted(suggestion: Item): Item {
  return { ...suggestion, confidence: null };
}
