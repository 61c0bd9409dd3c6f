// The upload of files into the dropbox of one image set. It goes on while the admin looks at other screens, waits out a lost network,
// and can be started again with the same files after the tab was closed: what the dropbox has already is not sent again.

import { signal, type Signal } from "@preact/signals";
import { freshLink, type Stored, storedFiles } from "./dropbox";
import type { Findings } from "./files";
import { HEAD_BYTES, imageFormat, isHidden, isJunk, nameFault, seemsTruncated } from "./kinds";
import { base64, hex, md5 } from "./md5";
import { isTaken, Obstacles, type Verdict } from "./obstacles";
import { BLOCK_BYTES, type Content, discardBlocks, MOST_BLOCKS, Place, putBlock, putBlockList, putWhole, storedMd5, uncommittedBlocks, WHOLE_BYTES } from "./storage";

/** Files that are sent at the same time. */
const PARALLEL = 5;
/** The screen is drawn again at most so often while bytes move. */
const REDRAW_MS = 200;

export type FileState = "waiting" | "reading" | "sending" | "sent" | "present" | "conflict" | "failed" | "left out";

export interface UploadFile {
  /** Different for all files of an upload. */
  id: number;
  path: string;
  file: File;
  state: FileState;
  /** Bytes that are on their way or there. */
  sent: number;
  /** Why it was left out or failed, or what is noteworthy. */
  reason: string | null;
  /** True if its picture seems to end too early. */
  truncated: boolean;
  /** Its MD5, once it is known. */
  digest: Uint8Array | null;
  /** Whether it may replace another file of its name. */
  replace: boolean;
  /** Whether it is sent although it is no image. */
  anyKind: boolean;
}

export interface Verification {
  files: number;
  bytes: number;
}

export type Counts = Record<FileState, number>;

const NO_COUNTS: Counts = { waiting: 0, reading: 0, sending: 0, sent: 0, present: 0, conflict: 0, failed: 0, "left out": 0 };

export class Upload {
  readonly files: UploadFile[] = [];
  /** Changes whenever something that the screen shows has changed. */
  readonly version = signal(0);
  readonly running = signal(false);
  /** All files are in the dropbox with the size and the MD5 that they have here; null while that is not known. */
  readonly verified: Signal<Verification | null> = signal(null);
  readonly obstacles: Obstacles;
  counts: Counts = { ...NO_COUNTS };
  bytes = 0;
  private readonly byPath = new Map<string, UploadFile>();
  private stopping = new AbortController();
  private redraw: number | null = null;
  private next = 0;
  private stored: Map<string, Stored> | null = null;

  constructor(readonly imageSetId: number) {
    this.obstacles = new Obstacles(imageSetId);
  }

  /** Take files in, and say at once which are left out. */
  add(findings: Findings, anyKind: boolean): void {
    for (const { path, file } of findings.found) {
      const known = this.byPath.get(path);
      if (known && isSame(known.file, file) && !GIVEN_UP.has(known.state)) continue;
      // Two dropped folders may have files of the same path. Both are tried, and the second one finds its name taken.
      const entry = known && GIVEN_UP.has(known.state) ? Object.assign(known, { file, anyKind, digest: null, sent: 0 }) : this.enter(path, file, anyKind);
      const fault = faultOf(path, file);
      this.change(entry, fault ? "left out" : "waiting", fault);
    }
    for (const path of findings.unreadable) {
      this.change(this.enter(path, new File([], path), anyKind), "failed", "This computer did not let the browser read it. Check its permissions, then drop it again.");
    }
    this.next = 0;
    this.bytes = this.files.reduce((sum, entry) => sum + (entry.state === "left out" ? 0 : entry.file.size), 0);
    this.changed();
  }

  /** Send everything that waits, then compare the dropbox with the files. Does nothing if it is at work already. */
  async start(): Promise<void> {
    if (this.running.value) return;
    this.stopping = new AbortController();
    this.running.value = true;
    this.verified.value = null;
    this.obstacles.clear();
    try {
      const { signal: stop } = this.stopping;
      this.obstacles.link = await this.obstacles.overcome(() => freshLink(this.imageSetId), stop);
      this.stored = await this.obstacles.overcome(() => storedFiles(this.imageSetId), stop);
      if (!this.obstacles.link || !this.stored || !(await this.obstacles.isAllowed(stop))) return;
      // Files may be dropped while the last ones are on their way.
      while (this.counts.waiting && !stop.aborted) {
        this.next = 0;
        await Promise.all(Array.from({ length: PARALLEL }, () => this.work()));
      }
      if (!stop.aborted) await this.verify();
    } finally {
      this.running.value = false;
      this.changed();
    }
  }

