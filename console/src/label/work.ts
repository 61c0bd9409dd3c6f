// The work of a person in one campaign: the image that is open, where it stands, and the way to the next one.

import { batch, computed, signal } from "@preact/signals";
import { Problem } from "../problem";
import type { Body, Content } from "./content.ts";
import { fromBody, isSame, merge, toBody } from "./content.ts";
import { Editor } from "./editor.ts";
import type { Size } from "./geometry.ts";
import type { History } from "./history.ts";
import { begin, record } from "./history.ts";
import type { Outbox, Taken } from "./outbox.ts";
import { prefetch } from "./picture.ts";
import type { Picture } from "./picture.ts";
import type { Entry, Present } from "./reconcile.ts";
import { isSaid, openImage } from "./reconcile.ts";
import type { Campaign, CampaignImage, LoadedImage } from "./service.ts";
import { fetchCampaign, fetchImage, fetchOpen, fetchPresent, fetchPrevious, pictureOf } from "./service.ts";
import type { View } from "./view.ts";
import { carryOver, fitView } from "./view.ts";

/** Both sides of a contradiction, until the person chooses. */
export interface Contradiction {
  readonly mine: Content;
  readonly theirs: Content;
  /** The revision that the choice is based on. */
  readonly revision: number | null;
  /** Theirs is a draft of the same person on another device, or of another tab. */
  readonly isOwn: boolean;
}

export interface Who {
  readonly email: string;
  /** Whether the person may label this campaign. */
  readonly mayLabel: boolean;
}

/** Loaded ahead, data is used for so long: the revision shows later changes anyway. */
const FRESH_MS = 120_000;
const AHEAD = 3;
/** So many images can be gone back to with their undo. */
const MOST_PASTS = 30;

export class Work {
  readonly editor = new Editor();
  readonly view = signal<View | null>(null);
  readonly size = signal<Size>({ width: 0, height: 0 });
  readonly campaign = signal<Campaign | null>(null);
  readonly opened = signal<LoadedImage | null>(null);
  readonly picture = signal<Picture | null>(null);
  readonly isLoading = signal(true);
  readonly problem = signal<Error | null>(null);
  readonly contradiction = signal<Contradiction | null>(null);
  /** A picture has been shown here; what can wait for that is loaded from then on. */
  readonly isShown = signal(false);
  /** The picture of the open image cannot be shown. */
  readonly isBroken = signal(false);
  /** The image before the open one: null if there is none, undefined while that is not known. */
  readonly previous = signal<CampaignImage | null | undefined>(undefined);
  /** Images that are not done, from the present one on; null before they are known. */
  readonly todo = signal<readonly CampaignImage[] | null>(null);
  readonly entry = computed(() => {
    const image = this.opened.value?.image.image_id;
    void this.outbox.entries.value;
    return image === undefined ? null : this.outbox.get(this.campaignId, image);
  });
  readonly canEdit = computed(() => {
    const campaign = this.campaign.value;
    if (!this.who.mayLabel || campaign === null || campaign.archived || this.contradiction.value !== null) return false;
    return campaign.status === "active" || (campaign.status === "completed" && campaign.late_corrections);
  });

  private revision: number | null = null;
  private readonly past = new Map<number, History<Content>>();
  private readonly ahead = new Map<number, { at: number; loaded: Promise<LoadedImage | null> }>();
  private readonly sent = new Map<number, Body[]>();
  /** The revisions that images have by what was sent here. */
  private readonly taken = new Map<number, number>();
  private latest = 0;
  private asked = 0;
  private last: Content | null = null;

  constructor(
    readonly campaignId: number,
    readonly outbox: Outbox,
    readonly who: Who,
  ) {
    this.editor.onChange = (content) => this.keep(content, "draft");
    outbox.onTaken = (taken) => this.noteTaken(taken);
    outbox.onForeign = (campaign, image, entry) => void this.follow(campaign, image, entry);
    outbox.onClash = (theirs, mine) => this.clash(theirs, mine);
  }

  get imageId(): number | null {
    return this.opened.value?.image.image_id ?? null;
  }

  async open(image: number): Promise<void> {
    const number = ++this.latest;
    this.leave();
    this.isLoading.value = true;
    this.problem.value = null;
    try {
      const [campaign, found] = await Promise.all([this.campaign.value ?? fetchCampaign(this.campaignId), this.load(image)]);
      // What was sent from here meanwhile may be newer than what was read.
      const isOld = found !== null && (found.present.revision ?? 0) < (this.taken.get(image) ?? 0);
      const loaded = isOld ? await this.fetch(image) : found;
      if (number !== this.latest) return;
      this.campaign.value = campaign;
      if (loaded === null) throw new Problem(404, `Image ${image} is not in this campaign, or no longer.`);
      this.show(loaded);
    } catch (error) {
      if (number !== this.latest) return;
      batch(() => {
        this.opened.value = null;
        this.picture.value = null;
        this.problem.value = error as Error;
        this.isLoading.value = false;
      });
    }
  }

