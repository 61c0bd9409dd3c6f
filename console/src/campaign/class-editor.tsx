// The classes of a campaign: names, colors, keys, other labels and what belongs to each; and the instructions.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { colorAt, contrastWithBlack } from "../label/colors";
import { Instructions } from "../label/instructions";
import { Field } from "../parts/field";
import { useAction } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Table } from "../parts/table";
import { Tag } from "../parts/tags";
import { type ClassRow, classesOf, moved, newRow, rebase, rowsOf } from "./class-list";

type Campaign = Schemas["Campaign"];

/** Below this contrast against black, a color is lost on some photos; the labeling page then makes it lighter. */
const LEAST_CONTRAST = 9;
/** Rows that are shown at once; the filter finds the others. */
const SHOWN = 100;

/** Edit the classes. `onSaved` gets the campaign as the service has it. */
export function ClassEditor({ campaign, onSaved }: { campaign: Campaign; onSaved: (campaign: Campaign) => void }) {
  const [before, setBefore] = useState(campaign.classes);
  const [rows, setRows] = useState(() => rowsOf(campaign.classes));
  const [strict, setStrict] = useState(campaign.strict);
  const [instructions, setInstructions] = useState(campaign.instructions ?? "");
  const [filter, setFilter] = useState("");
  const take = (saved: Campaign) => {
    setBefore(saved.classes);
    setRows(rowsOf(saved.classes));
    onSaved(saved);
  };
  const save = useAction(async () => {
    take(await store(campaign.campaign_id, { rows, before, strict, instructions: instructions.trim() || null }));
    notify("The classes are saved.");
  });
  const reload = useAction(async () => take(await fetchCampaign(campaign.campaign_id)));
  const change = (id: number, changes: Partial<ClassRow>) => setRows(rows.map((row) => (row.id === id ? { ...row, ...changes } : row)));
  const found = rows.filter((row) => `${row.name},${row.aliases}`.toLowerCase().includes(filter.toLowerCase()));
  const submit = (event: Event) => {
    event.preventDefault();
    void save.run();
  };
  return (
    <form class="class-editor" onSubmit={submit}>
      <h2>Classes</h2>
      <p class="quiet">
        Formats number the classes in this order. A class that objects have keeps its name and its place: retire it when it is no longer wanted, or
        replace it under “History and relabel”. Digits are the best keys, because letters are commands of the labeling page.
      </p>
      {rows.length > 20 && (
        <label>
          Find a class <input type="search" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        </label>
      )}
      {found.length > 0 && <Rows rows={found.slice(0, SHOWN)} all={rows} change={change} setRows={setRows} />}
      {found.length > SHOWN && <p class="quiet">and {formatCount(found.length - SHOWN)} more; find them by name.</p>}
      <p>
        <button type="button" onClick={() => setRows([...rows, newRow(rows.length, rows)])}>
          Add a class
        </button>
      </p>
      <label class="check">
        <input type="checkbox" checked={strict} onChange={(event) => setStrict(event.currentTarget.checked)} />
        Refuse labels that belong to no class
      </label>
      <h2>Instructions</h2>
      <Field label="Instructions for labelers" hint="Markdown: paragraphs, lists, emphasis, code and links.">
        {(ids) => <textarea {...ids} rows={8} maxLength={20000} value={instructions} onInput={(event) => setInstructions(event.currentTarget.value)} />}
      </Field>
      {instructions.trim() && (
        <section class="card" aria-label="As labelers see them">
          <h3>As labelers see them</h3>
          <Instructions text={instructions} />
        </section>
      )}
      <ProblemNote error={save.error ?? reload.error} />
      <footer class="row">
        <button type="submit" class="primary" disabled={save.isRunning}>
          Save the classes
        </button>
        {save.error && (
          <button type="button" onClick={() => void reload.run()}>
            Load them again, without my changes
          </button>
        )}
      </footer>
    </form>
  );
}

interface RowsProps {
  rows: ClassRow[];
  all: ClassRow[];
  change: (id: number, changes: Partial<ClassRow>) => void;
  setRows: (rows: ClassRow[]) => void;
}

