// What image-admins do with one image: change what is said of it, and withdraw it for good.
import { useRef, useState } from "preact/hooks";
import { api, data, newIdempotencyKey, type Schemas } from "../api";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { FormFooter } from "../parts/form-footer";
import { useAction } from "../parts/load";
import { formatMetadata, MetadataField, metadataPatch, parseMetadata } from "../parts/metadata";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";

type Details = Schemas["ImageDetails"];
type Change = Schemas["ImageChange"];

interface EditProps {
  image: Details;
  isOpen: boolean;
  onClose: () => void;
  onChanged: (image: Details) => void;
}

/** Return what differs between the image and the form, as a merge patch. Throws Error in words. */
function changeOf(image: Details, sent: FormData, metadata: string): Change {
  const text = (name: string) => String(sent.get(name) ?? "").trim() || null;
  const number = (name: string) => (text(name) === null ? null : Number(text(name)));
  const change: Change = {};
  if (text("type") !== image.type) change.type = text("type");
  if (text("tss_id") !== image.tss_id) change.tss_id = text("tss_id");
  if (text("date_taken") !== image.date_taken) change.date_taken = text("date_taken");
  const place = image.location_taken;
  const location: NonNullable<Change["location_taken"]> = {};
  if (text("description") !== place.description) location.description = text("description");
  if (number("lat") !== place.lat) location.lat = number("lat");
  if (number("lon") !== place.lon) location.lon = number("lon");
  if (Object.keys(location).length) change.location_taken = location;
  const patch = metadataPatch(image.metadata, parseMetadata(metadata));
  if (patch !== undefined) change.metadata = patch as NonNullable<Change["metadata"]>;
  return change;
}

export function EditImage({ image, isOpen, onClose, onChanged }: EditProps) {
  const [metadata, setMetadata] = useState(formatMetadata(image.metadata));
  const save = useAction(async (sent: FormData) => {
    const body = changeOf(image, sent, metadata);
    if (Object.keys(body).length) {
      onChanged(await data(api.PATCH("/images/{image_id}", { params: { path: { image_id: image.image_id } }, body })));
      notify("The image is changed.");
    }
  }, onClose);
  const place = image.location_taken;
  const input = (name: string, label: string, value: string | null, hint?: string) => (
    <Field label={label} {...(hint ? { hint } : {})}>
      {(ids) => <input {...ids} name={name} defaultValue={value ?? ""} />}
    </Field>
  );
  const degrees = (name: string, label: string, value: number | null) => (
    <Field label={label}>{(ids) => <input {...ids} name={name} type="number" step="any" defaultValue={value === null ? "" : String(value)} />}</Field>
  );
  return (
    <Dialog title="Change what is known of the image" isOpen={isOpen} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save.run(new FormData(event.currentTarget as HTMLFormElement));
        }}
      >
        {input("type", "Type", image.type)}
        {input("date_taken", "Taken", image.date_taken, "A time with its offset from UTC, such as 2026-05-04T08:00:00Z.")}
        {degrees("lat", "Latitude", place.lat)}
        {degrees("lon", "Longitude", place.lon)}
        {input("description", "Place in words", place.description)}
        {input("tss_id", "Time-series id", image.tss_id)}
        <MetadataField text={metadata} onText={setMetadata} />
        <p class="quiet">Files, labels and what was published stay as they are. The audit records the change.</p>
        <ProblemNote error={save.error} />
        <FormFooter action="Save" isRunning={save.isRunning} onCancel={onClose} />
      </form>
    </Dialog>
  );
}

export function WithdrawImage({ image, isOpen, onClose, onChanged }: EditProps) {
  const key = useRef({ of: "", value: "" });
  const withdraw = useAction(async (reason: string) => {
    // Another reason is another request. The same one may have arrived although its answer was lost.
    if (key.current.of !== reason) key.current = { of: reason, value: newIdempotencyKey() };
    const params = { path: { image_id: image.image_id }, header: { "Idempotency-Key": key.current.value } };
    onChanged(await data(api.POST("/images/{image_id}/withdraw", { params, body: { reason } })));
    notify("The image is withdrawn.");
  }, onClose);
  return (
    <Dialog title="Withdraw the image for good" isOpen={isOpen} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void withdraw.run(String(new FormData(event.currentTarget as HTMLFormElement).get("reason")).trim());
        }}
      >
        <p>
          The file and its previews are deleted. The image leaves all campaigns that are not finished, and later datasets do not have it. Its labels and
          its history stay. This cannot be undone.
        </p>
        <Field label="Reason" hint="Such as: a person can be recognized.">
          {(ids) => <textarea {...ids} name="reason" rows={3} required maxLength={500} />}
        </Field>
        <ProblemNote error={withdraw.error} />
        <FormFooter action="Withdraw" isDangerous isRunning={withdraw.isRunning} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
