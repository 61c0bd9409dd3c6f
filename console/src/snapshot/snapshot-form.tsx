// A new snapshot: what is in it, how it is split, and what it would be before it is made.
import { useEffect, useMemo, useState } from "preact/hooks";
import { api, data, newIdempotencyKey, type Schemas } from "../api";
import { Field } from "../parts/field";
import { FormFooter } from "../parts/form-footer";
import { useAction } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { campaigns as anyCampaign, type Titled } from "../parts/titles";
import { PickedList } from "./picked-list";
import { SnapshotCounts } from "./snapshot-counts";
import { NO_SPLIT, SplitFields, type SplitText, splitOf } from "./split-fields";

type NewSnapshot = Schemas["NewSnapshot"];
type Preview = Schemas["SnapshotPreview"];
type State = Schemas["SnapshotImageState"];
type Review = NonNullable<NewSnapshot["review"]>;

const STATES: [State, string][] = [
  ["labeled", "labeled: with boxes"],
  ["empty", "empty: nothing on it"],
  ["unusable", "unusable"],
  ["unlabeled", "unlabeled"],
  ["draft", "draft: unlabeled, but somebody has begun"],
];
const EVERYWHERE: State[] = ["labeled", "empty"];

const EMPTY = { name: "", review: "not_rejected" as Review, labels: "first" as "first" | "all", classes: "", asOf: "", skipProblems: false };

interface Props {
  /** The campaign that is picked at first. */
  campaignId: number | null;
  /** Which images may be in it; all without it. */
  query?: NewSnapshot["query"];
  onDone: (snapshot: Schemas["Snapshot"]) => void;
  onCancel: () => void;
}

export function SnapshotForm({ campaignId, query, onDone, onCancel }: Props) {
  const [typed, setTyped] = useState(EMPTY);
  const [campaigns, setCampaigns] = useState<Titled[]>([]);
  const [imageSets, setImageSets] = useState<Titled[]>([]);
  const [states, setStates] = useState<State[]>(EVERYWHERE);
  const [split, setSplit] = useState<SplitText>(NO_SPLIT);
  const [counted, setCounted] = useState<{ of: string; preview: Preview } | null>(null);
  const [fault, setFault] = useState<Error | null>(null);
  useEffect(() => {
    if (campaignId !== null) void anyCampaign.titleOf(campaignId).then((title) => setCampaigns([{ id: campaignId, title }]), setFault);
  }, [campaignId]);
  const body = { ...bodyOf(typed, campaigns, imageSets, states, split), ...(query ? { query } : {}) };
  const written = JSON.stringify(body);
  // What was counted belongs to other choices once one of them changes, also while it is counted.
  const preview = counted?.of === written ? counted.preview : null;
  const key = useMemo(newIdempotencyKey, [written]);
  const count = useAction(async () => setCounted({ of: written, preview: (await send({ ...body, dry_run: true })) as Preview }));
  const make = useAction(async () => (await send(body, key)) as Schemas["Snapshot"], onDone);
  const set = (name: keyof typeof EMPTY) => (event: Event) => setTyped({ ...typed, [name]: (event.currentTarget as HTMLInputElement).value });
  const submit = (event: Event) => {
    event.preventDefault();
    void (preview ? make : count).run();
  };
  return (
    <form onSubmit={submit}>
      <Field label="Name of the dataset" hint="Lowercase letters, digits and single dashes. A name that exists gets its next version.">
        {(ids) => <input {...ids} autofocus required maxLength={53} autocomplete="off" value={typed.name} onInput={set("name")} />}
      </Field>
      <PickedList label="Campaigns, the most trusted first" kind="people" picked={campaigns} onPicked={setCampaigns} />
      {campaigns.length > 1 && (
        <Field label="When an image is in several of them">
          {(ids) => (
            <select {...ids} value={typed.labels} onChange={set("labels")}>
              <option value="first">take the labels of the first that has looked at it</option>
              <option value="all">take the labels of all</option>
            </select>
          )}
        </Field>
      )}
      <StateFields states={states} onStates={setStates} />
      <Field label="Reviews">
        {(ids) => (
          <select {...ids} value={typed.review} onChange={set("review")}>
            <option value="not_rejected">not rejected</option>
            <option value="accepted">accepted only</option>
            <option value="any">any</option>
          </select>
        )}
      </Field>
      <SplitFields split={split} onSplit={setSplit} />
      <details>
        <summary>More filters</summary>
        <Field label="Only these classes, by commas" hint="Images whose boxes are all of other classes are left out.">
          {(ids) => <input {...ids} value={typed.classes} onInput={set("classes")} />}
        </Field>
        <Field label="As of" hint="A day, a time such as 2026-11-23T10:00:00Z, or the number of a submission. Without it: now.">
          {(ids) => <input {...ids} maxLength={40} value={typed.asOf} onInput={set("asOf")} />}
        </Field>
        <PickedList label="Only images of these image sets" kind="image-set" picked={imageSets} onPicked={setImageSets} />
        <label class="check">
          <input type="checkbox" checked={typed.skipProblems} onChange={(event) => setTyped({ ...typed, skipProblems: event.currentTarget.checked })} />
          Leave out images whose file cannot be read, instead of failing
        </label>
      </details>
      <ProblemNote error={count.error ?? make.error ?? fault} />
      {preview && <PreviewWords preview={preview} />}
      <FormFooter
        action={preview ? "Make the snapshot" : "Show what it would be"}
        isRunning={count.isRunning || make.isRunning}
        isIncomplete={!campaigns.length || !states.length}
        onCancel={onCancel}
      />
    </form>
  );
}

