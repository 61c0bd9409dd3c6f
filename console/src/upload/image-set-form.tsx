// The properties of an image set: a new one, or one that is changed.
import { useMemo, useState } from "preact/hooks";
import { api, data, newIdempotencyKey, type Schemas } from "../api";
import { Field } from "../parts/field";
import { FormFooter } from "../parts/form-footer";
import { useAction } from "../parts/load";
import { formatMetadata, MetadataField, metadataPatch, parseMetadata } from "../parts/metadata";
import { ProblemNote } from "../parts/problem";

type ImageSet = Schemas["ImageSet"];

const TITLE_HINT = "Lowercase letters a to z, digits and single dashes, at most 53 characters.";

interface Props {
  set?: ImageSet;
  /** Gets the set as the service has it. */
  onDone: (set: ImageSet) => void;
  onCancel: () => void;
}

/** A form for a new set or, with `set`, for changes of it. */
export function ImageSetForm({ set, onDone, onCancel }: Props) {
  const [title, setTitle] = useState(set?.title ?? "");
  const [timezone, setTimezone] = useState(set?.timezone ?? "");
  const [duplicates, setDuplicates] = useState<ImageSet["duplicates"]>(set?.duplicates ?? "keep");
  const [metadata, setMetadata] = useState(formatMetadata(set?.metadata ?? null));
  // A request that is repeated after a lost answer does nothing twice.
  const key = useMemo(newIdempotencyKey, [title, timezone, duplicates, metadata]);
  const save = useAction(async () => {
    const body = { title: title.trim(), timezone: timezone.trim() || null, duplicates };
    return set ? change(set, body, parseMetadata(metadata)) : create(body, parseMetadata(metadata), key);
  }, onDone);
  const submit = (event: Event) => {
    event.preventDefault();
    void save.run();
  };
  return (
    <form onSubmit={submit}>
      <Field label="Title" hint={TITLE_HINT}>
        {(ids) => <input {...ids} autofocus required maxLength={128} autocomplete="off" value={title} onInput={(event) => setTitle(event.currentTarget.value)} />}
      </Field>
      <Field label="Time zone of the cameras (optional)" hint="For times in the files that have no offset. Without it they are read as UTC.">
        {(ids) => <input {...ids} list="time-zones" placeholder="Europe/Amsterdam" value={timezone} onInput={(event) => setTimezone(event.currentTarget.value)} />}
      </Field>
      <datalist id="time-zones">
        {Intl.supportedValuesOf("timeZone").map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Field label="Exact duplicates of other images" hint="Both ways the image is kept. Reported ones stand among the problems of the set.">
        {(ids) => (
          <select {...ids} value={duplicates} onChange={(event) => setDuplicates(event.currentTarget.value as ImageSet["duplicates"])}>
            <option value="keep">keep</option>
            <option value="flag">keep and report</option>
          </select>
        )}
      </Field>
      <MetadataField text={metadata} onText={setMetadata} />
      <ProblemNote error={save.error} />
      <FormFooter action={set ? "Save" : "Create"} isRunning={save.isRunning} onCancel={onCancel} />
    </form>
  );
}

type Properties = Pick<ImageSet, "title" | "timezone" | "duplicates">;

async function create(body: Properties, metadata: ImageSet["metadata"], key: string): Promise<ImageSet> {
  return data(api.POST("/image_sets", { params: { header: { "Idempotency-Key": key } }, body: { ...body, metadata } }));
}

/** Send what has changed alone, because a title cannot be sent any more after the first upload. */
async function change(set: ImageSet, body: Properties, metadata: ImageSet["metadata"]): Promise<ImageSet> {
  const changes: Schemas["ImageSetChange"] = {};
  if (body.title !== set.title) changes.title = body.title;
  if (body.timezone !== set.timezone) changes.timezone = body.timezone;
  if (body.duplicates !== set.duplicates) changes.duplicates = body.duplicates;
  const patch = metadataPatch(set.metadata, metadata);
  if (patch !== undefined) changes.metadata = patch;
  if (!Object.keys(changes).length) return set;
  return data(api.PATCH("/image_sets/{imageset_id}", { params: { path: { imageset_id: set.imageset_id } }, body: changes }));
}
