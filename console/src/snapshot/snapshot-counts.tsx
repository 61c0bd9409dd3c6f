// What is in a snapshot, by state, part and class.
import type { Schemas } from "../api";
import { formatCount } from "../parts/progress";
import { Table } from "../parts/table";

type Counts = Schemas["SnapshotCounts"];
type ClassCounts = Schemas["SnapshotClassCounts"];

/** Classes that are shown. */
const SHOWN = 100;

export function SnapshotCounts({ counts }: { counts: Counts }) {
  const more = counts.classes.length - SHOWN;
  return (
    <>
      <dl class="facts">
        <dt>Images</dt>
        <dd>
          {formatCount(counts.images)}
          {counts.images > 0 && `: ${words(counts.states)}`}
        </dd>
        <dt>Boxes</dt>
        <dd>{formatCount(counts.objects)}</dd>
        {Object.keys(counts.splits).length > 0 && <dt>Parts</dt>}
        {Object.keys(counts.splits).length > 0 && <dd>{words(counts.splits)}</dd>}
      </dl>
      {counts.classes.length > 0 && <Table caption="Classes of the snapshot" columns={COLUMNS} rows={counts.classes.slice(0, SHOWN)} rowKey={({ class_id: id }) => id} />}
      {more > 0 && <p class="quiet">and {formatCount(more)} more classes</p>}
    </>
  );
}

const ORDER = ["train", "val", "test", "labeled", "empty", "unusable", "unlabeled", "draft"];

function words(counts: Record<string, number>): string {
  return Object.entries(counts)
    .sort(([one], [other]) => ORDER.indexOf(one) - ORDER.indexOf(other))
    .map(([name, count]) => `${formatCount(count)} ${name}`)
    .join(", ");
}

const COLUMNS = [
  { heading: "No.", isNumber: true, cell: ({ class_id: id }: ClassCounts) => id },
  { heading: "Class", isName: true, cell: ({ name }: ClassCounts) => <bdi>{name}</bdi> },
  { heading: "Images", isNumber: true, cell: ({ images }: ClassCounts) => formatCount(images) },
  { heading: "Boxes", isNumber: true, cell: ({ objects }: ClassCounts) => formatCount(objects) },
];
