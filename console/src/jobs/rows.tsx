// Jobs in words: what they do, on what, and how far they are.
import type { Schemas } from "../api";
import { Progress } from "../parts/progress";
import type { Column } from "../parts/table";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link } from "../router";

type Job = Schemas["Job"];

const KINDS: Record<string, string> = {
  finish_image_set: "Ingest the uploads",
  delete_dropbox: "Delete the dropbox",
  inspect_image_set: "Inspect the files",
  publish_datasets: "Publish the datasets",
  delete_image_files: "Delete the files",
  make_snapshot: "Make the snapshot",
  write_export: "Write the export",
  import_labels: "Import labels",
  delete_import_file: "Delete the label file",
};
/** Where the pages of subjects are; exports and imports are seen on the pages of what they belong to. */
const PLACES: Record<string, string> = { image_set: "image-sets", campaign: "campaigns", image: "images", snapshot: "snapshots" };
const ENDED = ["succeeded", "failed", "cancelled"];

/** Return what a job does; a later version of the service may have kinds that have no words here. */
export function describeKind(kind: string): string {
  return KINDS[kind] ?? kind.replaceAll("_", " ");
}

/** Return whether a job can still change by itself. */
export function isRunning(job: Job): boolean {
  return !ENDED.includes(job.state);
}

/** A link to what a job works on. */
export function Subject({ subject }: { subject: Job["subject"] }) {
  const words = `${subject.type.replaceAll("_", " ")} ${subject.id}`;
  const place = PLACES[subject.type];
  return place ? <Link to={`/${place}/${subject.id}`}>{words}</Link> : <>{words}</>;
}

/** The columns of a list of jobs. */
export const jobColumns: Column<Job>[] = [
  { heading: "Job", isName: true, cell: (job) => <Link to={`/jobs/${job.job_id}`}>{`${describeKind(job.kind)} (${job.job_id})`}</Link> },
  { heading: "Of", cell: (job) => <Subject subject={job.subject} /> },
  { heading: "State", cell: (job) => <StateTag state={job.state} /> },
  { heading: "Progress", cell: (job) => <Progress done={job.done} total={job.total} label={`Progress of job ${job.job_id}`} /> },
  { heading: "Requested", cell: (job) => <Time at={job.date_created} /> },
  { heading: "Error", cell: (job) => job.error ?? "" },
];
