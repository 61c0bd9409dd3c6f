// The files of a snapshot: what was written in which format, what each cannot carry, and a way to have another one written.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { Empty } from "../parts/empty";
import { Field } from "../parts/field";
import { useAction, useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatBytes, formatCount, Progress } from "../parts/progress";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link } from "../router";
import { isAdmin } from "../session";

type Export = Schemas["Export"];
type Format = Schemas["ExportFormat"];

const REFRESH_SECONDS = 2;
const FORMATS: Record<Format, string> = {
  coco: "COCO",
  yolo: "YOLO (Ultralytics)",
  voc: "Pascal VOC",
  cvat: "CVAT",
  "label-studio": "Label Studio",
  datumaro: "Datumaro",
  csv: "CSV, a row for each box",
  jsonl: "JSON Lines for AutoML",
  parquet: "Parquet, a row for each image",
};

export function ExportList({ snapshot }: { snapshot: Schemas["Snapshot"] }) {
  const path = { snapshot_id: snapshot.snapshot_id };
  const [isAtWork, setAtWork] = useState(false);
  const load = async () => {
    const { exports } = await data(api.GET("/snapshots/{snapshot_id}/exports", { params: { path } }));
    setAtWork(exports.some(({ state }) => state === "pending"));
    return exports;
  };
  const list = useLoad(load, [snapshot.snapshot_id], { everySeconds: isAtWork ? REFRESH_SECONDS : null });
  return (
    <section aria-labelledby="exports-heading">
      <h2 id="exports-heading">Exports</h2>
      {isAdmin.value && <ExportForm snapshot={snapshot} reload={list.reload} />}
      <ProblemNote error={list.error} retry={list.reload} />
      {list.data?.length === 0 && (
        <Empty title="Nothing is exported yet">
          <p>An export is the snapshot as a file, in the format that your tool reads, with or without the images.</p>
        </Empty>
      )}
      <div class="cards">{list.data?.map((one) => <ExportCard key={one.export_id} one={one} reload={list.reload} />)}</div>
    </section>
  );
}

function ExportForm({ snapshot, reload }: { snapshot: Schemas["Snapshot"]; reload: () => Promise<void> }) {
  const [format, setFormat] = useState<Format>("coco");
  const [withImages, setWithImages] = useState(false);
  const [isUpright, setUpright] = useState(false);
  const write = useAction(async () => {
    await request(snapshot.snapshot_id, { format, images: withImages ? "files" : "none", options: { upright: withImages && isUpright } });
    await reload();
  });
  const submit = (event: Event) => {
    event.preventDefault();
    void write.run();
  };
  return (
    <form onSubmit={submit}>
      <Field label="Format">
        {(ids) => (
          <select {...ids} value={format} onChange={(event) => setFormat(event.currentTarget.value as Format)}>
            {Object.entries(FORMATS).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        )}
      </Field>
      <label class="check">
        <input type="checkbox" checked={withImages} onChange={(event) => setWithImages(event.currentTarget.checked)} />
        With the image files, as one zip archive
      </label>
      {withImages && (
        <label class="check">
          <input type="checkbox" checked={isUpright} onChange={(event) => setUpright(event.currentTarget.checked)} />
          Turn images as they are displayed, for readers that ignore EXIF
        </label>
      )}
      <ProblemNote error={write.error} />
      <button type="submit" class="primary" disabled={write.isRunning}>
        Export
      </button>
    </form>
  );
}

function ExportCard({ one, reload }: { one: Export; reload: () => Promise<void> }) {
  const again = useAction(async () => {
    await request(one.snapshot_id, { format: one.format, images: one.images, options: one.options });
    await reload();
  });
  const canRepeat = isAdmin.value && one.state !== "ready" && one.state !== "pending";
  return (
    <article class="card" aria-label={`Export ${one.export_id}: ${FORMATS[one.format]}`}>
      <h3>
        {FORMATS[one.format]} <StateTag state={one.state} />
      </h3>
      <p>
        {one.images === "files" ? "With the image files" : "Labels alone"}
        {one.options.upright && ", turned as displayed"}. Asked for <Time at={one.date_created} />.
      </p>
      {one.state === "pending" && one.job && (
        <p class="row">
          <Progress done={one.job.done} total={one.job.total} label="Images written" />
          <Link to={`/jobs/${one.job.job_id}`}>Job {one.job.job_id}</Link>
        </p>
      )}
      {one.state === "withdrawn" && <p class="note">It held an image that was withdrawn later, and was deleted. It can be written again without it.</p>}
      {one.job?.error && one.state !== "ready" && <p class="note note-problem">{one.job.error}</p>}
      <ProblemNote error={again.error} />
      {canRepeat && (
        <button type="button" disabled={again.isRunning} onClick={() => void again.run()}>
          Write it again
        </button>
      )}
      {one.state === "ready" && <Ready one={one} />}
    </article>
  );
}

function Ready({ one }: { one: Export }) {
  return (
    <>
      <p class="row">
        <a class="button primary" href={one.url ?? ""} rel="noreferrer" download>
          Download {formatBytes(one.size ?? 0)}
        </a>
        <a href={one.manifest_url ?? ""} rel="noreferrer" download>
          Manifest
        </a>
      </p>
      {one.counts && (
        <p>
          {formatCount(one.counts.images)} images, {formatCount(one.counts.objects)} boxes.
        </p>
      )}
      {one.losses.length > 0 && (
        <>
          <h4>What the file does not hold as the snapshot does</h4>
          <ul>
            {one.losses.map(({ what, images, objects }) => (
              <li key={what}>
                {what}{" "}
                <span class="quiet">
                  {formatCount(images)} images, {formatCount(objects)} boxes
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <p class="quiet">
        SHA-256 <code>{one.sha256}</code>
      </p>
    </>
  );
}

async function request(snapshotId: number, body: Schemas["NewExport"]): Promise<void> {
  await data(api.POST("/snapshots/{snapshot_id}/exports", { params: { path: { snapshot_id: snapshotId } }, body }));
}
