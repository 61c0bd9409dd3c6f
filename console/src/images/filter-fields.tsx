// The fields of all filters of images. Each change goes to the address at once.
import { useId } from "preact/hooks";
import { api, data } from "../api";
import { Field } from "../parts/field";
import { useLoad } from "../parts/load";
import { TitlePicker } from "../parts/title-picker";
import { campaigns, imageSets, type Titled } from "../parts/titles";
import { FIELDS, type Filters, readValue, STATES, VERDICTS, withoutFilters } from "./filters";

interface FieldsProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

type FieldType = "text" | "number" | "date";

export function FilterFields({ filters, onChange }: FieldsProps) {
  const set = (name: keyof Filters, value: unknown) => {
    const isNothing = value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);
    onChange(isNothing ? withoutFilters(filters, name) : { ...filters, [name]: value });
  };
  const text = (name: keyof Filters, type: FieldType = "text", hint?: string) => (
    <TextFilter name={name} type={type} hint={hint} value={filters[name]} onChange={(value) => set(name, value)} />
  );
  // A title that is not whole yet leaves the filter as it is; an empty field takes it away.
  const pick = (name: "image_set" | "campaign") => (picked: Titled | null, typed: string) => {
    if (picked || !typed) set(name, picked?.id ?? null);
  };
  return (
    <div class="filter-fields">
      <fieldset>
        <legend>Origin</legend>
        <TitlePicker label="Image set" source={imageSets} value={filters.image_set ?? null} onPick={pick("image_set")} />
        {text("path", "text", "Part of the path; upper and lower case differ.")}
        {text("type")}
        {text("filetype", "text", "Such as JPEG; any: all images, none: other files.")}
      </fieldset>
      <fieldset>
        <legend>Labels</legend>
        <TitlePicker
          label="Campaign"
          hint={filters.campaign ? undefined : "The other filters of labels need a campaign."}
          source={campaigns}
          value={filters.campaign ?? null}
          onPick={pick("campaign")}
        />
        {filters.campaign !== undefined && <CampaignFilters filters={filters} set={set} />}
      </fieldset>
      <fieldset>
        <legend>Time (UTC)</legend>
        {text("taken_from", "text", "A day such as 2026-05-01, or a time with an offset.")}
        {text("taken_to")}
        {text("taken", "date")}
      </fieldset>
      <fieldset>
        <legend>Place</legend>
        {text("bbox", "text", "West, south, east, north in degrees. The map sets it by a box.")}
        {text("near", "text", "Latitude, longitude, and meters.")}
      </fieldset>
      <fieldset>
        <legend>Content</legend>
        {text("duplicate_of", "text", "Id of an image.")}
        {filters.duplicate_of !== undefined && text("distance", "number", "0 compares files; up to 6 finds copies of another size.")}
        {text("sha256")}
        <label class="check">
          <input type="checkbox" checked={filters.withdrawn ?? false} onChange={(event) => set("withdrawn", event.currentTarget.checked || undefined)} />
          Only withdrawn images
        </label>
      </fieldset>
      <MetadataFilters pairs={filters.metadata ?? {}} onChange={(pairs) => set("metadata", pairs)} />
    </div>
  );
}

function CampaignFilters({ filters, set }: { filters: Filters; set: (name: keyof Filters, value: unknown) => void }) {
  const listId = useId();
  const campaignId = filters.campaign ?? 0;
  const classes = useLoad(
    async () => (await data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: campaignId } } }))).classes,
    [campaignId],
  );
  const labeled = (event: { currentTarget: HTMLSelectElement }) => set("labeled", event.currentTarget.value ? event.currentTarget.value === "yes" : null);
  return (
    <>
      <Field label="Labeled">
        {(ids) => (
          <select {...ids} value={filters.labeled === undefined ? "" : filters.labeled ? "yes" : "no"} onChange={labeled}>
            <option value="">any</option>
            <option value="yes">yes</option>
            <option value="no">no</option>
          </select>
        )}
      </Field>
      <Choices legend="State" options={STATES} chosen={filters.state ?? []} onChange={(chosen) => set("state", chosen)} />
      <Choices legend="Review" options={VERDICTS} chosen={filters.review ?? []} onChange={(chosen) => set("review", chosen)} />
      <TextFilter name="label" type="text" listId={listId} value={filters.label} onChange={(value) => set("label", value)} />
      <datalist id={listId}>
        {classes.data?.slice(0, 500).map((found) => <option key={found.name} value={found.name} />)}
      </datalist>
      <TextFilter name="min_objects" type="number" value={filters.min_objects} onChange={(value) => set("min_objects", value)} />
      <TextFilter name="max_objects" type="number" value={filters.max_objects} onChange={(value) => set("max_objects", value)} />
    </>
  );
}

interface TextFilterProps {
  name: keyof Filters;
  type: FieldType;
  hint?: string | undefined;
  listId?: string;
  value: unknown;
  onChange: (value: unknown) => void;
}

function TextFilter({ name, type, hint, listId, value, onChange }: TextFilterProps) {
  const shown = value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value);
  const change = (event: { currentTarget: HTMLInputElement }) => {
    const field = event.currentTarget;
    const text = field.value.trim();
    const read = text ? readValue(FIELDS[name].kind, text) : null;
    field.setCustomValidity(read === undefined ? "This is no such value." : "");
    if (field.reportValidity()) onChange(read);
  };
  return (
    <Field label={FIELDS[name].words} {...(hint ? { hint } : {})}>
      {(ids) => <input {...ids} type={type} min={type === "number" ? 0 : undefined} list={listId} key={shown} defaultValue={shown} onChange={change} />}
    </Field>
  );
}

interface ChoicesProps {
  legend: string;
  options: readonly string[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

function Choices({ legend, options, chosen, onChange }: ChoicesProps) {
  return (
    <div class="choices" role="group" aria-label={legend}>
      <span>{legend}</span>
      {options.map((option) => (
        <label class="check" key={option}>
          <input
            type="checkbox"
            checked={chosen.includes(option)}
            onChange={() => onChange(options.filter((other) => (other === option) !== chosen.includes(other)))}
          />
          {option}
        </label>
      ))}
    </div>
  );
}

function MetadataFilters({ pairs, onChange }: { pairs: Record<string, string>; onChange: (pairs: Record<string, string> | null) => void }) {
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const sent = new FormData(form);
    onChange({ ...pairs, [String(sent.get("key")).trim()]: String(sent.get("value")).trim() });
    form.reset();
  };
  return (
    <fieldset>
      <legend>Metadata</legend>
      <form class="metadata-filter" onSubmit={add}>
        <Field label="Key">{(ids) => <input {...ids} name="key" required pattern="[^\]]+" />}</Field>
        <Field label="Value">{(ids) => <input {...ids} name="value" />}</Field>
        <button type="submit">Add</button>
      </form>
    </fieldset>
  );
}
