// The classes of a campaign and the instructions, for those who may not change them.
import type { Schemas } from "../api";
import { colorAt } from "../label/colors";
import { Instructions } from "../label/instructions";
import { Empty } from "../parts/empty";
import { Table } from "../parts/table";
import { Tag } from "../parts/tags";

type Row = Schemas["CampaignClass"] & { place: number };

export function ClassTable({ campaign }: { campaign: Schemas["Campaign"] }) {
  const rows = campaign.classes.map((one, place) => ({ ...one, place }));
  return (
    <>
      <h2>Classes</h2>
      <p>{campaign.strict ? "Labels that belong to no class are refused." : "Labels that belong to no class become classes."}</p>
      {rows.length ? (
        <Table caption="Classes" columns={COLUMNS} rows={rows} rowKey={({ name }) => name} />
      ) : (
        <Empty title="There are no classes yet">
          <p>They come with the first objects.</p>
        </Empty>
      )}
      <h2>Instructions</h2>
      {campaign.instructions ? <Instructions text={campaign.instructions} /> : <p class="quiet">There are none.</p>}
    </>
  );
}

const COLUMNS = [
  { heading: "No.", isNumber: true, cell: ({ place }: Row) => place + 1 },
  { heading: "Name", isName: true, cell: ({ name, retired }: Row) => <Name name={name} retired={retired} /> },
  { heading: "Color", cell: ({ color, place }: Row) => <Swatch color={color ?? colorAt(place)} /> },
  { heading: "Key", cell: ({ key }: Row) => (key ? <kbd>{key}</kbd> : "–") },
  { heading: "Other labels", cell: ({ aliases }: Row) => <bdi>{aliases.join(", ") || "–"}</bdi> },
  { heading: "What belongs to it", cell: ({ description }: Row) => <bdi>{description ?? ""}</bdi> },
];

function Name({ name, retired }: { name: string; retired: boolean }) {
  return (
    <>
      <bdi>{name}</bdi> {retired && <Tag kind="quiet">retired</Tag>}
    </>
  );
}

function Swatch({ color }: { color: string }) {
  return <span class="swatch" style={{ background: color }} title={color} />;
}
