// What the service does not have yet, image by image, and why.

import { Dialog } from "../parts/dialog";
import { navigate } from "../router";
import type { Entry } from "./reconcile.ts";
import type { Work } from "./work.ts";

function explain(entry: Entry, trouble: string | null): string {
  if (entry.state === "refused") return entry.problem?.words ?? "The service refused it.";
  if (entry.state === "conflict") return "Somebody else changed this image. Open it to choose.";
  if ((entry.body.objects?.length ?? 0) > 5000 && entry.kind === "draft") return "Too many boxes for a draft. They are sent when you are done with the image.";
  return trouble ?? "On its way.";
}

export function UnsentDialog({ work, isOpen, onClose }: { work: Work; isOpen: boolean; onClose: () => void }) {
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
