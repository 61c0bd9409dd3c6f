// What this person has labeled in this browser and the service does not have yet, on the first page after sign in.

import { useEffect, useState } from "preact/hooks";
import { Link } from "../router";
import { openOutbox } from "./mine.ts";
import type { Outbox } from "./outbox.ts";

export function Unsent() {
  const [outbox, setOutbox] = useState<Outbox | null>(null);
  useEffect(() => {
    openOutbox().then(setOutbox, () => {});
  }, []);
  const unsent = outbox?.unsent.value ?? [];
  if (outbox === null || unsent.length === 0) return null;
  return (
    <div class="note" role="status">
      <p>
        <strong>Not sent yet ({unsent.length})</strong> {outbox.trouble.value ?? "These images are on their way, or need your choice:"}
      </p>
      <ul>
        {unsent.map((entry) => (
          <li key={`${entry.campaign}/${entry.image}`}>
            <Link to={`/campaigns/${entry.campaign}/label/${entry.image}`}>
              Campaign {entry.campaign}, image {entry.image}
            </Link>{" "}
            {entry.state === "conflict" ? "somebody else changed it" : (entry.problem?.words ?? "")}
          </li>
        ))}
      </ul>
    </div>
  );
}
