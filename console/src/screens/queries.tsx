// The queries that are kept by name: what they find, and images from them to a campaign.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { AddToCampaign } from "../images/add-dialogs";
import { describeFilter, FIELDS, type Filters, writeFilters } from "../images/filters";
import { confirm } from "../parts/dialog";
import { Empty } from "../parts/empty";
import { useAction, useLoad } from "../parts/load";
import { notify } from "../parts/notice";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Table } from "../parts/table";
import { Time } from "../parts/time";
import { Link, type ScreenProps, setQuery } from "../router";
import { isAdmin } from "../session";

type Query = Schemas["KeptQuery"];

const PER_PAGE = 50;

export default function Queries({ query }: ScreenProps) {
  const page = Number(query.get("page")) || 1;
  const loaded = useLoad(() => data(api.GET("/queries", { params: { query: { page, per_page: PER_PAGE } } })), [page]);
  const [added, setAdded] = useState<Query | null>(null);
  const remove = useAction(async (name: string) => {
    const words = <p>The images that it finds stay where they are. Nobody can add images by this name any more.</p>;
    if (!(await confirm({ title: `Delete the query ${name}`, words, action: "Delete", isDangerous: true }))) return;
    await data(api.DELETE("/queries/{name}", { params: { path: { name } } }));
    notify(`The query ${name} is deleted.`);
    await loaded.reload();
  });
  const queries = loaded.data?.queries ?? [];
  const columns = [
    { heading: "Name", isName: true, cell: (row: Query) => <Link to={`/images?${writeFilters(row.query as Filters)}`}>{row.name}</Link> },
    { heading: "Filters", cell: (row: Query) => <FilterWords filters={row.query as Filters} /> },
    { heading: "Images now", isNumber: true, cell: (row: Query) => <Count filters={row.query as Filters} /> },
    { heading: "Changed", cell: (row: Query) => <Time at={row.date_changed} /> },
    { heading: "By", cell: (row: Query) => row.changed_by ?? <span class="quiet">–</span> },
  ];
  const actions = {
    heading: "Actions",
    cell: (row: Query) => (
      <span class="row">
        <button type="button" onClick={() => setAdded(row)}>
          Add to a campaign …
        </button>
        <button type="button" class="danger" onClick={() => void remove.run(row.name)}>
          Delete …
        </button>
      </span>
    ),
  };
  return (
    <>
      <div class="bar">
        <h1>Queries</h1>
      </div>
      <ProblemNote error={loaded.error} retry={loaded.reload} />
      <ProblemNote error={remove.error} />
      {loaded.data && !queries.length && (
        <Empty title="No query is kept">
          <p>
            Filter <Link to="/images">the images</Link>, then choose “Keep as query”. A query finds the images that fit at the time when it is used.
          </p>
        </Empty>
      )}
      {queries.length > 0 && <Table caption="Queries" columns={isAdmin.value ? [...columns, actions] : columns} rows={queries} rowKey={(row) => row.query_id} />}
      {loaded.data && <Pager pagination={loaded.data.pagination} onPage={(next) => setQuery({ page: String(next) })} />}
      {added && <AddToCampaign isOpen onClose={() => setAdded(null)} added={[{ query_name: added.name }]} words={`the images of ${added.name}`} />}
    </>
  );
}

function FilterWords({ filters }: { filters: Filters }) {
  const names = (Object.keys(FIELDS) as (keyof Filters)[]).filter((name) => filters[name] !== undefined);
  return <>{names.map((name) => `${FIELDS[name].words}: ${describeFilter(name, filters)}`).join("; ")}</>;
}

/** How many images fit now. */
function Count({ filters }: { filters: Filters }) {
  const key = writeFilters(filters);
  const total = useLoad(async () => (await data(api.GET("/images", { params: { query: { ...filters, per_page: 1 } } }))).pagination.total, [key]);
  if (total.error) return <span title={total.error.message}>cannot be used now</span>;
  return total.data === null ? <span class="quiet">…</span> : <>{formatCount(total.data)}</>;
}