  /** Before another image is shown: what was changed is sent, and its past is kept for the way back. */
  leave(): void {
    const image = this.imageId;
    if (image === null) return;
    this.editor.stopDrawing();
    this.past.delete(image);
    this.past.set(image, this.editor.history.value);
    const oldest = this.past.keys().next().value;
    if (this.past.size > MOST_PASTS && oldest !== undefined) this.past.delete(oldest);
    this.last = this.editor.content.value;
    if (this.entry.value?.state === "waiting") this.outbox.flush();
  }

  private load(image: number): Promise<LoadedImage | null> {
    const found = this.ahead.get(image);
    this.ahead.delete(image);
    if (found && Date.now() - found.at < FRESH_MS) return found.loaded.catch(() => this.fetch(image));
    return this.fetch(image);
  }

  private fetch(image: number): Promise<LoadedImage | null> {
    // The outbox may send something while the draft is read, which is then an earlier one of ours.
    const entry = this.outbox.get(this.campaignId, image);
    if (entry) this.sent.set(image, [entry.body, ...(entry.drafted ? [entry.drafted] : [])]);
    return fetchImage(this.campaignId, image, this.who.mayLabel ? this.who.email : null);
  }

  private loadAhead(image: CampaignImage | undefined): void {
    if (image === undefined || this.ahead.has(image.image_id)) return;
    prefetch(pictureOf(image));
    const loaded = this.fetch(image.image_id);
    // A failure is met again, and then said, when the image is opened.
    loaded.catch(() => {});
    this.ahead.set(image.image_id, { at: Date.now(), loaded });
    const oldest = this.ahead.keys().next().value;
    if (this.ahead.size > AHEAD && oldest !== undefined) this.ahead.delete(oldest);
  }

  private show(loaded: LoadedImage): void {
    const id = loaded.image.image_id;
    const opened = openImage(loaded.present, loaded.draft, this.who.mayLabel ? this.outbox.get(this.campaignId, id) : null, this.sent.get(id));
    this.sent.delete(id);
    const content = opened.kind === "conflict" ? opened.mine : opened.content;
    const past = this.past.get(id);
    const picture = pictureOf(loaded.image);
    const before = this.picture.value;
    batch(() => {
      this.revision = opened.revision;
      if (this.opened.value?.image.image_id !== id) this.previous.value = undefined;
      this.opened.value = loaded;
      this.picture.value = picture;
      this.isLoading.value = false;
      this.isBroken.value = picture.preview === null && picture.full === null;
      const history = past && isSame(past.present, content) ? past : begin(content);
      this.editor.show(history, picture, loaded.suggestions);
      this.setContradiction(opened.kind === "conflict" ? { mine: opened.mine, theirs: opened.theirs, revision: opened.revision, isOwn: opened.isDraft } : null);
      if (this.size.value.width > 0) this.view.value = before && this.view.value ? carryOver(this.view.value, before, picture, this.size.value) : fitView(picture, this.size.value);
    });
    if (opened.kind === "clean" && this.outbox.get(this.campaignId, id)) this.outbox.drop(this.campaignId, id);
    void this.lookAhead(loaded);
  }

  private setContradiction(found: Contradiction | null): void {
    this.contradiction.value = found;
    this.editor.canEdit.value = this.canEdit.value;
  }

  /** Find and load what comes next, so that it is there at once. */
  private async lookAhead(loaded: LoadedImage): Promise<void> {
    const id = loaded.image.image_id;
    const number = this.latest;
    try {
      const [todo, previous] = await Promise.all([this.findOpen(id), fetchPrevious(this.campaignId, id), this.refreshCampaign()]);
      if (number !== this.latest) return;
      batch(() => {
        this.todo.value = todo;
        this.previous.value = previous;
      });
      this.loadAhead(loaded.following[1]);
      this.loadAhead(this.nextOpen() ?? undefined);
    } catch {
      // Without the network nothing is known of what comes next; the buttons ask again.
    }
  }

  private async findOpen(id: number): Promise<CampaignImage[]> {
    const after = await fetchOpen(this.campaignId, id, STEP);
    if (after.length > 0) return after;
    return (await fetchOpen(this.campaignId, 0, STEP)).filter((image) => image.image_id !== id);
  }

  /** The next image that is neither done nor waits to be sent as done. */
  nextOpen(): CampaignImage | null {
    // The list may be older than what was sent since.
    const isDone = ({ image_id, revision }: CampaignImage) =>
      this.outbox.get(this.campaignId, image_id)?.kind === "done" || (revision ?? 0) < (this.taken.get(image_id) ?? 0);
    return this.todo.value?.find((image) => image.image_id !== this.imageId && !isDone(image)) ?? null;
  }

  async findNextOpen(): Promise<number | null> {
    const known = this.nextOpen();
    if (known) return known.image_id;
    const id = this.imageId ?? 0;
    this.todo.value = await this.findOpen(id);
    return this.nextOpen()?.image_id ?? null;
  }

  async findPrevious(): Promise<number | null> {
    const id = this.imageId;
    if (id === null) return null;
    const found = this.previous.value === undefined ? await fetchPrevious(this.campaignId, id) : this.previous.value;
    return found?.image_id ?? null;
  }

