// All image sets, and a way to make one.
import "./admin.css";
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { Dialog } from "../parts/dialog";
import { Empty } from "../parts/empty";
import { useLoad } from "../parts/load";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { formatCount, Progress } from "../parts/progress";
import { Table } from "../parts/table";
import { StateTag, Tag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, navigate, type ScreenProps, setQuery } from "../router";
import { isAdmin } from "../session";
import { ImageSetForm } from "../upload/image-set-form";

type ImageSet = Schemas["ImageSet"];

const PER_PAGE = 50;
const REFRESH_SECONDS = 5;

export default function ImageSets({ query }: ScreenProps) {
  const [isNew, setNew] = useState(false);
  const status = query.get("status") as ImageSet["status"] | null;
  const title = query.get("title") ?? "";
  const page = Number(query.get("page")) || 1;
  const filters = { page, per_page: PER_PAGE, status: status ?? undefined, title: title ? `${title}*` : undefined };
  const [isAtWork, setAtWork] = useState(false);
  const load = async () => {
    const found = await data(api.GET("/image_sets", { params: { query: filters } }));
    setAtWork(found.image_sets.some((set) => set.ingest && ["queued", "running"].includes(set.ingest.state)));
    return found;
  };
  const sets = useLoad(load, [page, status, title], { everySeconds: isAtWork ? REFRESH_SECONDS : null });
  const isFiltered = Boolean(status || title);
  return (
    <>
      <header class="bar">
        <h1>Image sets</h1>
        {isAdmin.value && (
          <button type="button" class="primary" onClick={() => setNew(true)}>
            New image set
          </button>
        )}
      </header>
      <Filters status={status} title={title} />
      <ProblemNote error={sets.error} retry={sets.reload} />
      {sets.data && (
        <>
          {sets.data.image_sets.length ? (
            <Table caption="Image sets" columns={COLUMNS} rows={sets.data.image_sets} rowKey={(set) => set.imageset_id} />
          ) : (
            <NoSets isFiltered={isFiltered} />
          )}
          <Pager pagination={sets.data.pagination} onPage={(next) => setQuery({ page: String(next) })} />
        </>
      )}
      <Dialog title="New image set" isOpen={isNew} onClose={() => setNew(false)}>
        <ImageSetForm onDone={(set) => navigate(`/image-sets/${set.imageset_id}`)} onCancel={() => setNew(false)} />
      </Dialog>
    </>
  );
}

function Filters({ status, title }: { status: string | null; title: string }) {
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        Title begins with{" "}
        <input type="search" value={title} onInput={(event) => setQuery({ title: event.currentTarget.value.trim(), page: null })} />
      </label>
      <label>
        Status{" "}
        <select value={status ?? ""} onChange={(event) => setQuery({ status: event.currentTarget.value, page: null })}>
          <option value="">all</option>
          <option value="created">created</option>
          <option value="finished">finished</option>
        </select>
      </label>
    </form>
  );
}

function NoSets({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No image set fits these filters">
        <button type="button" onClick={() => setQuery({ status: null, title: null, page: null })}>
          Show all
        </button>
      </Empty>
    );
  }
  return (
    <Empty title="There are no images yet">
      <p>
        Images come in sets: what one camera took on one day, for example. {isAdmin.value ? "Make a set, then drop a folder of images on it." : "An image-admin can add some."}
      </p>
    </Empty>
  );
}

const COLUMNS = [
  { heading: "Title", isName: true, cell: (set: ImageSet) => <Link to={`/image-sets/${set.imageset_id}`}>{set.title}</Link> },
  { heading: "Status", cell: (set: ImageSet) => <StateTag state={set.status} /> },
  { heading: "Ingest", cell: (set: ImageSet) => <IngestCell set={set} /> },
  { heading: "Images", isNumber: true, cell: (set: ImageSet) => (set.ingest?.images == null ? "–" : formatCount(set.ingest.images)) },
  { heading: "Problems", isNumber: true, cell: (set: ImageSet) => <ProblemCount set={set} /> },
  { heading: "Created", cell: (set: ImageSet) => <Time at={set.date_created} /> },
  { heading: "By", cell: (set: ImageSet) => <bdi>{set.created_by ?? "–"}</bdi> },
];

function IngestCell({ set }: { set: ImageSet }) {
  if (!set.ingest) return <span class="quiet">{set.status === "created" ? "open for uploads" : "–"}</span>;
  const { state, done, total } = set.ingest;
  return state === "running" ? <Progress done={done} total={total} label="Files ingested" /> : <StateTag state={state} />;
}

function ProblemCount({ set }: { set: ImageSet }) {
  const count = set.ingest?.problems ?? 0;
  return count ? <Tag kind="bad">{formatCount(count)}</Tag> : <>–</>;
}
