// What an admin wants to know first: what runs, what failed, how far campaigns are, and what is being ingested.
import type { ComponentChildren } from "preact";
import { api, data, type Schemas } from "../api";
import { jobColumns } from "../jobs/rows";
import { Empty } from "../parts/empty";
import { type Loaded, useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { Progress } from "../parts/progress";
import { Table } from "../parts/table";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link } from "../router";
import { isAdmin } from "../session";

const FAST_SECONDS = 5;
const SLOW_SECONDS = 30;
const ROWS = 10;

export default function Overview() {
  const running = useLoad(() => findJobs(["running", "queued"]), [], { everySeconds: FAST_SECONDS });
  const failed = useLoad(() => findJobs(["failed"]), [], { everySeconds: SLOW_SECONDS });
  const campaigns = useLoad(findCampaigns, [], { everySeconds: SLOW_SECONDS });
  const imageSets = useLoad(findImageSets, [], { everySeconds: SLOW_SECONDS });
  if (campaigns.data?.length === 0 && imageSets.data?.length === 0) return <FirstSteps />;
  return (
    <>
      <h1>Overview</h1>
      <Part title="Failed jobs" loaded={failed} nothing="No job has failed.">
        {(jobs) => <Table caption="Failed jobs" columns={jobColumns} rows={jobs} rowKey={(job) => job.job_id} />}
      </Part>
      <Part title="Running jobs" loaded={running} nothing="No job is running.">
        {(jobs) => <Table caption="Running jobs" columns={jobColumns} rows={jobs} rowKey={(job) => job.job_id} />}
      </Part>
      <Part title="Campaigns" loaded={campaigns} nothing="There is no campaign yet.">
        {(rows) => (
          <div class="cards">
            {rows.map((campaign) => (
              <CampaignCard key={campaign.campaign_id} campaign={campaign} />
            ))}
          </div>
        )}
      </Part>
      <Part title="Image sets that take uploads" loaded={imageSets} nothing="No image set is open.">
        {(rows) => <ImageSets rows={rows} />}
      </Part>
    </>
  );
}

interface PartProps<T> {
  title: string;
  loaded: Loaded<T[]>;
  nothing: string;
  children: (rows: T[]) => ComponentChildren;
}

function Part<T>({ title, loaded, nothing, children }: PartProps<T>) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ProblemNote error={loaded.error} retry={loaded.reload} />
      {loaded.data?.length === 0 && <p class="quiet">{nothing}</p>}
      {loaded.data && loaded.data.length > 0 && children(loaded.data)}
    </section>
  );
}

function CampaignCard({ campaign }: { campaign: Schemas["Campaign"] }) {
  return (
    <section class="card" aria-label={campaign.title}>
      <h3>
        <Link to={`/campaigns/${campaign.campaign_id}`}>{campaign.title}</Link>
      </h3>
      <p class="row">
        <StateTag state={campaign.status} />
        <Progress done={campaign.progress.done} total={campaign.progress.total} label="Images done" />
      </p>
    </section>
  );
}

function ImageSets({ rows }: { rows: Schemas["ImageSet"][] }) {
  const columns = [
    {
      heading: "Title",
      isName: true,
      cell: (row: Schemas["ImageSet"]) => <Link to={`/image-sets/${row.imageset_id}`}>{row.title}</Link>,
    },
    { heading: "Status", cell: (row: Schemas["ImageSet"]) => <StateTag state={row.status} /> },
    {
      heading: "Files",
      cell: (row: Schemas["ImageSet"]) => row.ingest && <Progress done={row.ingest.done} total={row.ingest.total} label="Files ingested" />,
    },
    { heading: "Problems", isNumber: true, cell: (row: Schemas["ImageSet"]) => row.ingest?.problems ?? 0 },
    { heading: "Created", cell: (row: Schemas["ImageSet"]) => <Time at={row.date_created} /> },
  ];
  return <Table caption="Open image sets" columns={columns} rows={rows} rowKey={(row) => row.imageset_id} />;
}

function FirstSteps() {
  return (
    <>
      <h1>Overview</h1>
      <Empty title="There are no images yet">
        <p>Begin with an image set: a batch of images from one source, such as one flight.</p>
        <p>{isAdmin.value ? <Link to="/image-sets">Create an image set</Link> : "An image-admin can create one."}</p>
      </Empty>
    </>
  );
}

async function findJobs(state: Schemas["Job"]["state"][]): Promise<Schemas["Job"][]> {
  return (await data(api.GET("/jobs", { params: { query: { state, page: 1, per_page: ROWS } } }))).jobs;
}

/** Sets that still take uploads; those that are being ingested are among the jobs. */
async function findImageSets(): Promise<Schemas["ImageSet"][]> {
  const query = { status: "created" as const, page: 1, per_page: ROWS };
  return (await data(api.GET("/image_sets", { params: { query } }))).image_sets;
}

/** The campaigns that are not finished, and finished ones where there are few others. */
async function findCampaigns(): Promise<Schemas["Campaign"][]> {
  const rows = [];
  for (const status of ["active", "completed", "created", "finished"] as const) {
    const query = { status, page: 1, per_page: ROWS };
    rows.push(...(await data(api.GET("/campaigns", { params: { query } }))).campaigns);
  }
  return rows.slice(0, ROWS);
}
