// Where the work is: saved, not sent yet, in conflict, or refused; and what to do about it.

import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog";
import { Tag } from "../parts/tags";
import type { TagKind } from "../parts/tags";
import { navigate } from "../router";
import type { Entry } from "./reconcile.ts";
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
  return (
    <span class="saved" role="status">
      <Tag kind={kind}>{words}</Tag>
      {work.outbox.unsent.value.length > 0 && (
        <button type="button" class="plain" onClick={() => setOpen(true)}>
          Show
        </button>
      )}
      <UnsentDialog work={work} isOpen={isOpen} onClose={() => setOpen(false)} />
    </span>
  );
}

function explain(entry: Entry, trouble: string | null): string {
  if (entry.state === "refused") return entry.problem?.words ?? "The service refused it.";
  if (entry.state === "conflict") return "Somebody else changed this image. Open it to choose.";
  if ((entry.body.objects?.length ?? 0) > 5000 && entry.kind === "draft") return "Too many boxes for a draft. They are sent when you are done with the image.";
  return trouble ?? "On its way.";
}

function UnsentDialog({ work, isOpen, onClose }: { work: Work; isOpen: boolean; onClose: () => void }) {
  const { outbox } = work;
  return (
    <Dialog title="Not sent yet" isOpen={isOpen} onClose={onClose}>
      <p>
        {outbox.isLasting.value
          ? "These images are kept in this browser until the service has them. You can close the page and go on later, on this device and as the same user."
          : "This browser keeps nothing: what is not sent is lost when you close the page."}
      </p>
      <ul class="unsent">
        {outbox.unsent.value.map((entry) => (
          <li key={`${entry.campaign}/${entry.image}`}>
            <button
              type="button"
              onClick={() => {
                onClose();
                navigate(`/campaigns/${entry.campaign}/label/${entry.image}`);
              }}
            >
              Campaign {entry.campaign}, image {entry.image}
            </button>
            <span>{explain(entry, outbox.trouble.value)}</span>
          </li>
        ))}
      </ul>
      <footer>
        <button type="button" class="primary" onClick={() => outbox.flush()}>
          Send now
        </button>
      </footer>
    </Dialog>
  );
}