  /** Stop after the requests that are on their way; they are cut off. What was sent stays. */
  stop(): void {
    this.stopping.abort();
    this.obstacles.clear();
  }

  /** Let files in these states wait again, with `change` made to them. */
  again(state: FileState, change: Partial<UploadFile>): void {
    for (const entry of this.files) {
      if (entry.state !== state || faultOf(entry.path, entry.file)) continue;
      Object.assign(entry, change);
      this.change(entry, "waiting", null);
    }
    this.next = 0;
    void this.start();
  }

  private enter(path: string, file: File, anyKind: boolean): UploadFile {
    const entry: UploadFile = { id: this.files.length, path, file, state: "waiting", sent: 0, reason: null, truncated: false, digest: null, replace: false, anyKind };
    this.files.push(entry);
    this.byPath.set(path, entry);
    this.counts.waiting += 1;
    return entry;
  }

  private async work(): Promise<void> {
    const { signal: stop } = this.stopping;
    for (let entry = this.take(); entry && !stop.aborted; entry = this.take()) {
      const file = entry;
      const done = await this.obstacles.overcome(async () => (await this.send(file), true), stop, (verdict) => this.judge(file, verdict));
      if (!done && file.state !== "failed" && file.state !== "conflict") this.change(file, "waiting", null);
    }
  }

  /** The next file that waits; it is being read from now on. */
  private take(): UploadFile | null {
    while (this.next < this.files.length) {
      const entry = this.files[this.next++];
      if (entry?.state === "waiting") {
        this.change(entry, "reading", null);
        return entry;
      }
    }
    return null;
  }

  /** What an error means for one file: it failed, or the request is repeated. */
  private judge(entry: UploadFile, verdict: Verdict): void {
    if (verdict.kind === "file") this.change(entry, "failed", verdict.message);
    else entry.sent = 0;
  }

