// What was submitted to a campaign, newest first, and the way back to any of it.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { confirm } from "../parts/dialog";
import { useAction, useLoad } from "../parts/load";
import { notify } from "../parts/notice";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Table } from "../parts/table";
import { Time } from "../parts/time";
import { isAdmin } from "../session";

type Campaign = Schemas["Campaign"];
type Submission = Schemas["Submission"];

const PER_PAGE = 25;

export function History({ campaign, reload }: { campaign: Campaign; reload: () => Promise<void> }) {
  const [page, setPage] = useState(1);
  const path = { campaign_id: campaign.campaign_id };
  const list = useLoad(() => data(api.GET("/campaigns/{campaign_id}/submissions", { params: { path, query: { page, per_page: PER_PAGE } } })), [campaign.campaign_id, page]);
  const restore = useAction(async (submission: Submission) => {
    const asOf = String(submission.submission_id);
    const preview = await data(api.POST("/campaigns/{campaign_id}/restore", { params: { path }, body: { as_of: asOf, dry_run: true } }));
    if (!preview.image_count) return notify("Nothing would change: the labels are what they were then.");
    const question = { title: `Back to the labels after submission ${asOf}?`, words: <RestoreWords preview={preview} />, action: "Restore" };
    if (!(await confirm(question))) return;
    await data(api.POST("/campaigns/{campaign_id}/restore", { params: { path }, body: { as_of: asOf, dry_run: false } }));
    notify("Restored.");
    setPage(1);
    await Promise.all([list.reload(), reload()]);
  });
  const canRestore = isAdmin.value && !campaign.archived && (campaign.status === "active" || campaign.status === "completed");
  const action = {
    heading: "What to do",
    cell: (submission: Submission) => (
      <button type="button" disabled={restore.isRunning} aria-label={`Restore the labels after submission ${submission.submission_id}`} onClick={() => void restore.run(submission)}>
        Restore
      </button>
    ),
  };
  return (
    <section aria-labelledby="history-heading">
      <h2 id="history-heading">History</h2>
      <ProblemNote error={restore.error ?? list.error} retry={list.error ? list.reload : undefined} />
      {list.data && (
        <>
          {list.data.submissions.length ? (
            <Table caption="Submissions" columns={canRestore ? [...COLUMNS, action] : COLUMNS} rows={list.data.submissions} rowKey={(submission) => submission.submission_id ?? 0} />
          ) : (
            <p>Nothing was submitted yet.</p>
          )}
          <Pager pagination={list.data.pagination} onPage={setPage} />
        </>
      )}
    </section>
  );
}

const COLUMNS = [
  { heading: "No.", isName: true, cell: (submission: Submission) => submission.submission_id },
  { heading: "Kind", cell: (submission: Submission) => (submission.of ? `${submission.kind} of ${submission.of}` : submission.kind) },
  { heading: "When", cell: (submission: Submission) => <Time at={submission.date_created} /> },
  { heading: "Who", cell: (submission: Submission) => <bdi>{submission.created_by ?? "–"}</bdi> },
  { heading: "Images", isNumber: true, cell: (submission: Submission) => formatCount(submission.image_count) },
  { heading: "Boxes", isNumber: true, cell: (submission: Submission) => formatCount(submission.object_count) },
  { heading: "Replaced", isNumber: true, cell: (submission: Submission) => formatCount(submission.replaced) },
  { heading: "Tool", cell: (submission: Submission) => <bdi>{submission.tool ?? "–"}</bdi> },
  { heading: "Note", cell: (submission: Submission) => <bdi>{submission.note ?? ""}</bdi> },
];

function RestoreWords({ preview }: { preview: Schemas["Restoration"] }) {
  const { states } = preview;
  return (
    <ul>
      <li>
        {formatCount(preview.image_count)} images change, and get {formatCount(preview.object_count)} boxes in all.
      </li>
      <li>
        They become: {formatCount(states.labeled)} labeled, {formatCount(states.empty)} empty, {formatCount(states.unusable)} unusable,{" "}
        {formatCount(states.unlabeled)} unlabeled.
      </li>
      {preview.skipped > 0 && <li>{formatCount(preview.skipped)} images have left the campaign since, and stay as they are.</li>}
      <li>Nothing is lost: what is there now stays in the history, and can be restored, too.</li>
    </ul>
  );
}
