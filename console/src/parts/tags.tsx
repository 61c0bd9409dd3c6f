// A short word about something, with a shape or color that never stands alone.
import type { ComponentChildren } from "preact";

export type TagKind = "plain" | "good" | "busy" | "bad" | "quiet";

/** A word in a frame. */
export function Tag({ kind = "plain", children }: { kind?: TagKind; children: ComponentChildren }) {
  return <span class={`tag tag-${kind}`}>{children}</span>;
}

const KINDS: Record<string, TagKind> = {
  created: "plain",
  active: "busy",
  completed: "good",
  finished: "good",
  queued: "plain",
  running: "busy",
  pending: "busy",
  ready: "good",
  withdrawn: "quiet",
  succeeded: "good",
  failed: "bad",
  cancelled: "quiet",
  labeled: "good",
  empty: "good",
  unusable: "quiet",
  unlabeled: "plain",
  accepted: "good",
  rejected: "bad",
};

/** The state of a campaign, an image or a job; a later version of the service may add words. */
export function StateTag({ state }: { state: string }) {
  return <Tag kind={KINDS[state] ?? "plain"}>{state}</Tag>;
}
