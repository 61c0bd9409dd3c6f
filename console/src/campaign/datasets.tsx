// What a finished campaign has published.
import { api, data, type Schemas } from "../api";
import { Empty } from "../parts/empty";
import { useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatBytes, formatCount, Progress } from "../parts/progress";
import { Table } from "../parts/table";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link } from "../router";

type Dataset = Schemas["Dataset"];

export function Datasets({ campaign }: { campaign: Schemas["Campaign"] }) {
  const path = { campaign_id: campaign.campaign_id };
  const job = campaign.publication;
  const list = useLoad(() => data(api.GET("/campaigns/{campaign_id}/datasets", { params: { path } })), [campaign.campaign_id, job?.state]);
  return (
    <section aria-labelledby="datasets-heading">
      <h2 id="datasets-heading">Published datasets</h2>
      {job && (
        <p class="row">
          <StateTag state={job.state} />
          {(job.state === "running" || job.state === "queued") && <Progress done={job.done} total={job.total} label="Images published" />}
          <Link to={`/jobs/${job.job_id}`}>Job {job.job_id}</Link>
        </p>
      )}
      {job?.error && <p class="note note-problem">{job.error}</p>}
      <ProblemNote error={list.error} retry={list.reload} />
      {list.data?.datasets.length === 0 && (
        <Empty title="Nothing is published yet">
          <p>The datasets are published when the campaign is finished. A snapshot can be exported at any time.</p>
        </Empty>
      )}
      {list.data && list.data.datasets.length > 0 && (
        <Table caption="Published datasets" columns={COLUMNS} rows={list.data.datasets} rowKey={(dataset) => dataset.dataset_id} />
      )}
      <p class="row">
        <Link class="button" to={`/snapshots?new=true&campaign=${campaign.campaign_id}`}>
          Make a snapshot for other formats
        </Link>
        <Link to={`/snapshots?kind=campaign&name=${campaign.title}`}>Snapshots of its publications</Link>
      </p>
    </section>
  );
}

const COLUMNS = [
  {
    heading: "File",
    isName: true,
    cell: (dataset: Dataset) => (
      <a href={dataset.url} rel="noreferrer" download>
        {dataset.path.slice(dataset.path.lastIndexOf("/") + 1)}
      </a>
    ),
  },
  { heading: "Version", isNumber: true, cell: (dataset: Dataset) => dataset.version },
  { heading: "Images", isNumber: true, cell: (dataset: Dataset) => formatCount(dataset.image_count) },
  { heading: "Boxes", isNumber: true, cell: (dataset: Dataset) => formatCount(dataset.object_count) },
  { heading: "Size", isNumber: true, cell: (dataset: Dataset) => formatBytes(dataset.file_size) },
  { heading: "Published", cell: (dataset: Dataset) => <Time at={dataset.date_created} /> },
  { heading: "Azure ML", cell: (dataset: Dataset) => (dataset.registration === "off" ? "–" : (dataset.error ?? dataset.registration)) },
  { heading: "SHA-256", cell: (dataset: Dataset) => <code title={dataset.sha256}>{dataset.sha256.slice(0, 12)}…</code> },
];
