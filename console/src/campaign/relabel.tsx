// Replace labels of a whole campaign, after a look at what would change.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { useAction } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Table } from "../parts/table";

type Campaign = Schemas["Campaign"];
type Count = Schemas["RelabelCount"];

interface Pair {
  id: number;
  from: string;
  to: string;
}

export function RelabelForm({ campaign, reload }: { campaign: Campaign; reload: () => Promise<void> }) {
  const [pairs, setPairs] = useState<Pair[]>([{ id: 0, from: "", to: "" }]);
  const [preview, setPreview] = useState<Schemas["Relabeling"] | null>(null);
  const edit = (next: Pair[]) => {
    setPairs(next);
    // What was counted belongs to another mapping.
    setPreview(null);
  };
  const change = (id: number, changes: Partial<Pair>) => edit(pairs.map((pair) => (pair.id === id ? { ...pair, ...changes } : pair)));
  const count = useAction(async () => setPreview(await relabel(campaign, pairs, true)));
  const apply = useAction(async () => {
    const { object_count: objects } = await relabel(campaign, pairs, false);
    notify(`Relabeled. The images have ${formatCount(objects)} boxes.`);
    edit([{ id: 0, from: "", to: "" }]);
    await reload();
  });
  const submit = (event: Event) => {
    event.preventDefault();
    void count.run();
  };
  return (
    <section aria-labelledby="relabel-heading">
      <h2 id="relabel-heading">Replace labels</h2>
      <p class="quiet">All are replaced at the same time, so that two labels can be exchanged. History keeps the labels of before.</p>
      <form onSubmit={submit}>
        <datalist id="relabel-classes">
          {campaign.classes.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {pairs.map((pair, index) => (
          <p class="row" key={pair.id}>
            <input required list="relabel-classes" aria-label={`Label ${index + 1} to replace`} placeholder="label" value={pair.from} onInput={(event) => change(pair.id, { from: event.currentTarget.value })} />
            <span>becomes</span>
            <input required list="relabel-classes" aria-label={`New label ${index + 1}`} placeholder="new label" value={pair.to} onInput={(event) => change(pair.id, { to: event.currentTarget.value })} />
            {pairs.length > 1 && (
              <button type="button" class="plain" aria-label={`Remove row ${index + 1}`} onClick={() => edit(pairs.filter(({ id }) => id !== pair.id))}>
                ✕
              </button>
            )}
          </p>
        ))}
        <ProblemNote error={count.error ?? apply.error} />
        <p class="row">
          <button type="button" onClick={() => edit([...pairs, { id: Math.max(...pairs.map(({ id }) => id)) + 1, from: "", to: "" }])}>
            Another label
          </button>
          <button type="submit" disabled={count.isRunning}>
            Show what would change
          </button>
        </p>
      </form>
      {preview && <Preview preview={preview} isRunning={apply.isRunning} apply={() => void apply.run()} />}
    </section>
  );
}

function Preview({ preview, isRunning, apply }: { preview: Schemas["Relabeling"]; isRunning: boolean; apply: () => void }) {
  const columns = [
    { heading: "Label", isName: true, cell: ({ label }: Count) => <bdi>{label}</bdi> },
    { heading: "Becomes", cell: ({ new_label: label }: Count) => <bdi>{label}</bdi> },
    { heading: "Boxes", isNumber: true, cell: ({ objects }: Count) => formatCount(objects) },
    { heading: "Images", isNumber: true, cell: ({ images }: Count) => formatCount(images) },
  ];
  if (!preview.image_count) return <p role="status">Nothing would change: no box has such a label.</p>;
  return (
    <div role="status">
      <p>{formatCount(preview.image_count)} images get a new revision:</p>
      <Table caption="What would change" columns={columns} rows={preview.labels} rowKey={({ label }) => label} />
      <button type="button" class="primary" disabled={isRunning} onClick={apply}>
        Replace them
      </button>
    </div>
  );
}

function relabel(campaign: Campaign, pairs: Pair[], dryRun: boolean): Promise<Schemas["Relabeling"]> {
  const mapping = Object.fromEntries(pairs.map(({ from, to }) => [from.trim(), to.trim()]));
  const params = { path: { campaign_id: campaign.campaign_id } };
  return data(api.POST("/campaigns/{campaign_id}/relabel", { params, body: { mapping, dry_run: dryRun } }));
}