function StateFields({ states, onStates }: { states: State[]; onStates: (states: State[]) => void }) {
  const toggle = (state: State) => onStates(states.includes(state) ? states.filter((other) => other !== state) : [...states, state]);
  return (
    <fieldset>
      <legend>Images that are</legend>
      {STATES.map(([state, words]) => (
        <label class="check" key={state}>
          <input type="checkbox" checked={states.includes(state)} onChange={() => toggle(state)} />
          {words}
        </label>
      ))}
      <p class="quiet">Only CSV, Parquet, Label Studio and Datumaro can carry other states than labeled and empty.</p>
    </fieldset>
  );
}

function PreviewWords({ preview }: { preview: Preview }) {
  return (
    <section class="card" aria-label="What the snapshot would be" role="status">
      <h3>
        {preview.name} version {preview.version}
      </h3>
      <p>
        <bdi>{preview.summary}</bdi>
      </p>
      <SnapshotCounts counts={preview.counts} />
      {preview.warnings.map((warning) => (
        <p class="note" key={warning}>
          {warning}
        </p>
      ))}
    </section>
  );
}

function bodyOf(typed: typeof EMPTY, campaigns: Titled[], imageSets: Titled[], states: State[], split: SplitText): NewSnapshot {
  const { name, review, labels, skipProblems } = typed;
  const body: NewSnapshot = { name: name.trim(), campaigns: campaigns.map(({ id }) => id), states, review, labels, skip_problems: skipProblems, dry_run: false };
  const classes = typed.classes.split(",").map((name) => name.trim()).filter(Boolean);
  if (classes.length) body.classes = classes;
  if (imageSets.length) body.image_sets = imageSets.map(({ id }) => id);
  if (typed.asOf.trim()) body.as_of = typed.asOf.trim();
  const chosen = splitOf(split);
  if (chosen) body.split = chosen;
  return body;
}

async function send(body: NewSnapshot, key?: string): Promise<Schemas["Snapshot"] | Preview> {
  const header = key ? { "Idempotency-Key": key } : {};
  return data(api.POST("/snapshots", { params: { header }, body }));
}
