// What finishing an image set, and opening it again, will do, in words.
import { formatBytes, formatCount } from "../parts/progress";
import type { Upload } from "./upload";

/** What is in a dropbox. */
export interface Stock {
  files: number;
  bytes: number;
}

export function FinishWords({ stock, upload }: { stock: Stock; upload: Upload }) {
  const { counts } = upload;
  const unsent = counts.waiting + counts.reading + counts.sending + counts.failed + counts.conflict;
  return (
    <>
      <p>
        {stock.files
          ? `The dropbox has ${formatCount(stock.files)} ${stock.files === 1 ? "file" : "files"}, ${formatBytes(stock.bytes)}.`
          : "The dropbox is empty."}{" "}
        When you finish the set:
      </p>
      <ul>
        <li>The upload link stops working.</li>
        <li>A job moves the files to their place and makes an image of each. Junk and empty files are left out.</li>
        <li>Files that cannot be ingested become problems, which you can retry or drop. The dropbox is deleted at the end.</li>
        <li>You can open the set again later to add more.</li>
      </ul>
      {unsent > 0 && (
        <p class="note note-problem">
          {formatCount(unsent)} {unsent === 1 ? "file of your upload is" : "files of your upload are"} not in the dropbox.
        </p>
      )}
      {!stock.files && <p class="note">If you finish it now, the set has no new images.</p>}
    </>
  );
}

export function ReopenWords() {
  return (
    <ul>
      <li>The set takes uploads again, into a new dropbox.</li>
      <li>Its images stay as they are, and new ones join them when you finish it the next time.</li>
      <li>A file with the name of an image of the set is skipped if the content is the same. Otherwise it becomes a problem.</li>
    </ul>
  );
}
