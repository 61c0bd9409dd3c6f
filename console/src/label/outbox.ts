// The outbox: each change of an image is kept in this browser at once, sent as a draft a second after the last one, and as a
// submission when the person is done. What cannot be sent waits, through lost networks, sessions and tabs.

import { computed, signal } from "@preact/signals";
import type { Body, Content } from "./content.ts";
import { fromBody } from "./content.ts";
import type { Entry, EntryState, Outcome, Present } from "./reconcile.ts";
import { isSaid, pauseAfter } from "./reconcile.ts";
import { placeOf, Store } from "./store.ts";

/** The service takes drafts of so many objects an image; larger ones wait here until they are submitted. */
const MOST_OBJECTS_OF_DRAFT = 5_000;
const DRAFT_DELAY_MS = 1_000;

/** What the outbox needs of the service. */
export interface Carrier {
  newKey(): string;
  sendDraft(entry: Entry): Promise<Outcome>;
  /** A submission that is taken says the revision that the image has by it, null if it changed nothing. */
  sendDone(entry: Entry): Promise<Outcome>;
  present(campaign: number, image: number): Promise<Present | null>;
}

/** An image that was taken by the service, as a submission. */
export interface Taken {
  campaign: number;
  image: number;
  revision: number | null;
  content: Content;
}

function nameOf(campaign: number, image: number): string {
  return `${campaign}/${image}`;
}

export class Outbox {
  readonly entries = signal<ReadonlyMap<string, Entry>>(new Map());
  /** Images with something that the service has not taken. */
  readonly unsent = computed(() => [...this.entries.value.values()].filter((entry) => entry.state !== "kept" || entry.other));
  /** When the service last took something; null before. */
  readonly savedAt = signal<Date | null>(null);
  /** What keeps things from being sent, in words; null if nothing does. */
  readonly trouble = signal<string | null>(null);
  readonly isLasting = signal(true);
  onTaken: (taken: Taken) => void = () => {};
  /** Another tab has changed an image, or has submitted it (null). */
  onForeign: (campaign: number, image: number, entry: Entry | null) => void = () => {};
  /** Another tab and this one changed an image at the same time. */
  onClash: (theirs: Entry | null, mine: Entry) => void = () => {};

  private readonly due = new Map<string, number>();
  /** How the keys begin that this tab gives; an entry with another key is of another tab, or of this one before it was loaded. */
  private readonly ownPrefix: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private plannedAt = 0;
  private writing: Promise<unknown> = Promise.resolve();
  private pendingWrites = 0;
  private sending: Promise<void> | null = null;
  private failures = 0;
  private readonly channel: BroadcastChannel;

  private constructor(
    private readonly user: number,
    private readonly store: Store,
    private readonly carrier: Carrier,
    channelName: string,
  ) {
    this.channel = new BroadcastChannel(channelName);
    this.channel.onmessage = ({ data }) => void this.hear(data as { user: number; campaign: number; image: number });
    this.isLasting.value = store.isLasting;
    this.ownPrefix = `${carrier.newKey()}-`;
    addEventListener("online", () => this.flush());
    // A tab that is closed sends what it can; the rest waits in the store.
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
    addEventListener("beforeunload", (event) => {
      if (this.pendingWrites > 0 || (!this.isLasting.value && this.unsent.value.length > 0)) event.preventDefault();
    });
  }

  static async open(user: number, carrier: Carrier, channelName: string): Promise<Outbox> {
    const store = await Store.open();
    const outbox = new Outbox(user, store, carrier, channelName);
    for (const entry of await store.all(user)) outbox.show(entry.campaign, entry.image, entry);
    outbox.flush();
    return outbox;
  }

  get(campaign: number, image: number): Entry | null {
    return this.entries.value.get(nameOf(campaign, image)) ?? null;
  }

  private newKey(): string {
    return this.ownPrefix + this.carrier.newKey();
  }

  private show(campaign: number, image: number, entry: Entry | null): void {
    const next = new Map(this.entries.value);
    next.delete(nameOf(campaign, image));
    if (entry !== null) next.set(nameOf(campaign, image), entry);
    this.entries.value = next;
  }

