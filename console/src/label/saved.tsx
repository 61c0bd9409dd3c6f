// Where the work is: saved, not sent yet, in conflict, or refused.

import { useState } from "preact/hooks";
import { Tag } from "../parts/tags";
import type { TagKind } from "../parts/tags";
import { useLater } from "./later.tsx";
import type { Work } from "./work.ts";

const clock = new Intl.DateTimeFormat("en-US", { timeStyle: "short", hourCycle: "h23" });

function describe(work: Work): [TagKind, string] {
  const { outbox } = work;
  const unsent = outbox.unsent.value.length;
  const at = outbox.savedAt.value;
  if (work.contradiction.value !== null) return ["bad", "Conflict"];
  if (unsent > 0) return [work.entry.value?.state === "refused" || work.entry.value?.state === "conflict" ? "bad" : "busy", `Not sent yet (${unsent})`];
  if (at !== null) return ["good", `Saved ${clock.format(at)}`];
  return ["quiet", "All saved"];
}

export function SavedMark({ work }: { work: Work }) {
  const [isOpen, setOpen] = useState(false);
  const [kind, words] = describe(work);
  // Loaded with what follows the picture, because it is wanted where there is no network.
  const dialog = useLater(() => import("./unsent-dialog.tsx"), work.isShown.value || isOpen);
  return (
    <span class="saved" role="status">
      <Tag kind={kind}>{words}</Tag>
      {work.outbox.unsent.value.length > 0 && (
        <button type="button" class="plain" onClick={() => setOpen(true)}>
          Show
        </button>
      )}
      {dialog && <dialog.UnsentDialog work={work} isOpen={isOpen} onClose={() => setOpen(false)} />}
    </span>
  );
}
