// All snapshots, and a way to make one.
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
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, navigate, type ScreenProps, setQuery } from "../router";
import { isAdmin } from "../session";
import { SnapshotForm } from "../snapshot/snapshot-form";

type Snapshot = Schemas["Snapshot"];

const PER_PAGE = 50;
const REFRESH_SECONDS = 3;

export default function Snapshots({ query }: ScreenProps) {
  const name = query.get("name") ?? "";
  const kind = (query.get("kind") as Snapshot["kind"] | null) ?? undefined;
  const page = Number(query.get("page")) || 1;
  const isNew = query.get("new") === "true";
  const close = () => setQuery({ new: null, campaign: null });
  const [isAtWork, setAtWork] = useState(false);
  const load = async () => {
    const filters = { page, per_page: PER_PAGE, name: name || undefined, kind };
    const found = await data(api.GET("/snapshots", { params: { query: filters } }));
    setAtWork(found.snapshots.some(({ state }) => state === "pending"));
    return found;
  };
  const snapshots = useLoad(load, [page, name, kind], { everySeconds: isAtWork ? REFRESH_SECONDS : null });
  return (
    <>
      <header class="bar">
        <h1>Snapshots</h1>
        {isAdmin.value && (
          <button type="button" class="primary" onClick={() => setQuery({ new: "true" })}>
            New snapshot
          </button>
        )}
      </header>
      <p class="quiet">A snapshot freezes images and their labels as one version of a dataset. It never changes, and is exported in the format that you need.</p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Name <input type="search" value={name} onChange={(event) => setQuery({ name: event.currentTarget.value.trim(), page: null })} />
        </label>
        <label>
          Made{" "}
          <select value={kind ?? ""} onChange={(event) => setQuery({ kind: event.currentTarget.value, page: null })}>
            <option value="">by people and by finishing campaigns</option>
            <option value="snapshot">by people</option>
            <option value="campaign">by finishing campaigns</option>
          </select>
        </label>
      </form>
      <ProblemNote error={snapshots.error} retry={snapshots.reload} />
      {snapshots.data && (
        <>
          {snapshots.data.snapshots.length ? (
            <Table caption="Snapshots" columns={COLUMNS} rows={snapshots.data.snapshots} rowKey={(snapshot) => snapshot.snapshot_id} />
          ) : (
            <NoSnapshots isFiltered={Boolean(name || kind)} />
          )}
          <Pager pagination={snapshots.data.pagination} onPage={(next) => setQuery({ page: String(next) })} />
        </>
      )}
      <Dialog title="New snapshot" isOpen={isNew && isAdmin.value} onClose={close}>
        <SnapshotForm
          campaignId={Number(query.get("campaign")) || null}
          onDone={(made) => navigate(`/snapshots/${made.snapshot_id}`)}
          onCancel={close}
        />
      </Dialog>
    </>
  );
}

function NoSnapshots({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No snapshot fits these filters">
        <button type="button" onClick={() => setQuery({ name: null, kind: null, page: null })}>
          Show all
        </button>
      </Empty>
    );
  }
  return (
    <Empty title="There are no snapshots yet">
      <p>Make one of the campaigns whose labels you want to train with. A finished campaign makes one by itself.</p>
    </Empty>
  );
}

const COLUMNS = [
  {
    heading: "Name",
    isName: true,
    cell: (snapshot: Snapshot) => (
      <Link to={`/snapshots/${snapshot.snapshot_id}`}>
        {snapshot.name} version {snapshot.version}
      </Link>
    ),
  },
  { heading: "State", cell: (snapshot: Snapshot) => <State snapshot={snapshot} /> },
  { heading: "What is in it", cell: (snapshot: Snapshot) => <bdi>{snapshot.summary}</bdi> },
  { heading: "Images", isNumber: true, cell: ({ counts }: Snapshot) => (counts ? formatCount(counts.images) : "–") },
  { heading: "Boxes", isNumber: true, cell: ({ counts }: Snapshot) => (counts ? formatCount(counts.objects) : "–") },
  { heading: "Made", cell: (snapshot: Snapshot) => <Time at={snapshot.date_created} /> },
  { heading: "By", cell: (snapshot: Snapshot) => <bdi>{snapshot.created_by ?? "–"}</bdi> },
];

function State({ snapshot }: { snapshot: Snapshot }) {
  const { state, job } = snapshot;
  return state === "pending" && job ? <Progress done={job.done} total={job.total} label="Images frozen" /> : <StateTag state={state} />;
}