function Rows({ rows, all, change, setRows }: RowsProps) {
  const place = (row: ClassRow) => all.indexOf(row);
  const nameOf = (row: ClassRow) => row.name || `class ${place(row) + 1}`;
  const text = (row: ClassRow, field: "name" | "aliases" | "description", label: string, maxLength: number) => (
    <input
      class={`class-${field}`}
      aria-label={`${label} of ${nameOf(row)}`}
      dir="auto"
      maxLength={maxLength}
      value={row[field]}
      onInput={(event) => change(row.id, { [field]: event.currentTarget.value })}
    />
  );
  const columns = [
    { heading: "No.", isNumber: true, cell: (row: ClassRow) => place(row) + 1 },
    { heading: "Name", cell: (row: ClassRow) => text(row, "name", "Name", 512) },
    { heading: "Color", cell: (row: ClassRow) => <Color row={row} place={place(row)} name={nameOf(row)} change={change} /> },
    { heading: "Key", cell: (row: ClassRow) => <Key row={row} name={nameOf(row)} change={change} /> },
    { heading: "Other labels, by commas", cell: (row: ClassRow) => text(row, "aliases", "Other labels", 10_000) },
    { heading: "What belongs to it", cell: (row: ClassRow) => text(row, "description", "Description", 1000) },
    { heading: "Retired", cell: (row: ClassRow) => <Retired row={row} name={nameOf(row)} change={change} /> },
    { heading: "Place", cell: (row: ClassRow) => <Place row={row} name={nameOf(row)} all={all} setRows={setRows} /> },
  ];
  return <Table caption="Classes" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}

type CellProps = Pick<RowsProps, "change"> & { row: ClassRow; name: string };

function Color({ row, place, name, change }: CellProps & { place: number }) {
  const isDark = row.color !== null && contrastWithBlack(row.color) < LEAST_CONTRAST;
  return (
    <span class="row">
      <input
        type="color"
        aria-label={`Color of ${name}`}
        value={row.color ?? colorAt(place)}
        onInput={(event) => change(row.id, { color: event.currentTarget.value })}
      />
      {row.color === null ? <span class="quiet">automatic</span> : null}
      {row.color !== null && (
        <button type="button" class="plain" aria-label={`Automatic color for ${name}`} onClick={() => change(row.id, { color: null })}>
          automatic
        </button>
      )}
      {isDark && <Tag kind="bad">dark: shown lighter</Tag>}
    </span>
  );
}

function Key({ row, name, change }: CellProps) {
  return (
    <input
      class="class-key"
      aria-label={`Key of ${name}`}
      maxLength={1}
      pattern="[!-~]"
      title="One visible character"
      value={row.key}
      onInput={(event) => change(row.id, { key: event.currentTarget.value.trim() })}
    />
  );
}

function Retired({ row, name, change }: CellProps) {
  const toggle = (event: Event) => change(row.id, { retired: (event.currentTarget as HTMLInputElement).checked });
  return <input type="checkbox" aria-label={`${name} is retired`} checked={row.retired} onChange={toggle} />;
}

function Place({ row, name, all, setRows }: Pick<RowsProps, "all" | "setRows"> & { row: ClassRow; name: string }) {
  const place = all.indexOf(row);
  return (
    <span class="row">
      <button type="button" class="plain" aria-label={`${name} up`} disabled={place === 0} onClick={() => setRows(moved(all, row.id, -1))}>
        ↑
      </button>
      <button type="button" class="plain" aria-label={`${name} down`} disabled={place === all.length - 1} onClick={() => setRows(moved(all, row.id, 1))}>
        ↓
      </button>
      <button type="button" class="plain" aria-label={`Remove ${name}`} onClick={() => setRows(all.filter((other) => other.id !== row.id))}>
        ✕
      </button>
    </span>
  );
}

interface Edit {
  rows: ClassRow[];
  before: Campaign["classes"];
  strict: boolean;
  instructions: string | null;
}

/** Save the classes, unless somebody else has changed them since they were read. Throws Error in words, Problem, Unreachable. */
async function store(campaignId: number, { rows, before, strict, instructions }: Edit): Promise<Campaign> {
  const now = await fetchCampaign(campaignId);
  const rebased = rebase(rows, before, now.classes);
  if (!rebased) throw new Error("Somebody else has changed the classes since you opened this page. Nothing was saved.");
  const path = { campaign_id: campaignId };
  return data(api.PATCH("/campaigns/{campaign_id}", { params: { path }, body: { classes: classesOf(rebased), strict, instructions } }));
}

function fetchCampaign(campaignId: number): Promise<Campaign> {
  return data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: campaignId } } }));
}
