// Where files are dropped, and what became of each.
import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { CopyText } from "../parts/copy";
import { formatBytes, formatCount, Progress } from "../parts/progress";
import { Tag, type TagKind } from "../parts/tags";
import { Table } from "../parts/table";
import { type Findings, filesOfDrop, filesOfInput } from "./files";
import type { Obstacle } from "./obstacles";
import type { FileState, Upload, UploadFile } from "./upload";

/** Rows of one list of files. Thousands would make the page slow, and nobody reads them. */
const ROWS = 100;

/** Drop files on it, and see them go. `onDone` is called each time an upload has ended. */
export function UploadPanel({ upload, onDone }: { upload: Upload; onDone: () => void }) {
  upload.version.value;
  const isRunning = upload.running.value;
  const before = useRef(isRunning);
  useEffect(() => {
    if (before.current && !isRunning) onDone();
    before.current = isRunning;
  }, [isRunning]);
  return (
    <section aria-labelledby="upload-heading" class="upload">
      <h2 id="upload-heading">Upload</h2>
      <DropArea upload={upload} />
      {upload.files.length > 0 && (
        <>
          <Totals upload={upload} />
          <ObstacleNote obstacle={upload.obstacles.current.value} tryNow={() => upload.obstacles.tryNow()} />
          <Outcome upload={upload} />
          <FileLists upload={upload} />
        </>
      )}
    </section>
  );
}

function DropArea({ upload }: { upload: Upload }) {
  const isOver = useSignal(false);
  const reading = useSignal<number | null>(null);
  const [takesAll, setTakesAll] = useState(false);
  const take = async (findings: Promise<Findings> | Findings) => {
    reading.value = 0;
    const found = await findings;
    reading.value = null;
    upload.add(found, takesAll);
    void upload.start();
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    if (event.dataTransfer) void take(filesOfDrop(event.dataTransfer.items, (count) => (reading.value = count)));
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    isOver.value = true;
  };
  return (
    // Dropping is a way of the mouse alone; the two fields do the same for keyboards (WCAG 2.5.7).
    <div class={isOver.value ? "drop drop-over" : "drop"} onDragOver={over} onDragLeave={() => (isOver.value = false)} onDrop={drop}>
      <p>
        <strong>Drop folders or images here</strong>, or choose them:
      </p>
      <p class="row">
        <FileButton label="Choose a folder" isFolder onFiles={take} />
        <FileButton label="Choose files" onFiles={take} />
      </p>
      <label class="check">
        <input type="checkbox" checked={takesAll} onChange={(event) => setTakesAll(event.currentTarget.checked)} />
        Also send files that are not images
      </label>
      <p class="quiet">
        They go straight from this browser to the storage. If the upload is interrupted, drop the same folder again: what is there already is
        not sent twice.
      </p>
      {reading.value !== null && <p role="status">Reading folders: {formatCount(reading.value)} files…</p>}
    </div>
  );
}

/** All browsers know this attribute, and no standard does. */
const FOLDERS = { webkitdirectory: true };

function FileButton({ label, isFolder = false, onFiles }: { label: string; isFolder?: boolean; onFiles: (files: Findings) => void }) {
  const change = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    if (input.files?.length) onFiles(filesOfInput(input.files));
    // The same folder can be chosen again.
    input.value = "";
  };
  return (
    <label class="button file-button">
      {label}
      <input type="file" multiple {...(isFolder ? FOLDERS : {})} onChange={change} />
    </label>
  );
}

function Totals({ upload }: { upload: Upload }) {
  // Who reads one signal is drawn again by those alone that it reads.
  upload.version.value;
  const sent = upload.files.reduce((sum, { state, sent, file }) => sum + (state === "present" ? file.size : state === "left out" ? 0 : sent), 0);
  const { counts } = upload;
  const all = upload.files.length - counts["left out"];
  const done = counts.sent + counts.present;
  return (
    <div class="row totals">
      <Progress done={done} total={all} label="Files sent" />
      <span>
        {formatBytes(sent)} of {formatBytes(upload.bytes)}
      </span>
      {upload.running.value ? (
        <button type="button" onClick={() => upload.stop()}>
          Pause
        </button>
      ) : (
        counts.waiting > 0 && (
          <button type="button" class="primary" onClick={() => void upload.start()}>
            Go on
          </button>
        )
      )}
    </div>
  );
}

/** What holds the upload up, and what to do about it. */
function ObstacleNote({ obstacle, tryNow }: { obstacle: Obstacle | null; tryNow: () => void }) {
  if (!obstacle) return null;
  return (
    <div class="note note-problem" role="alert">
      {obstacle.kind === "cors" ? <CorsWords /> : <p>{obstacle.message}</p>}
      {obstacle.until !== null && <Countdown until={obstacle.until} />}
      <button type="button" onClick={tryNow}>
        Try again now
      </button>
    </div>
  );
}

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  // Screen readers are not told each second.
  return <p aria-live="off">It is tried again by itself in {Math.max(0, Math.ceil((until - now) / 1000))} s.</p>;
}

