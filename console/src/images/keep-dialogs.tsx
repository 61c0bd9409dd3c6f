// From filters to something with a name: a kept query, or a snapshot.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { FormFooter } from "../parts/form-footer";
import { useAction } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { Problem } from "../problem";
import { navigate } from "../router";
import { SnapshotForm } from "../snapshot/snapshot-form";
import type { ImageQuery } from "./filters";

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
      return false;
    }
    await data(api.PUT("/queries/{name}", { params: { path: { name } }, body: { query } }));
    notify(`The query ${name} is kept.`);
    return true;
  }, (isKept) => isKept && close());
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
        <FormFooter action={taken ? "Replace" : "Keep"} isDangerous={taken !== ""} isRunning={keep.isRunning} onCancel={close} />
      </form>
    </Dialog>
  );
}

interface SnapshotProps extends KeepProps {
  /** The campaign of the filters, whose labels are most likely wanted. */
  campaignId: number | null;
}

export function MakeSnapshot({ isOpen, onClose, query, campaignId }: SnapshotProps) {
  return (
    <Dialog title="Make a snapshot of the images that fit the filters" isOpen={isOpen} onClose={onClose}>
      <p>A snapshot freezes these images and the labels that they have in campaigns, as the next version of its name.</p>
      <SnapshotForm campaignId={campaignId} query={query} onDone={(made) => navigate(`/snapshots/${made.snapshot_id}`)} onCancel={onClose} />
    </Dialog>
  );
}
