// The four steps of a campaign, and what the next one will do.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { confirm } from "../parts/dialog";
import { useAction } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { isAdmin } from "../session";

type Campaign = Schemas["Campaign"];
type Status = Campaign["status"];

const STEPS: [Status, string][] = [
  ["created", "Images are chosen."],
  ["active", "The partner labels."],
  ["completed", "Labeling is over; reviewers may look."],
  ["finished", "The datasets are published."],
];
const NEXT: Record<Status, Status | null> = { created: "active", active: "completed", completed: "finished", finished: null };

export function Steps({ campaign, reload }: { campaign: Campaign; reload: () => Promise<void> }) {
  const here = STEPS.findIndex(([status]) => status === campaign.status);
  return (
    <section aria-label="Steps">
      <ol class="steps">
        {STEPS.map(([status, words], index) => (
          <li key={status} class={index < here ? "step-past" : index === here ? "step-here" : ""} aria-current={index === here ? "step" : undefined}>
            <strong>{status}</strong>
            <span class="quiet">{words}</span>
          </li>
        ))}
      </ol>
      {isAdmin.value && !campaign.archived && <NextStep campaign={campaign} reload={reload} />}
    </section>
  );
}

function NextStep({ campaign, reload }: { campaign: Campaign; reload: () => Promise<void> }) {
  const next = NEXT[campaign.status];
  const [autoComplete, setAutoComplete] = useState(true);
  const change = useAction(async (status: Status) => {
    if (campaign.status !== "created" && !(await confirm(questionOf(campaign, status)))) return;
    const body = { new_status: status, auto_complete: status === "active" ? autoComplete : campaign.auto_complete };
    await data(api.PUT("/campaigns/{campaign_id}", { params: { path: { campaign_id: campaign.campaign_id } }, body }));
    notify(`${campaign.title} is ${status}.`);
    await reload();
  });
  const canGoBack = campaign.status === "completed" || campaign.status === "finished";
  const isPublishing = campaign.publication?.state === "queued" || campaign.publication?.state === "running";
  return (
    <div class="card">
      {next && (
        <>
          <h2>Next: {next}</h2>
          <Words campaign={campaign} status={next} />
        </>
      )}
      {(next === "active" || canGoBack) && (
        <label class="check">
          <input type="checkbox" checked={autoComplete} onChange={(event) => setAutoComplete(event.currentTarget.checked)} />
          {canGoBack ? "When it is active again: complete" : "Complete"} by itself when the last image is labeled
        </label>
      )}
      <ProblemNote error={change.error} />
      <p class="row">
        {next && (
          <button type="button" class="primary" disabled={change.isRunning} onClick={() => void change.run(next)}>
            {VERBS[next]}
          </button>
        )}
        {canGoBack && (
          <button type="button" disabled={change.isRunning || isPublishing} onClick={() => void change.run("active")}>
            Open for labeling again
          </button>
        )}
        {isPublishing && <span class="quiet">It is being published; wait for the end of the job.</span>}
      </p>
    </div>
  );
}

const VERBS: Record<Status, string> = { created: "", active: "Start labeling", completed: "End labeling", finished: "Finish and publish" };

/** What a step does. */
function Words({ campaign, status }: { campaign: Campaign; status: Status }): ComponentChildren {
  const { total, done } = campaign.progress;
  const open = total - done;
  if (status === "active" && campaign.status === "created") {
    return (
      <ul>
        <li>{campaign.kind === "model" ? "Image-admins can submit what the model found." : "The labelers see the images and can submit boxes."}</li>
        <li>You can still add and remove images.</li>
        {total === 0 && <li>The campaign has no images yet.</li>}
      </ul>
    );
  }
  if (status === "active") {
    return (
      <ul>
        <li>The labelers can submit boxes again. What they submitted stays.</li>
        {campaign.status === "finished" && <li>What was published stays. When you finish the campaign again, it is published as the next version.</li>}
      </ul>
    );
  }
  if (status === "completed") {
    return (
      <ul>
        <li>{campaign.late_corrections ? "The labelers can send corrections only, which open the campaign again." : "The labelers can no longer submit."}</li>
        <li>{open ? `${formatCount(open)} of ${formatCount(total)} images are not done.` : "All images are done."}</li>
        <li>You can open it again.</li>
      </ul>
    );
  }
  return (
    <ul>
      <li>A job publishes the datasets as the next version, and a snapshot of it.</li>
      <li>
        {open ? `${formatCount(open)} of ${formatCount(total)} images are not done; the datasets do not have them.` : "All images are done."}{" "}
        {campaign.progress.reviews.rejected > 0 && `${formatCount(campaign.progress.reviews.rejected)} rejected images are not published.`}
      </li>
      <li>Nobody can submit any more. You can open it again, and finish it again.</li>
    </ul>
  );
}

function questionOf(campaign: Campaign, status: Status) {
  const action = status === "active" ? "Open again" : VERBS[status];
  return { title: `${action}: ${campaign.title}?`, words: <Words campaign={campaign} status={status} />, action };
}