  /** The image of whose boxes a copy is wanted: the one that was open last, or the one before in the list. */
  async lastContent(): Promise<Content | null> {
    if (this.last !== null) return this.last;
    const before = await this.findPrevious();
    return before === null ? null : ((await fetchPresent(this.campaignId, before))?.content ?? null);
  }

  /** The picture was shown, or could not be. */
  noteShown(isShown: boolean): void {
    this.isShown.value ||= isShown;
    this.isBroken.value = !isShown;
  }

  /** Send what was refused once more, because somebody has changed what was in the way. */
  sendAgain(): void {
    const entry = this.entry.value;
    if (entry) this.outbox.put(entry.campaign, entry.image, entry.body, entry.kind);
  }

  private keep(content: Content, kind: "draft" | "done"): void {
    const opened = this.opened.value;
    if (opened === null) return;
    const { width, height, image_id } = opened.image;
    const size = width !== null && height !== null ? { width, height } : null;
    this.outbox.put(this.campaignId, image_id, toBody(image_id, content, this.revision, size), kind);
  }

  /** State that this is what is on the image. Returns false if it is what the campaign holds already. */
  submit(content: Content): boolean {
    const present = this.opened.value?.present;
    if (!this.editor.canEdit.value) return false;
    this.editor.replace(content);
    if (present && isSaid(content, present) && this.entry.value === null) return false;
    this.keep(content, "done");
    return true;
  }

  /** Choose between both sides; the result can be changed and undone like any other. */
  resolve(choice: "mine" | "theirs" | "both"): void {
    const found = this.contradiction.value;
    if (found === null) return;
    this.revision = found.revision;
    batch(() => {
      this.setContradiction(null);
      const chosen = choice === "mine" ? found.mine : choice === "theirs" ? found.theirs : merge(found.theirs, found.mine);
      this.editor.history.value = record(record(this.editor.history.value, found.mine), chosen);
      // Also where theirs stays: the draft that the service keeps would contradict it again.
      this.keep(chosen, "draft");
    });
  }

  private noteTaken({ campaign, image, revision, content }: Taken): void {
    if (campaign !== this.campaignId) return;
    this.ahead.delete(image);
    this.taken.set(image, revision ?? 0);
    void this.refreshCampaign();
    const opened = this.opened.value;
    if (opened?.image.image_id !== image) return;
    this.revision = revision;
    const state = content.unusable !== null ? "unusable" : content.items.length > 0 ? "labeled" : "empty";
    const present: Present = { revision, state, content };
    this.opened.value = { ...opened, image: { ...opened.image, state, revision, reason: content.unusable, review: null }, present };
  }

  /** Its progress and status, after somebody has changed them. */
  private async refreshCampaign(): Promise<void> {
    const number = ++this.asked;
    try {
      const campaign = await fetchCampaign(this.campaignId);
      // Answers may overtake each other; an older one would take progress back.
      if (number !== this.asked) return;
      this.campaign.value = campaign;
      this.editor.canEdit.value = this.canEdit.value;
    } catch {
      // The next image asks again.
    }
  }

  /** Another tab of the same person changed this image: show that here. */
  private async follow(campaign: number, image: number, entry: Entry | null): Promise<void> {
    if (campaign !== this.campaignId || image !== this.imageId || this.contradiction.value !== null) return;
    if (entry === null) {
      const present = await fetchPresent(campaign, image).catch(() => null);
      if (present === null || image !== this.imageId || this.entry.value !== null) return;
      this.noteTaken({ campaign, image, revision: present.revision, content: present.content });
      this.editor.history.value = record(this.editor.history.value, present.content);
      return;
    }
    this.revision = entry.body.revision;
    const content = fromBody(entry.body);
    if (!isSame(content, this.editor.content.value)) this.editor.history.value = record(this.editor.history.value, content);
    if (entry.state === "conflict") await this.explainConflict();
  }

  private clash(theirs: Entry | null, mine: Entry): void {
    if (mine.campaign !== this.campaignId || mine.image !== this.imageId || theirs === null) return;
    this.setContradiction({ mine: fromBody(mine.body), theirs: fromBody(theirs.body), revision: theirs.body.revision, isOwn: true });
  }

  /** Somebody else was faster: load what the campaign holds now, to show it beside what is here. */
  async explainConflict(): Promise<void> {
    const image = this.imageId;
    const entry = this.entry.value;
    if (image === null || entry?.state !== "conflict" || this.contradiction.value !== null) return;
    let present: Present | null;
    try {
      present = await fetchPresent(this.campaignId, image);
    } catch {
      setTimeout(() => void this.explainConflict(), EXPLAIN_AGAIN_MS);
      return;
    }
    if (present === null || image !== this.imageId || this.contradiction.value !== null) return;
    const opened = this.opened.value;
    if (opened) this.opened.value = { ...opened, present };
    // The person may have gone on drawing meanwhile.
    this.setContradiction({ mine: this.editor.content.value, theirs: present.content, revision: present.revision, isOwn: false });
  }
}

const EXPLAIN_AGAIN_MS = 3_000;
/** So many images that are not done are looked up at once. */
const STEP = 20;