  /** Keep what a person says of an image, and send it: a draft after a second of quiet, a submission at once. */
  put(campaign: number, image: number, body: Body, kind: "draft" | "done"): void {
    const before = this.get(campaign, image);
    const entry: Entry = {
      user: this.user,
      campaign,
      image,
      kind,
      key: this.newKey(),
      body,
      state: "waiting",
      problem: null,
      drafted: before?.drafted ?? null,
    };
    this.show(campaign, image, entry);
    this.write(entry, before);
    this.due.set(nameOf(campaign, image), Date.now() + (kind === "draft" ? DRAFT_DELAY_MS : 0));
    this.plan(kind === "draft" ? DRAFT_DELAY_MS : 0);
  }

  /** Forget what is kept of an image: the person chose what the campaign holds. */
  drop(campaign: number, image: number): void {
    const entry = this.get(campaign, image);
    if (entry === null) return;
    this.show(campaign, image, null);
    this.enqueue(() => this.store.change(placeOf(entry), () => null).then(() => this.tell(entry)));
  }

  /** Send everything that waits now. */
  flush(): void {
    this.due.clear();
    this.failures = 0;
    this.plan(0);
  }

  /** Write in the order of the changes. An entry that another tab wrote meanwhile stays, and this one is kept beside it. */
  private write(entry: Entry, before: Entry | null): void {
    this.enqueue(async () => {
      let isClash = false;
      const kept = await this.store.change(placeOf(entry), (found) => {
        isClash = found !== null && found.key !== before?.key && !found.key.startsWith(this.ownPrefix);
        if (found && isClash) return { ...found, other: entry.body };
        // A draft that was taken meanwhile is still ours. What this tab has not shown yet stays until it is chosen from.
        return { ...entry, drafted: found?.drafted ?? entry.drafted, other: before?.other ? null : found?.other };
      });
      if (isClash) this.show(entry.campaign, entry.image, kept);
      if (isClash) this.onClash(kept, entry);
      this.tell(entry);
    });
  }

  private enqueue(work: () => Promise<unknown>): void {
    this.pendingWrites++;
    this.writing = this.writing.then(work).finally(() => {
      this.pendingWrites--;
      this.isLasting.value = this.store.isLasting;
    });
  }

  private tell({ user, campaign, image }: Entry): void {
    this.channel.postMessage({ user, campaign, image });
  }

  private async hear({ user, campaign, image }: { user: number; campaign: number; image: number }): Promise<void> {
    if (user !== this.user) return;
    await this.writing;
    const entry = await this.store.get([user, campaign, image]);
    const known = this.get(campaign, image);
    if (this.pendingWrites > 0 || (entry?.key === known?.key && entry?.state === known?.state)) return;
    this.show(campaign, image, entry);
    this.onForeign(campaign, image, entry);
  }

