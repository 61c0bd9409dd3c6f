// One snapshot: what is in it, how it differs from its other versions, and its exports.
import "./admin.css";
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatCount, Progress } from "../parts/progress";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, type ScreenProps } from "../router";
import { Differences } from "../snapshot/differences";
import { ExportList } from "../snapshot/export-list";
import { SnapshotCounts } from "../snapshot/snapshot-counts";

type Snapshot = Schemas["Snapshot"];

const REFRESH_SECONDS = 2;

export default function SnapshotScreen({ params, query }: ScreenProps) {
  const id = Number(params.snapshot);
  const [isPending, setPending] = useState(false);
  const load = async () => {
    const found = await data(api.GET("/snapshots/{snapshot_id}", { params: { path: { snapshot_id: id } } }));
    setPending(found.state === "pending");
    return found;
  };
  const loaded = useLoad(load, [id], { everySeconds: isPending ? REFRESH_SECONDS : null });
  const snapshot = loaded.data;
  if (!snapshot) return <ProblemNote error={loaded.error} retry={loaded.reload} />;
  return (
    <>
      <header class="bar">
        <h1>
          {snapshot.name} version {snapshot.version} <StateTag state={snapshot.state} />
        </h1>
      </header>
      <ProblemNote error={loaded.error} retry={loaded.reload} />
      <p>
        <bdi>{snapshot.summary}</bdi>
      </p>
      <Making snapshot={snapshot} />
      {snapshot.warnings.map((warning) => (
        <p class="note" key={warning}>
          {warning}
        </p>
      ))}
      {snapshot.counts && <SnapshotCounts counts={snapshot.counts} />}
      <Facts snapshot={snapshot} />
      {snapshot.state === "ready" && <ExportList snapshot={snapshot} />}
      {snapshot.state === "ready" && <Differences snapshot={snapshot} from={Number(query.get("from")) || null} />}
    </>
  );
}

/** How far the job is that makes it, or why it has failed. */
function Making({ snapshot }: { snapshot: Snapshot }) {
  const { job, state } = snapshot;
  if (!job || state === "ready") return null;
  return (
    <>
      <p class="row">
        {state === "pending" && <Progress done={job.done} total={job.total} label="Images frozen" />}
        <Link to={`/jobs/${job.job_id}`}>Job {job.job_id}</Link>
        {state === "failed" && "Put right what is wrong, then retry the job on its page."}
      </p>
      {job.error && <p class={state === "failed" ? "note note-problem" : "note"}>{job.error}</p>}
    </>
  );
}

function Facts({ snapshot }: { snapshot: Snapshot }) {
  const { split } = snapshot;
  return (
    <dl class="facts">
      <dt>Moment</dt>
      <dd>
        <Time at={snapshot.moment} isExact />
      </dd>
      <dt>Made</dt>
      <dd>
        <Time at={snapshot.date_created} isExact /> {snapshot.created_by && <bdi>by {snapshot.created_by}</bdi>}
      </dd>
      <dt>Campaigns</dt>
      <dd class="row">
        {snapshot.selection.campaigns.map((campaign) => (
          <Link key={campaign} to={`/campaigns/${campaign}`}>
            {campaign}
          </Link>
        ))}
      </dd>
      <dt>Split</dt>
      <dd>
        {split ? `${percent(split.shares.train)} train, ${percent(split.shares.val)} val, ${percent(split.shares.test)} test, by ${split.key}, seed “${split.seed}”` : "none"}
      </dd>
      {snapshot.content_hash && <dt>Content hash</dt>}
      {snapshot.content_hash && (
        <dd>
          <code>{snapshot.content_hash}</code>
        </dd>
      )}
      {Boolean(snapshot.withdrawn_images) && <dt>Withdrawn since</dt>}
      {Boolean(snapshot.withdrawn_images) && <dd>{formatCount(snapshot.withdrawn_images ?? 0)} images</dd>}
    </dl>
  );
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))}%`;
}
