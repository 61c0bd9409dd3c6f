// From filters to something with a name: a kept query, or a snapshot.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, data, newIdempotencyKey, type Schemas } from "../api";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { useAction } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Problem } from "../problem";
import { navigate } from "../router";
import type { ImageQuery } from "./filters";
import { campaignsOf, Pick } from "./pick";

interface KeepProps {
  isOpen: boolean;
  onClose: () => void;
  query: ImageQuery;
}

const NAME_HINT = "Lowercase letters, digits and single dashes, at most 53 characters.";
const NAME_PATTERN = "[a-z0-9]+(-[a-z0-9]+)*";

/** Return the kept query of a name, or null. */
async function findQuery(name: string): Promise<Schemas["KeptQuery"] | null> {
  try {
    return await data(api.GET("/queries/{name}", { params: { path: { name } } }));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export function KeepQuery({ isOpen, onClose, query }: KeepProps) {
  // The name of a query that is there, which would be replaced.
  const [taken, setTaken] = useState("");
  const keep = useAction(async (name: string) => {
    if (taken !== name && (await findQuery(name))) {
      setTaken(name);
      return;
    }
    await data(api.PUT("/queries/{name}", { params: { path: { name } }, body: { query } }));
    notify(`The query ${name} is kept.`);
    close();
  });
  const close = () => {
    setTaken("");
    keep.clear();
    onClose();
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void keep.run(String(new FormData(event.currentTarget as HTMLFormElement).get("name")).trim());
  };
  return (
    <Dialog title="Keep these filters as a query" isOpen={isOpen} onClose={close}>
      <form onSubmit={submit}>
        <p>A query finds the images that fit the filters at the time when it is used.</p>
        <Field label="Name" hint={NAME_HINT}>
          {(ids) => <input {...ids} name="name" required maxLength={53} pattern={NAME_PATTERN} autocomplete="off" onInput={() => setTaken("")} />}
        </Field>
        {taken && (
          <p class="note" role="alert">
            There is a query with the name {taken}. Replace its filters?
          </p>
        )}
        <ProblemNote error={keep.error} />
        <footer>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class={taken ? "danger" : "primary"} disabled={keep.isRunning}>
            {taken ? "Replace" : "Keep"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

const allCampaigns = campaignsOf("people");

interface SnapshotProps extends KeepProps {
  /** The campaign of the filters, whose labels are most likely wanted. */
  campaignId: number | null;
}

export function MakeSnapshot({ isOpen, onClose, query, campaignId }: SnapshotProps) {
  const [campaign, setCampaign] = useState(campaignId);
  const [name, setName] = useState("");
  const [preview, setPreview] = useState<Schemas["SnapshotPreview"] | null>(null);
  const key = useRef("");
  useEffect(() => setCampaign(campaignId), [campaignId]);
  const change = () => {
    setPreview(null);
    key.current = "";
  };
  const make = useAction(async (isTrial: boolean) => {
    if (campaign === null) return;
    const body = { name, campaigns: [campaign], query, dry_run: isTrial };
    if (!isTrial && !key.current) key.current = newIdempotencyKey();
    const params = isTrial ? {} : { header: { "Idempotency-Key": key.current } };
    const made = await data<unknown>(api.POST("/snapshots", { params, body: body as Schemas["NewSnapshot"] }));
    if (isTrial) setPreview(made as Schemas["SnapshotPreview"]);
    else navigate(`/snapshots/${(made as Schemas["Snapshot"]).snapshot_id}`);
  });
  const close = () => {
    change();
    make.clear();
    onClose();
  };
  return (
    <Dialog title="Make a snapshot of the images that fit the filters" isOpen={isOpen} onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make.run(preview === null);
        }}
      >
        <p>A snapshot freezes these images and the labels that they have in a campaign, as the next version of its name.</p>
        <Field label="Name" hint={NAME_HINT}>
          {(ids) => (
            <input
              {...ids}
              value={name}
              required
              maxLength={53}
              pattern={NAME_PATTERN}
              autocomplete="off"
              onInput={(event) => {
                setName(event.currentTarget.value.trim());
                change();
              }}
            />
          )}
        </Field>
        <Pick
          label="Campaign"
          hint="Only images with labels in this campaign are in the snapshot."
          source={allCampaigns}
          value={campaign}
          onPick={(id) => {
            setCampaign(id);
            change();
          }}
          isRequired
        />
        {preview && <PreviewNote preview={preview} />}
        <ProblemNote error={make.error} />
        <footer>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={make.isRunning || campaign === null}>
            {preview ? "Make the snapshot" : "Count"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function PreviewNote({ preview }: { preview: Schemas["SnapshotPreview"] }) {
  return (
    <div class="note" role="status">
      <p>
        It would have {formatCount(preview.counts.images)} images and {formatCount(preview.counts.objects)} boxes.
      </p>
      {preview.warnings.length > 0 && (
        <ul>
          {preview.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
