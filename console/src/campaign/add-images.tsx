// Add images to a campaign: those of an image set, of another campaign, or of a kept query.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { Field } from "../parts/field";
import { useAction, useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { TitlePicker } from "../parts/title-picker";
import { imageSets, peoplesCampaigns, type Titled } from "../parts/titles";
import { Link } from "../router";

type Source = "image-set" | "people" | "query";
type State = Schemas["ImageState"];

const STATES: State[] = ["unlabeled", "labeled", "empty", "unusable"];

export function AddImages({ campaign, reload }: { campaign: Schemas["Campaign"]; reload: () => Promise<void> }) {
  const [source, setSource] = useState<Source>("image-set");
  const [picked, setPicked] = useState<Titled | null>(null);
  const [state, setState] = useState<State | "">("");
  const [query, setQuery] = useState("");
  const [result, setResult] = useState("");
  const selection = selectionOf(source, picked, state, query);
  const add = useAction(async () => {
    if (!selection) return;
    setResult("");
    const params = { path: { campaign_id: campaign.campaign_id }, header: { Prefer: "return=representation" as const } };
    const answer = await data(api.POST("/campaigns/{campaign_id}/images", { params, body: [selection] }));
    if (typeof answer === "object") setResult(wordsOf(answer as Schemas["CampaignWithAddition"]));
    await reload();
  });
  const submit = (event: Event) => {
    event.preventDefault();
    void add.run();
  };
  const choose = (event: Event) => {
    setSource((event.currentTarget as HTMLSelectElement).value as Source);
    setPicked(null);
  };
  return (
    <section aria-labelledby="add-heading">
      <h2 id="add-heading">Add images</h2>
      <form onSubmit={submit}>
        <Field label="Images of">
          {(ids) => (
            <select {...ids} value={source} onChange={choose}>
              <option value="image-set">an image set</option>
              <option value="people">another campaign</option>
              <option value="query">a kept query</option>
            </select>
          )}
        </Field>
        {source === "query" ? (
          <QueryField value={query} onValue={setQuery} />
        ) : (
          <TitlePicker
            key={source}
            label={source === "image-set" ? "Image set" : "Campaign"}
            source={source === "image-set" ? imageSets : peoplesCampaigns}
            value={picked?.id ?? null}
            onPick={setPicked}
          />
        )}
        {source === "people" && (
          <Field label="Only with the state">
            {(ids) => (
              <select {...ids} value={state} onChange={(event) => setState(event.currentTarget.value as State | "")}>
                <option value="">any</option>
                {STATES.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
        <p class="quiet">
          Images that are in the campaign already stay as they are. To choose single images, mark them on the page <Link to="/images">Images</Link>.
        </p>
        <ProblemNote error={add.error} />
        <p class="row">
          <button type="submit" class="primary" disabled={!selection || add.isRunning}>
            Add
          </button>
          <span role="status">{result}</span>
        </p>
      </form>
    </section>
  );
}

function QueryField({ value, onValue }: { value: string; onValue: (name: string) => void }) {
  const queries = useLoad(() => data(api.GET("/queries", { params: { query: { per_page: 1000 } } })), []);
  return (
    <Field label="Kept query" hint={queries.data?.queries.length === 0 ? "There are none. Keep filters as a query on the page Images." : "It finds images as they are now."}>
      {(ids) => (
        <select {...ids} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          <option value="">choose one</option>
          {queries.data?.queries.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function selectionOf(source: Source, picked: Titled | null, state: State | "", query: string): Schemas["ImageSelection"] | null {
  if (source === "query") return query ? ({ query_name: query } as Schemas["ImageSelection"]) : null;
  if (!picked) return null;
  if (source === "image-set") return { image_set: picked.id } as Schemas["ImageSelection"];
  return { campaign: picked.id, ...(state && { state }) } as Schemas["ImageSelection"];
}

function wordsOf({ added, skipped, flagged }: Schemas["CampaignWithAddition"]): string {
  const words = [`${formatCount(added)} added.`];
  if (skipped) words.push(`${formatCount(skipped)} left out, because they are not images or have no known size.`);
  if (flagged) words.push(`${formatCount(flagged)} of the added ones have an open problem.`);
  return words.join(" ");
}
