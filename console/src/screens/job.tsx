// One background job: how far it is, what went wrong, and what a person can do about it.
import { api, data, newIdempotencyKey, type Schemas } from "../api";
import { describeKind, isRunning, Subject } from "../jobs/rows";
import { confirm } from "../parts/dialog";
import { useAction, useLoad } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { Progress } from "../parts/progress";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, type ScreenProps } from "../router";
import { isAdmin } from "../session";

const REFRESH_SECONDS = 2;
/** Deleting cannot be undone, so that these jobs cannot be cancelled. */
const ENDLESS = ["delete_dropbox", "delete_image_files", "delete_import_file"];
/** What follows when a job is cancelled. */
const AFTER_CANCEL: Record<string, string> = {
  finish_image_set: "What is ingested stays. The set is open again: finish it again to ingest the rest.",
  inspect_image_set: "The remaining files are not inspected until you try the job again.",
  publish_datasets: "This works before the job has begun. The campaign is completed again.",
  make_snapshot: "The snapshot has failed until you try the job again.",
  write_export: "Nothing of the file is kept. You can request the export again.",
};
/** Cancelled jobs of these kinds can be tried again; another one follows from a change of a status. */
const RETRIABLE = ["inspect_image_set", "make_snapshot", "write_export"];

export default function JobPage({ params }: ScreenProps) {
  const jobId = Number(params.job);
  const loading = useLoad(() => data(api.GET("/jobs/{job_id}", { params: { path: { job_id: jobId } } })), [jobId], {
    everySeconds: REFRESH_SECONDS,
  });
  const job = loading.data;
  return (
    <>
      <p>
        <Link to="/jobs">All jobs</Link>
      </p>
      <ProblemNote error={loading.error} retry={loading.reload} />
      {job && <Facts job={job} />}
      {job && isAdmin.value && <Actions job={job} reload={loading.reload} />}
    </>
  );
}

function Facts({ job }: { job: Schemas["Job"] }) {
  return (
    <>
      <h1>{describeKind(job.kind)}</h1>
      {job.error && (
        <div class="note note-problem">
          <p>{job.error}</p>
        </div>
      )}
      <dl class="facts">
        <dt>Job</dt>
        <dd>{job.job_id}</dd>
        <dt>Of</dt>
        <dd>
          <Subject subject={job.subject} />
        </dd>
        <dt>State</dt>
        <dd>
          <StateTag state={job.state} />
        </dd>
        <dt>Progress</dt>
        <dd>
          <Progress done={job.done} total={job.total} label="Progress" />
        </dd>
        <dt>Started by a worker</dt>
        <dd>{job.attempts === 1 ? "once" : `${job.attempts} times`}</dd>
        <Moment words="Requested" at={job.date_created} />
        <Moment words="Started" at={job.date_started} />
        <Moment words="Ended" at={job.date_finished} />
        {isRunning(job) && <Moment words="Expected to end" at={job.date_expected} />}
      </dl>
    </>
  );
}

function Moment({ words, at }: { words: string; at: string | null }) {
  return (
    <>
      <dt>{words}</dt>
      <dd>
        <Time at={at} isExact />
      </dd>
    </>
  );
}

function isRetriable(job: Schemas["Job"]): boolean {
  return job.state === "failed" || (job.state === "cancelled" && RETRIABLE.includes(job.kind));
}

function describeCancel(job: Schemas["Job"]): string {
  return AFTER_CANCEL[job.kind] ?? "What it has already done stays done.";
}

function Actions({ job, reload }: { job: Schemas["Job"]; reload: () => Promise<void> }) {
  const send = async (verb: "retry" | "cancel") => {
    const params = { path: { job_id: job.job_id }, header: { "Idempotency-Key": newIdempotencyKey() } };
    await data(verb === "retry" ? api.POST("/jobs/{job_id}/retry", { params }) : api.POST("/jobs/{job_id}/cancel", { params }));
    notify(verb === "retry" ? "The job is queued again." : "The job is cancelled.");
    await reload();
  };
  const action = useAction(send);
  const cancel = async () => {
    if (await confirm({ title: "Cancel this job?", words: describeCancel(job), action: "Cancel the job", isDangerous: true })) await action.run("cancel");
  };
  return (
    <>
      <ProblemNote error={action.error} />
      <p class="row">
        {isRetriable(job) && (
          <button type="button" class="primary" disabled={action.isRunning} onClick={() => void action.run("retry")}>
            Try again
          </button>
        )}
        {isRunning(job) && !ENDLESS.includes(job.kind) && (
          <button type="button" class="danger" disabled={action.isRunning} onClick={() => void cancel()}>
            Cancel the job …
          </button>
        )}
      </p>
    </>
  );
}
