// One image set: upload, finish, ingest, problems.
import "./admin.css";
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { confirm, Dialog } from "../parts/dialog";
import { useAction, useLoad } from "../parts/load";
import { MetadataList } from "../parts/metadata";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, navigate, type ScreenProps } from "../router";
import { isAdmin } from "../session";
import { storedFiles } from "../upload/dropbox";
import { FinishWords, ReopenWords, type Stock } from "../upload/finish";
import { ImageSetForm } from "../upload/image-set-form";
import { IngestReport, isInspecting } from "../upload/ingest-report";
import { ProblemList } from "../upload/problem-list";
import { UploadPanel } from "../upload/upload-panel";
import { forgetUpload, type Upload, uploadOf } from "../upload/upload";

type ImageSet = Schemas["ImageSet"];

const REFRESH_SECONDS = 2;

export default function ImageSetScreen({ params }: ScreenProps) {
  const id = Number(params.image_set);
  const [isEditing, setEditing] = useState(false);
  const [isAtWork, setAtWork] = useState(false);
  const load = async () => {
    const set = await data(api.GET("/image_sets/{imageset_id}", { params: { path: { imageset_id: id } } }));
    setAtWork(isAtWorkOn(set));
    return set;
  };
  const loaded = useLoad(load, [id], { everySeconds: isAtWork ? REFRESH_SECONDS : null });
  const set = loaded.data;
  if (!set) return <ProblemNote error={loaded.error} retry={loaded.reload} />;
  const edited = () => {
    setEditing(false);
    void loaded.reload();
  };
  return (
    <>
      <header class="bar">
        <h1>
          {set.title} <StateTag state={set.status} />
        </h1>
        <p class="row">
          <Link class="button" to={`/images?image_set=${id}`}>
            Show its images
          </Link>
          {isAdmin.value && (
            <button type="button" onClick={() => setEditing(true)}>
              Edit
            </button>
          )}
          {isAdmin.value && <Steps set={set} reload={loaded.reload} />}
        </p>
      </header>
      <ProblemNote error={loaded.error} retry={loaded.reload} />
      <Facts set={set} />
      {set.status === "created" && isAdmin.value && <Open set={set} reload={loaded.reload} />}
      <IngestReport set={set} />
      <ProblemList set={set} reload={loaded.reload} />
      <Dialog title={`Edit ${set.title}`} isOpen={isEditing} onClose={() => setEditing(false)}>
        <ImageSetForm set={set} onDone={edited} onCancel={() => setEditing(false)} />
      </Dialog>
    </>
  );
}

/** True while files are being ingested, or are inspected for the first time, which may find problems. */
function isAtWorkOn({ ingest }: ImageSet): boolean {
  if (!ingest) return false;
  return ["queued", "running"].includes(ingest.state) || isInspecting(ingest);
}

function Facts({ set }: { set: ImageSet }) {
  return (
    <dl class="facts">
      <dt>Created</dt>
      <dd>
        <Time at={set.date_created} isExact /> {set.created_by && <bdi>by {set.created_by}</bdi>}
      </dd>
      {set.date_finished && <dt>Finished</dt>}
      {set.date_finished && (
        <dd>
          <Time at={set.date_finished} isExact />
        </dd>
      )}
      <dt>Time zone of the cameras</dt>
      <dd>{set.timezone ?? "none given; times without an offset are read as UTC"}</dd>
      <dt>Exact duplicates</dt>
      <dd>{set.duplicates === "flag" ? "kept and reported" : "kept"}</dd>
      <dt>Metadata</dt>
      <dd>
        <MetadataList metadata={set.metadata} />
      </dd>
    </dl>
  );
}

/** A set that takes uploads: where to drop them, and what is there. */
function Open({ set, reload }: { set: ImageSet; reload: () => Promise<void> }) {
  const upload = uploadOf(set.imageset_id);
  const stock = useLoad(() => stockOf(set.imageset_id), [set.imageset_id, set.date_finished]);
  return (
    <>
      <UploadPanel upload={upload} onDone={stock.reload} />
      <ProblemNote error={stock.error} retry={stock.reload} />
      {stock.data && <Finish set={set} stock={stock.data} upload={upload} reload={reload} />}
    </>
  );
}

async function stockOf(imageSetId: number): Promise<Stock> {
  const files = await storedFiles(imageSetId);
  let bytes = 0;
  for (const { size } of files.values()) bytes += size;
  return { files: files.size, bytes };
}

function Finish({ set, stock, upload, reload }: { set: ImageSet; stock: Stock; upload: Upload; reload: () => Promise<void> }) {
  upload.version.value;
  const finish = useAction(async () => {
    await setStatus(set.imageset_id, "finished");
    forgetUpload(set.imageset_id);
    notify("Finished. Its files are being ingested.");
    await reload();
  });
  return (
    <section aria-labelledby="finish-heading">
      <h2 id="finish-heading">Finish</h2>
      <FinishWords stock={stock} upload={upload} />
      <ProblemNote error={finish.error} />
      <button type="button" class="primary" disabled={finish.isRunning || upload.running.value} onClick={() => void finish.run()}>
        Finish and ingest
      </button>
    </section>
  );
}

/** What can be done with the set as a whole, each after a question that says what will happen. */
function Steps({ set, reload }: { set: ImageSet; reload: () => Promise<void> }) {
  const reopen = useAction(async () => {
    const question = { title: `Open ${set.title} again?`, words: <ReopenWords />, action: "Open again" };
    if (!(await confirm(question))) return;
    await setStatus(set.imageset_id, "created");
    await reload();
  });
  const remove = useAction(async () => {
    const words = <p>The files in its dropbox are deleted with it. This cannot be undone.</p>;
    if (!(await confirm({ title: `Delete ${set.title}?`, words, action: "Delete", isDangerous: true }))) return;
    forgetUpload(set.imageset_id);
    await data(api.DELETE("/image_sets/{imageset_id}", { params: { path: { imageset_id: set.imageset_id } } }));
    notify(`${set.title} is deleted.`);
    navigate("/image-sets");
  });
  const action = set.status === "finished" ? reopen : remove;
  return (
    <>
      <button type="button" class={set.status === "finished" ? "" : "danger"} disabled={action.isRunning} onClick={() => void action.run()}>
        {set.status === "finished" ? "Open again" : "Delete"}
      </button>
      <ProblemNote error={action.error} />
    </>
  );
}

async function setStatus(imageSetId: number, status: ImageSet["status"]): Promise<void> {
  await data(api.PUT("/image_sets/{imageset_id}", { params: { path: { imageset_id: imageSetId } }, body: { new_status: status } }));
}