  private async send(entry: UploadFile): Promise<void> {
    const { file } = entry;
    const format = imageFormat(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
    if (!format && !entry.anyKind) return this.change(entry, "left out", "It is not an image.");
    entry.truncated = format !== null && (await seemsTruncated(file, format));
    const digest = entry.digest ?? (await md5(file, () => this.stopping.signal.aborted));
    if (this.stopping.signal.aborted) return this.change(entry, "waiting", null);
    entry.digest = digest;
    const there = this.stored?.get(entry.path);
    if (there && there.size === file.size && there.md5 === hex(digest)) return this.change(entry, "present", null);
    // Nobody misses an empty file; it may be what `discardBlocks` has left.
    const replace = entry.replace || there?.size === 0;
    if (there && !replace) return this.conflict(entry);
    this.change(entry, "sending", null);
    const content = { type: file.type || "application/octet-stream", md5: base64(digest), replace };
    if (file.size <= WHOLE_BYTES) await this.sendWhole(entry, content);
    else await this.sendBlocks(entry, content);
  }

  private async sendWhole(entry: UploadFile, content: Content): Promise<void> {
    const place = this.place(entry);
    const watch = this.watch(entry, 0);
    await this.unlessThere(entry, place, content, () => putWhole(place, entry.file, content, watch));
  }

  private async sendBlocks(entry: UploadFile, content: Content): Promise<void> {
    const place = this.place(entry);
    let there = await uncommittedBlocks(place, this.watch(entry, 0));
    if (!Array.from(there).every(isOurBlock)) {
      // All blocks of a file must have names of one length, and another tool has left some that have not.
      await discardBlocks(place, this.watch(entry, 0));
      there = new Set();
      content.replace = true;
    }
    const ids: string[] = [];
    const size = Math.max(BLOCK_BYTES, Math.ceil(entry.file.size / MOST_BLOCKS));
    for (let start = 0; start < entry.file.size && !this.stopping.signal.aborted; start += size) {
      const block = entry.file.slice(start, start + size);
      const digest = await md5(block);
      const id = blockId(ids.length, digest);
      if (!there.has(id)) await putBlock(place, id, block, base64(digest), this.watch(entry, start));
      ids.push(id);
      this.moved(entry, start + block.size);
    }
    await this.unlessThere(entry, place, content, () => putBlockList(place, ids, content, this.watch(entry, entry.file.size)));
  }

  /** Do the request that makes the file. If its answer was lost the last time, the file is there already. */
  private async unlessThere(entry: UploadFile, place: Place, content: Content, put: () => Promise<void>): Promise<void> {
    try {
      await put();
    } catch (error) {
      if (!isTaken(error)) throw error;
      if ((await storedMd5(place, this.watch(entry, 0))) !== content.md5) return this.conflict(entry);
    }
    entry.sent = entry.file.size;
    this.change(entry, "sent", null);
    this.obstacles.clear();
  }

  private conflict(entry: UploadFile): void {
    this.change(entry, "conflict", "The dropbox has a file of this name with another content.");
  }

  /** Compare what the dropbox has with what was sent. What is not there as it is here has failed. */
  private async verify(): Promise<void> {
    const there = await this.obstacles.overcome(() => storedFiles(this.imageSetId), this.stopping.signal);
    if (!there) return;
    const verified = { files: 0, bytes: 0 };
    for (const entry of this.files) {
      if (entry.state !== "sent" && entry.state !== "present") continue;
      const upload = there.get(entry.path);
      if (upload && upload.size === entry.file.size && entry.digest && upload.md5 === hex(entry.digest)) {
        verified.files += 1;
        verified.bytes += upload.size;
      } else this.change(entry, "failed", "The storage does not have it as it was sent. Send it again.");
    }
    this.verified.value = verified;
  }

  private place(entry: UploadFile): Place {
    return new Place(this.obstacles.link ?? "", entry.path);
  }

  private watch(entry: UploadFile, before: number) {
    return { signal: this.stopping.signal, progress: (bytes: number) => this.moved(entry, before + bytes) };
  }

  private moved(entry: UploadFile, bytes: number): void {
    entry.sent = Math.min(bytes, entry.file.size);
    this.changed();
  }

  private change(entry: UploadFile, state: FileState, reason: string | null): void {
    this.counts[entry.state] -= 1;
    this.counts[state] += 1;
    entry.state = state;
    entry.reason = reason;
    this.changed();
  }

  private changed(): void {
    this.redraw ??= window.setTimeout(() => {
      this.redraw = null;
      this.version.value += 1;
    }, REDRAW_MS);
  }
}

/** States of files that are tried again when they are dropped again. */
const GIVEN_UP = new Set<FileState>(["failed", "left out", "conflict"]);

function isSame(one: File, other: File): boolean {
  return one.size === other.size && one.lastModified === other.lastModified;
}

function faultOf(path: string, file: File): string | null {
  if (isJunk(path)) return "A file that a desktop leaves behind.";
  if (isHidden(path)) return "A hidden file.";
  if (!file.size) return "It is empty.";
  return nameFault(path);
}

/**
 * A block is known by its place and its content, so that an interrupted upload finds what it has sent, and a changed file does not.
 * The command `labelapi upload` names blocks in the same way, so that each can go on with what the other has begun.
 */
function blockId(index: number, digest: Uint8Array): string {
  return btoa(`${String(index).padStart(5, "0")}-${hex(digest)}`);
}

function isOurBlock(id: string): boolean {
  return id.length === blockId(0, new Uint8Array(16)).length;
}

const uploads = new Map<number, Upload>();

/** The upload of an image set; the same one as long as the tab is open. */
export function uploadOf(imageSetId: number): Upload {
  const upload = uploads.get(imageSetId) ?? new Upload(imageSetId);
  uploads.set(imageSetId, upload);
  return upload;
}

/** Forget what was sent, because the dropbox is finished; the next one is empty. */
export function forgetUpload(imageSetId: number): void {
  uploads.get(imageSetId)?.stop();
  uploads.delete(imageSetId);
}

// Closing the tab ends uploads, so the browser asks first.
window.addEventListener("beforeunload", (event) => {
  if (Array.from(uploads.values()).some((upload) => upload.running.value)) event.preventDefault();
});