  private plan(delayMs: number): void {
    const at = Date.now() + delayMs;
    // What is due earlier is not put off by what comes later.
    if (this.timer !== undefined && this.plannedAt <= at) return;
    clearTimeout(this.timer);
    this.plannedAt = at;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.run();
    }, delayMs);
  }

  private run(): void {
    this.sending ??= this.sendAll().finally(() => {
      this.sending = null;
      this.planNext();
    });
  }

  private planNext(): void {
    const next = this.nextDue();
    if (next !== null) this.plan(Math.max(0, next - Date.now()));
  }

  private isSendable(entry: Entry): boolean {
    return entry.state === "waiting" && (entry.kind === "done" || (entry.body.objects?.length ?? 0) <= MOST_OBJECTS_OF_DRAFT);
  }

  private nextDue(): number | null {
    const times = [...this.entries.value].filter(([, entry]) => this.isSendable(entry)).map(([name]) => this.due.get(name) ?? 0);
    return times.length > 0 ? Math.min(...times) : null;
  }

  /** One tab of a user sends at a time where the browser can see to it. Otherwise the keys make a repetition harmless. */
  private async sendAll(): Promise<void> {
    if (navigator.locks) await navigator.locks.request(`${this.channel.name} ${this.user}`, () => this.sendDue());
    else await this.sendDue();
  }

  private async sendDue(): Promise<void> {
    await this.writing;
    for (const [name, { user, campaign, image }] of this.entries.value) {
      if ((this.due.get(name) ?? 0) > Date.now()) continue;
      // Another tab may have sent it while this one waited for its turn.
      const entry = await this.store.get([user, campaign, image]);
      if (entry === null || !this.isSendable(entry)) {
        if (this.pendingWrites === 0) this.show(campaign, image, entry);
        continue;
      }
      if (!(await this.send(name, entry))) return;
    }
  }

  /** Send one entry. Returns false if nothing can be sent now. */
  private async send(name: string, entry: Entry): Promise<boolean> {
    const outcome = entry.kind === "done" ? await this.carrier.sendDone(entry) : await this.carrier.sendDraft(entry);
    if (outcome.next === "again") {
      const seconds = pauseAfter(this.failures++, outcome.afterSeconds);
      // The next attempt begins with another one, so that what always fails does not hold up the rest.
      this.show(entry.campaign, entry.image, this.get(entry.campaign, entry.image));
      for (const waiting of this.entries.value.keys()) this.due.set(waiting, Math.max(this.due.get(waiting) ?? 0, Date.now() + 1000 * seconds));
      this.trouble.value = outcome.afterSeconds === null ? "The service does not answer. Your work is kept in this browser." : "The service is busy. Your work is kept in this browser.";
      return false;
    }
    this.failures = 0;
    this.trouble.value = null;
    this.due.delete(name);
    if (outcome.next === "taken" && entry.kind === "draft") await this.settle(entry, (found, isLatest) => ({ ...found, drafted: entry.body, state: isLatest ? "kept" : found.state }));
    else if (outcome.next === "taken") await this.taken(entry, outcome.revision ?? null);
    else if (outcome.next === "new key") await this.settle(entry, (found, isLatest) => (isLatest ? { ...found, key: this.newKey() } : found));
    else if (outcome.next === "conflict") await this.conflict(entry, outcome.problem);
    else if (outcome.next === "refused") await this.mark(entry, "refused", outcome.problem);
    return true;
  }

  private async taken(entry: Entry, revision: number | null): Promise<void> {
    const present = revision ?? entry.body.revision;
    // What was changed since is based on what was just taken.
    await this.settle(entry, (found, isLatest) => {
      const next = { ...found, key: this.newKey(), drafted: null, other: null, state: "waiting" as const };
      if (!isLatest) return { ...next, state: found.state, other: found.other, body: { ...found.body, revision: present } };
      // What another tab said at the same time becomes a draft upon it.
      return found.other ? { ...next, kind: "draft", body: { ...found.other, revision: present } } : null;
    });
    const now = this.get(entry.campaign, entry.image);
    if (now !== null && now.key !== entry.key && now.body.revision !== present) this.put(now.campaign, now.image, { ...now.body, revision: present }, now.kind);
    this.onTaken({ campaign: entry.campaign, image: entry.image, revision: present, content: fromBody(entry.body) });
  }

  private async conflict(entry: Entry, problem: { status: number; words: string }): Promise<void> {
    const present = await this.carrier.present(entry.campaign, entry.image).catch(() => null);
    // The answer to the same submission was lost before.
    if (present !== null && isSaid(fromBody(entry.body), present)) await this.taken(entry, present.revision);
    else await this.mark(entry, "conflict", problem);
  }

  private async mark(entry: Entry, state: EntryState, problem: { status: number; words: string }): Promise<void> {
    await this.settle(entry, (found, isLatest) => (isLatest ? { ...found, state, problem } : found));
  }

  /** Note how a sent entry fared; the content may have changed meanwhile, which only a later key can tell. */
  private async settle(sent: Entry, change: (found: Entry, isLatest: boolean) => Entry | null): Promise<void> {
    const known = this.get(sent.campaign, sent.image);
    await this.writing;
    const settled = await this.store.change(placeOf(sent), (found) => (found ? change(found, found.key === sent.key) : null));
    this.isLasting.value = this.store.isLasting;
    // A change that a person made meanwhile is newer than what was settled.
    if (this.get(sent.campaign, sent.image) === known) this.show(sent.campaign, sent.image, settled);
    if (settled === null || settled.state === "kept") this.savedAt.value = new Date();
    this.tell(sent);
  }
}
