// What to show when an image is opened: what the campaign holds, the draft that the service keeps, or what this browser keeps. Where
// they contradict each other nothing is chosen for the person: both are shown.

import type { Body, Content } from "./content.ts";
import { fromBody, isSame } from "./content.ts";

/** Where the body of an entry is on its way. `kept`: the service has it as a draft. */
export type EntryState = "waiting" | "kept" | "conflict" | "refused";

/** What this browser keeps of one image until it is submitted. */
export interface Entry {
  user: number;
  campaign: number;
  image: number;
  kind: "draft" | "done";
  /** The Idempotency-Key of this content; a changed body gets a new one. */
  key: string;
  body: Body;
  state: EntryState;
  /** What the service said when it refused. */
  problem: { status: number; words: string } | null;
  /** The last body that the service took as a draft, to tell it from a draft of another device. */
  drafted: Body | null;
  /** What another tab of the same person said of the image at the same time, until the person chooses. */
  other?: Body | null;
}

/** What the campaign holds of an image. */
export interface Present {
  revision: number | null;
  state: "unlabeled" | "labeled" | "empty" | "unusable";
  content: Content;
}

export interface Draft {
  objects?: Body["objects"] | null;
  unusable?: string | null;
  revision?: number | null;
}

export type Opened =
  | { kind: "clean"; content: Content; revision: number | null }
  | { kind: "entry"; content: Content; revision: number | null }
  | { kind: "draft"; content: Content; revision: number | null }
  | { kind: "conflict"; mine: Content; theirs: Content; revision: number | null; isDraft: boolean };

/** `ours` are the bodies that this browser may have sent as drafts by the time the draft was read. */
export function openImage(present: Present, draft: Draft | null, entry: Entry | null, ours: readonly Body[] = []): Opened {
  const { revision } = present;
  if (entry !== null) return openEntry(present, draft, entry, ours);
  if (draft === null) return { kind: "clean", content: present.content, revision };
  const mine = fromBody(draft);
  if ((draft.revision ?? null) === revision) return { kind: "draft", content: mine, revision };
  if (isSaid(mine, present)) return { kind: "clean", content: present.content, revision };
  return { kind: "conflict", mine, theirs: present.content, revision, isDraft: false };
}

function openEntry(present: Present, draft: Draft | null, entry: Entry, ours: readonly Body[]): Opened {
  const { revision } = present;
  const mine = fromBody(entry.body);
  if (entry.other) return { kind: "conflict", mine: fromBody(entry.other), theirs: mine, revision: entry.body.revision, isDraft: true };
  if (entry.body.revision !== revision) {
    // The answer to a submission may have been lost, or another device sent the same.
    if (isSaid(mine, present)) return { kind: "clean", content: present.content, revision };
    return { kind: "conflict", mine, theirs: present.content, revision, isDraft: false };
  }
  const other = draft && fromBody(draft);
  const known = [entry.body, ...(entry.drafted ? [entry.drafted] : []), ...ours];
  const isForeign = other !== null && !known.some((body) => isSame(other, fromBody(body)));
  if (isForeign && entry.kind === "draft") return { kind: "conflict", mine, theirs: other, revision, isDraft: true };
  return { kind: "entry", content: mine, revision };
}

/** Whether the campaign holds just this already. An image that nobody labeled says nothing, not that nothing is there. */
export function isSaid(content: Content, present: Present): boolean {
  return present.state !== "unlabeled" && isSame(content, present.content);
}

/** How an answer changes an entry that was sent. Null: the service has taken it, and the entry has done its work. */
export type Outcome = { next: "taken"; revision?: number | null } | { next: "again"; afterSeconds: number | null } | { next: "new key" } | { next: "conflict" | "refused"; problem: { status: number; words: string } };

/** What a refusal means. What may pass by itself is tried again; everything else keeps the boxes and says why. */
export function readRefusal(status: number, words: string, retryAfterSeconds: number | null): Outcome {
  if (status === 412) return { next: "conflict", problem: { status, words } };
  // A key is tied to the session that it was first used with, which may have ended before the answer arrived.
  if (status === 422 && words.includes("Idempotency-Key")) return { next: "new key" };
  if (status >= 500 || status === 429 || status === 408 || status === 401) return { next: "again", afterSeconds: retryAfterSeconds };
  if (status === 409 && retryAfterSeconds !== null) return { next: "again", afterSeconds: retryAfterSeconds };
  return { next: "refused", problem: { status, words } };
}

const LONGEST_PAUSE_SECONDS = 30;

/** Seconds until the next attempt after so many that failed. */
export function pauseAfter(failures: number, asked: number | null): number {
  return Math.min(Math.max(asked ?? 0, 2 ** Math.min(failures, 5) / 2), Math.max(LONGEST_PAUSE_SECONDS, asked ?? 0));
}
