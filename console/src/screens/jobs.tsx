// The list of background jobs, newest first.
import { api, data } from "../api";
import { isRunning, jobColumns } from "../jobs/rows";
import { Empty } from "../parts/empty";
import { useLoad } from "../parts/load";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { Table } from "../parts/table";
import { type ScreenProps, setQuery } from "../router";

const STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
type State = (typeof STATES)[number];
const REFRESH_SECONDS = 5;
const PER_PAGE = 50;

export default function Jobs({ query }: ScreenProps) {
  const state = STATES.find((known) => known === query.get("state"));
  const page = Number(query.get("page")) || 1;
  const loading = useLoad(() => findJobs(state, page), [state, page], { everySeconds: REFRESH_SECONDS });
  const jobs = loading.data?.jobs;
  return (
    <>
      <div class="bar">
        <h1>Jobs</h1>
        <label>
          State{" "}
          <select value={state ?? ""} onChange={(event) => setQuery({ state: event.currentTarget.value, page: null })}>
            <option value="">all</option>
            {STATES.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      <ProblemNote error={loading.error} retry={loading.reload} />
      {jobs?.length === 0 && <NoJobs isFiltered={state !== undefined} />}
      {jobs && jobs.length > 0 && <Table caption="Jobs" columns={jobColumns} rows={jobs} rowKey={(job) => job.job_id} />}
      {loading.data && <Pager pagination={loading.data.pagination} onPage={(next) => setQuery({ page: String(next) })} />}
      {jobs?.some(isRunning) && <p class="quiet">The list is read again every {REFRESH_SECONDS} seconds.</p>}
    </>
  );
}

function NoJobs({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No job is in this state" />;
  return (
    <Empty title="There are no jobs yet">
      <p>Jobs do the long work: they ingest image sets, publish datasets, and write exports. Each appears here when it is requested.</p>
    </Empty>
  );
}

function findJobs(state: State | undefined, page: number) {
  const query = { page, per_page: PER_PAGE, ...(state && { state: [state] }) };
  return data(api.GET("/jobs", { params: { query } }));
}
