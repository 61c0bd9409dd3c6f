// How far the ingest of an image set is, and what it found.
import type { Schemas } from "../api";
import { formatCount, Progress } from "../parts/progress";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link } from "../router";

type Ingest = NonNullable<Schemas["ImageSet"]["ingest"]>;

/** True until each file has been read once; until then it is not known which pictures are damaged or there twice. */
export function isInspecting(ingest: Ingest): boolean {
  return ingest.state === "succeeded" && Boolean(ingest.images) && ingest.duplicates === null;
}

export function IngestReport({ set }: { set: Schemas["ImageSet"] }) {
  const { ingest } = set;
  if (!ingest) return null;
  const isAtWork = ingest.state === "queued" || ingest.state === "running";
  return (
    <section aria-labelledby="ingest-heading">
      <h2 id="ingest-heading">Ingest</h2>
      <p class="row">
        <StateTag state={ingest.state} />
        {isAtWork && <Progress done={ingest.done} total={ingest.total} label="Files ingested" />}
        {isAtWork && ingest.date_expected && (
          <span>
            expected to end <Time at={ingest.date_expected} />
          </span>
        )}
        {isInspecting(ingest) && <span>Each file is being inspected. Problems appear below.</span>}
        <Link to={`/jobs/${ingest.job_id}`}>Job {ingest.job_id}</Link>
      </p>
      {ingest.error && <p class={ingest.state === "failed" ? "note note-problem" : "note"}>{ingest.error}</p>}
      {ingest.images !== null && (
        <dl class="facts">
          <Fact name="Images" count={ingest.images} />
          <Fact name="Files that are not images" count={ingest.not_images} />
          <Fact name="Junk that was left out" count={ingest.skipped} />
          <Fact name="Images with the content of an older one" count={ingest.duplicates} />
          <Fact name="Open problems" count={ingest.problems} />
        </dl>
      )}
    </section>
  );
}

function Fact({ name, count }: { name: string; count: number | null }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{count === null ? "not known yet" : formatCount(count)}</dd>
    </>
  );
}
