// What the keys and the buttons of the labeling page do.

import { signal } from "@preact/signals";
import { confirm } from "../parts/dialog";
import { navigate } from "../router";
import type { DrawingTool } from "./drawing.ts";
import type { Item } from "./content.ts";
import type { Box } from "./geometry.ts";
import { itemBelow } from "./hit.ts";
import type { Action, Command } from "./keys.ts";
import { toggleCrosshair } from "./settings.ts";
import type { View } from "./view.ts";
import { fitView, panBy, showBox, toImage, zoomAt } from "./view.ts";
import type { Work } from "./work.ts";

const ZOOM_STEP = 1.4;
const PAN_STEP = 64;
const BRIGHTNESS_STEP = 0.25;

const LEAVING: ReadonlySet<Command> = new Set(["done", "nothing", "unusable", "next", "previous"]);

export class Commands {
  readonly hidden = signal(false);
  readonly brightness = signal(1);
  /** What has just happened, for screen readers and for eyes. */
  readonly said = signal("");
  readonly asksReason = signal(false);
  /** The image that a reason is asked for. */
  private askedFor: number | null = null;
  private asked = 0;
  /** Puts the focus into the field that finds classes. */
  findClass: () => void = () => {};

  constructor(
    private readonly work: Work,
    private readonly tool: DrawingTool,
  ) {}

  run(action: Action): void {
    // What is still to be seen is no longer the image that the next key is meant for.
    if (this.work.isLoading.value) return;
    if (action.do === "class") this.classify(action.name);
    else if (action.do === "move" || action.do === "size") this.arrow(action);
    else this.command(action.do);
  }

  command(command: Command): void {
    const { work } = this;
    const { editor } = work;
    const image = work.imageId;
    if (work.isLoading.value && image !== null) return;
    // A box whose button is still held would be left behind.
    if (this.tool.isBusy && LEAVING.has(command)) return;
    const verbs: Record<Command, () => void> = {
      done: () => void this.done(),
      nothing: () => void this.nothing(),
      unusable: () => {
        this.askedFor = image;
        this.asksReason.value = editor.canEdit.value;
      },
      next: () => this.go(work.opened.value?.following[1]?.image_id ?? null, "This is the last image."),
      previous: () => void this.goTo(work.findPrevious(), "This is the first image."),
      box: () => this.newBox(),
      remove: () => this.remove(),
      undo: () => this.say(editor.step("undo") ? `Undone. ${this.count()}` : "There is nothing to undo."),
      redo: () => this.say(editor.step("redo") ? `Done again. ${this.count()}` : "There is nothing to do again."),
      copy: () => void this.copy(),
      accept: () => this.sayAccepted(editor.accept()),
      "accept-all": () => this.sayAccepted(editor.accept(true)),
      "next-box": () => this.choose(editor.walk(1)),
      "previous-box": () => this.choose(editor.walk(-1)),
      below: () => this.below(),
      "find-class": () => this.findClass(),
      fit: () => this.changeView((_, picture, size) => fitView(picture, size)),
      "zoom-in": () => this.zoom(ZOOM_STEP),
      "zoom-out": () => this.zoom(1 / ZOOM_STEP),
      hide: () => (this.hidden.value = true),
      darker: () => this.brighten(-BRIGHTNESS_STEP),
      brighter: () => this.brighten(BRIGHTNESS_STEP),
      crosshair: toggleCrosshair,
      cancel: () => this.cancel(),
    };
    if (image !== null || command === "next" || command === "previous") verbs[command]();
  }

  say(words: string): void {
    this.said.value = words;
  }

  private count(): string {
    const { length } = this.work.editor.content.value.items;
    return length === 1 ? "1 box." : `${length} boxes.`;
  }

  private changeView(change: (view: View, picture: { width: number; height: number }, size: { width: number; height: number }) => View): void {
    const { view, picture, size } = this.work;
    if (picture.value === null) return;
    view.value = change(view.value ?? fitView(picture.value, size.value), picture.value, size.value);
  }

  zoom(factor: number): void {
    this.changeView((view, picture, size) => {
      const item = this.work.editor.chosenItem.value;
      const middle = { x: size.width / 2, y: size.height / 2 };
      const zoomed = zoomAt(view, factor, middle, picture, size);
      return item && factor > 1 ? showBox(zoomed, item.box, picture, size) : zoomed;
    });
  }

  private brighten(step: number): void {
    this.brightness.value = Math.min(Math.max(this.brightness.value + step, 0.25), 4);
    this.say(`Brightness ${Math.round(this.brightness.value * 100)}%.`);
  }

  private classify(name: string): void {
    this.work.editor.classify(name);
    const item = this.work.editor.chosenItem.value;
    this.say(item ? `${name}.` : `New boxes are ${name}.`);
  }

  private arrow(action: Action & { do: "move" | "size" }): void {
    const { editor } = this.work;
    if (editor.chosenItem.value === null) {
      this.changeView((view, picture, size) => panBy(view, -action.dx * PAN_STEP, -action.dy * PAN_STEP, picture, size));
      return;
    }
    editor.nudge(action.dx, action.dy, { isSize: action.do === "size", isRepeat: action.isRepeat });
    this.reveal();
    if (!action.isRepeat) this.describe();
  }

  private reveal(): void {
    const box: Box | undefined = this.work.editor.chosenItem.value?.box;
    if (box) this.changeView((view, picture, size) => showBox(view, box, picture, size));
  }