function CorsWords() {
  return (
    <>
      <p>
        <strong>The storage does not accept uploads from this page.</strong> Browsers let a page send files to another server only if that server
        allows it by a rule (CORS), and the storage account has no such rule for {location.origin}.
      </p>
      <p>Ask whoever operates LabelAPI to run this once, or to set the rule that it prints:</p>
      <CopyText label="Command that sets the rule" value={`flask storage cors --origin ${location.origin}`} />
      <p>Until then you can upload with the command <code>labelapi upload</code> or with any tool for Azure Blob Storage, which need no such rule.</p>
    </>
  );
}

/** How it ended: verified, or what is left to decide. */
function Outcome({ upload }: { upload: Upload }) {
  upload.version.value;
  const { counts } = upload;
  const verified = upload.verified.value;
  const truncated = upload.files.filter((file) => file.truncated).length;
  return (
    <div aria-live="polite">
      {verified && counts.failed + counts.conflict + counts.waiting === 0 && verified.files > 0 && (
        <p class="note note-good">
          Verified: {formatCount(verified.files)} {verified.files === 1 ? "file is" : "files are"} in the dropbox, {formatBytes(verified.bytes)}, with
          the same size and MD5 as here.
        </p>
      )}
      {truncated > 0 && (
        <p class="note">
          {formatCount(truncated)} {truncated === 1 ? "picture seems" : "pictures seem"} to be cut off, because the end is missing. What is there is
          sent; look for better copies.
        </p>
      )}
      {counts.conflict > 0 && (
        <p class="row">
          {formatCount(counts.conflict)} {counts.conflict === 1 ? "name is" : "names are"} taken by another file in the dropbox.
          <button type="button" onClick={() => upload.again("conflict", { replace: true })}>
            Replace what is there
          </button>
        </p>
      )}
      {counts.failed > 0 && !upload.running.value && (
        <p class="row">
          {formatCount(counts.failed)} failed.
          <button type="button" onClick={() => upload.again("failed", {})}>
            Try the failed ones again
          </button>
        </p>
      )}
      {counts["left out"] > 0 && <p class="quiet">{formatCount(counts["left out"])} {counts["left out"] === 1 ? "file was" : "files were"} left out; the list says why.</p>}
    </div>
  );
}

const STATES: [FileState, string, TagKind][] = [
  ["failed", "Failed", "bad"],
  ["conflict", "Name taken", "bad"],
  ["sending", "Sending", "busy"],
  ["reading", "Reading", "busy"],
  ["waiting", "Waiting", "plain"],
  ["left out", "Left out", "quiet"],
  ["sent", "Sent", "good"],
  ["present", "Was there already", "good"],
];

function FileLists({ upload }: { upload: Upload }) {
  return (
    <>
      {STATES.filter(([state]) => upload.counts[state] > 0).map(([state, words, kind]) => (
        <details key={state} open={state !== "waiting" && state !== "sent" && state !== "present"}>
          <summary>
            <Tag kind={kind}>{words}</Tag> {formatCount(upload.counts[state])}
          </summary>
          <FileList upload={upload} state={state} words={words} />
        </details>
      ))}
    </>
  );
}

function FileList({ upload, state, words }: { upload: Upload; state: FileState; words: string }) {
  const rows: UploadFile[] = [];
  for (const file of upload.files) {
    if (file.state === state && rows.push(file) === ROWS) break;
  }
  const more = upload.counts[state] - rows.length;
  return (
    <>
      <Table caption={words} columns={columnsOf(state)} rows={rows} rowKey={(file) => file.id} />
      {more > 0 && <p class="quiet">and {formatCount(more)} more</p>}
    </>
  );
}

function columnsOf(state: FileState) {
  const name = { heading: "File", isName: true, cell: ({ path }: UploadFile) => <bdi class="path">{path}</bdi> };
  const size = { heading: "Size", isNumber: true, cell: ({ file }: UploadFile) => formatBytes(file.size) };
  const sent = { heading: "Progress", cell: (file: UploadFile) => <Bytes file={file} /> };
  const reason = { heading: "Why", cell: ({ reason }: UploadFile) => reason };
  const note = { heading: "Note", cell: ({ truncated }: UploadFile) => (truncated ? "Seems to be cut off" : "") };
  if (state === "sending") return [name, size, sent];
  if (state === "failed" || state === "conflict" || state === "left out") return [name, size, reason];
  return [name, size, note];
}

function Bytes({ file }: { file: UploadFile }) {
  return <progress value={file.sent} max={file.file.size} aria-label={`${file.path}: ${formatBytes(file.sent)} of ${formatBytes(file.file.size)}`} />;
}
