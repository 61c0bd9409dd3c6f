// How a snapshot differs from another version of its name.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { Field } from "../parts/field";
import { useLoad } from "../parts/load";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Table } from "../parts/table";
import { Link, setQuery } from "../router";

type Snapshot = Schemas["Snapshot"];
type Difference = Schemas["SnapshotDifference"];

const PER_PAGE = 25;

/** Choose another version, and see what differs. `from` is its id, from the address. */
export function Differences({ snapshot, from }: { snapshot: Snapshot; from: number | null }) {
  const query = { name: snapshot.name, kind: snapshot.kind, state: "ready" as const, per_page: 1000 };
  const versions = useLoad(() => data(api.GET("/snapshots", { params: { query } })), [snapshot.name, snapshot.kind]);
  const others = versions.data?.snapshots.filter(({ snapshot_id: id }) => id !== snapshot.snapshot_id) ?? [];
  if (versions.data && !others.length) return null;
  return (
    <section aria-labelledby="differences-heading">
      <h2 id="differences-heading">Differences</h2>
      <ProblemNote error={versions.error} retry={versions.reload} />
      <Field label="Compare with">
        {(ids) => (
          <select {...ids} value={from ?? ""} onChange={(event) => setQuery({ from: event.currentTarget.value })}>
            <option value="">choose a version</option>
            {others.map((other) => (
              <option key={other.snapshot_id} value={other.snapshot_id}>
                version {other.version}
              </option>
            ))}
          </select>
        )}
      </Field>
      {from !== null && <DifferenceList key={from} snapshot={snapshot} from={from} />}
    </section>
  );
}

function DifferenceList({ snapshot, from }: { snapshot: Snapshot; from: number }) {
  const [page, setPage] = useState(1);
  const path = { snapshot_id: snapshot.snapshot_id };
  const list = useLoad(() => data(api.GET("/snapshots/{snapshot_id}/diff", { params: { path, query: { from, page, per_page: PER_PAGE } } })), [from, page]);
  if (!list.data) return <ProblemNote error={list.error} retry={list.reload} />;
  const { counts } = list.data;
  if (!counts.images) return <p>Nothing differs.</p>;
  return (
    <>
      <p>
        {formatCount(counts.images)} images differ: {formatCount(counts.joined)} only here, {formatCount(counts.left)} only there,{" "}
        {formatCount(counts.states)} with another state, {formatCount(counts.splits)} in another part. Boxes: {formatCount(counts.added)} added,{" "}
        {formatCount(counts.removed)} removed, {formatCount(counts.moved)} moved, {formatCount(counts.relabeled)} with another class,{" "}
        {formatCount(counts.changed)} with another confidence.
      </p>
      <Table caption="Images that differ" columns={COLUMNS} rows={list.data.images} rowKey={({ image_id: id }) => id} />
      <Pager pagination={list.data.pagination} onPage={setPage} />
    </>
  );
}

const COLUMNS = [
  { heading: "Image", isName: true, cell: ({ image_id: id }: Difference) => <Link to={`/images/${id}`}>{id}</Link> },
  { heading: "Is in", cell: ({ membership }: Difference) => (membership === null ? "both" : membership === "joined" ? "only this one" : "only the other") },
  { heading: "State", cell: ({ state }: Difference) => changeOf(state) },
  { heading: "Part", cell: ({ split }: Difference) => changeOf(split) },
  { heading: "Added", isNumber: true, cell: ({ added }: Difference) => added.length || "" },
  { heading: "Removed", isNumber: true, cell: ({ removed }: Difference) => removed.length || "" },
  { heading: "Moved", isNumber: true, cell: ({ moved }: Difference) => moved.length || "" },
  { heading: "Other class", isNumber: true, cell: ({ relabeled }: Difference) => relabeled.length || "" },
  { heading: "Other confidence", isNumber: true, cell: ({ changed }: Difference) => changed.length || "" },
];

function changeOf(pair: (string | null)[]): string {
  const [before, after] = pair.map((value) => value ?? "–");
  return before === after ? "" : `${before} → ${after}`;
}