  choose(item: Item | null): void {
    const { editor } = this.work;
    if (item === null) {
      this.say("There are no boxes.");
      return;
    }
    editor.chosen.value = item.id;
    this.reveal();
    this.describe();
  }

  /** Say class, place and size of the chosen box. */
  private describe(): void {
    const { editor } = this.work;
    const item = editor.chosenItem.value;
    if (item === null) return;
    const { items } = editor.content.value;
    const place = items.findIndex((one) => one.id === item.id);
    const which = place < 0 ? "Suggestion" : `Box ${place + 1} of ${items.length}`;
    const { xmin, ymin, xmax, ymax } = item.box;
    const round = (value: number) => Math.round(value * 10) / 10;
    this.say(`${which}: ${item.label}. Left ${round(xmin)}, top ${round(ymin)}, width ${round(xmax - xmin)}, height ${round(ymax - ymin)}.`);
  }

  private below(): void {
    const { editor, view, size, picture } = this.work;
    const item = editor.chosenItem.value;
    if (view.value === null || picture.value === null) return;
    const items = [...editor.content.value.items, ...editor.open.value];
    const middle = item ? { x: (item.box.xmin + item.box.xmax) / 2, y: (item.box.ymin + item.box.ymax) / 2 } : toImage(view.value, { x: size.value.width / 2, y: size.value.height / 2 });
    const at = this.tool.pointer.value ?? { x: middle.x * view.value.scale + view.value.x, y: middle.y * view.value.scale + view.value.y };
    const found = itemBelow(items, editor.chosen.value, at, view.value);
    if (found) this.choose(found);
    else this.say("There is no box here.");
  }

  private newBox(): void {
    const { editor, view, size, picture } = this.work;
    if (!editor.canEdit.value || view.value === null || picture.value === null) return;
    const middle = toImage(view.value, { x: size.value.width / 2, y: size.value.height / 2 });
    const half = Math.max(2, Math.min(size.value.width, size.value.height) / 10 / view.value.scale);
    const x = Math.min(Math.max(middle.x, half), Math.max(half, picture.value.width - half));
    const y = Math.min(Math.max(middle.y, half), Math.max(half, picture.value.height - half));
    editor.draw({ xmin: x - half, ymin: y - half, xmax: x + half, ymax: y + half });
    this.describe();
  }

  private remove(): void {
    const { editor } = this.work;
    if (editor.chosenItem.value === null || !editor.canEdit.value) return;
    editor.remove();
    this.say(`Removed. ${this.count()}`);
  }

  private async copy(): Promise<void> {
    const { editor, imageId } = this.work;
    if (!editor.canEdit.value) return;
    try {
      const content = await this.work.lastContent();
      if (this.isElsewhere(imageId)) return;
      const count = content ? editor.copy(content) : 0;
      this.say(count > 0 ? `${count} boxes were copied from the last image.` : "The last image has no boxes that are not here already.");
    } catch {
      this.say("The last image cannot be loaded now.");
    }
  }

  private sayAccepted(count: number): void {
    this.say(count > 0 ? `${count} suggestions were accepted.` : "There are no suggestions.");
  }

  private cancel(): void {
    const { editor } = this.work;
    if (editor.sketch.value !== null || editor.corner.value !== null) editor.stopDrawing();
    else editor.chosen.value = null;
  }

  /** The image is done as it is. */
  async done(): Promise<void> {
    const { work } = this;
    const { editor } = work;
    const content = editor.content.value;
    if (work.contradiction.value !== null) return this.say("Choose one of the two first. Next goes on without.");
    if (!editor.canEdit.value) return this.goOn();
    if (content.items.length === 0 && content.unusable === null && work.opened.value?.present.state !== "empty") {
      this.say("Nothing is drawn. Press 0 if nothing is here, or Next to go on without.");
      return;
    }
    work.submit(content);
    await this.goOn();
  }

  async nothing(): Promise<void> {
    const { work } = this;
    const { editor, imageId } = work;
    if (!editor.canEdit.value) return;
    const { length } = editor.content.value.items;
    const words = `${length === 1 ? "The box" : `All ${length} boxes`} on this image will be removed. Undo brings them back.`;
    if (length > 0 && !(await confirm({ title: "Nothing here?", words, action: "Remove, and nothing here" }))) return;
    if (this.isElsewhere(imageId)) return;
    work.submit({ items: [], unusable: null });
    await this.goOn();
  }

  async unusable(reason: string): Promise<void> {
    this.asksReason.value = false;
    if (this.isElsewhere(this.askedFor)) return;
    this.work.submit({ items: [], unusable: reason });
    await this.goOn();
  }

  /** The image that something was asked for is no longer the one that is open. */
  private isElsewhere(image: number | null): boolean {
    return image !== this.work.imageId || this.work.isLoading.value;
  }

  private goOn(): Promise<void> {
    return this.goTo(this.work.findNextOpen(), "All images of this campaign are done.");
  }

  private async goTo(image: Promise<number | null>, otherwise: string): Promise<void> {
    const number = ++this.asked;
    const from = this.work.imageId;
    try {
      const found = await image;
      // Of two wishes the later one counts, and none from an image that was left meanwhile.
      if (number === this.asked && !this.isElsewhere(from)) this.go(found, otherwise);
    } catch {
      this.say("That image cannot be loaded now. Your work is kept.");
    }
  }

  private go(image: number | null, otherwise: string): void {
    if (image === null) this.say(otherwise);
    if (image === null || image === this.work.imageId) return;
    this.say("");
    this.work.isLoading.value = true;
    navigate(`/campaigns/${this.work.campaignId}/label/${image}`);
  }
}
