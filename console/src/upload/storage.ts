// The requests that a browser sends to the blob storage itself, by XMLHttpRequest, which reports the progress of uploads.
//
// Rules of the storage: https://learn.microsoft.com/rest/api/storageservices/put-blob, put-block, put-block-list, get-block-list.

/** Files up to this size are sent by one request, larger ones in blocks. */
export const WHOLE_BYTES = 32 * 1024 * 1024;
export const BLOCK_BYTES = 8 * 1024 * 1024;
/** Blocks of one file, at most (learn.microsoft.com, "Scalability targets for Blob storage"). */
export const MOST_BLOCKS = 50_000;
/** A transfer that moves no byte for so long is given up and tried again. */
const STALLED_MS = 60_000;

/** An answer of the storage that is no success. `status` is 0 if there was no answer that the page may read. */
export class StorageError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | null,
  ) {
    super(code ? `${status} ${code}` : String(status));
  }
}

/** A place in the dropbox: the upload link, and the name of a file in it. */
export class Place {
  constructor(
    readonly link: string,
    readonly path: string,
  ) {}

  url(parameters: Record<string, string> = {}): string {
    const url = new URL(this.link);
    url.pathname += "/" + this.path.split("/").map(encodeURIComponent).join("/");
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }
}

export interface Content {
  /** The type that browsers shall be told, such as `image/jpeg`. */
  type: string;
  /** MD5 in base64. */
  md5: string;
  /** Whether a file of this name may be replaced. */
  replace: boolean;
}

export interface Watch {
  signal: AbortSignal;
  /** Gets the number of bytes of this request that are on their way. */
  progress: (bytes: number) => void;
}

/** Send a whole file. The storage compares its MD5 on arrival, and keeps it. Throws StorageError. */
export async function putWhole(place: Place, file: Blob, content: Content, watch: Watch): Promise<void> {
  const headers = { "x-ms-blob-type": "BlockBlob", "Content-MD5": content.md5, ...kept(content) };
  await send("PUT", place.url(), headers, untyped(file), watch);
}

/** Send one block of a file. It is no part of the file before `putBlockList`. Throws StorageError. */
export async function putBlock(place: Place, id: string, block: Blob, md5: string, watch: Watch): Promise<void> {
  await send("PUT", place.url({ comp: "block", blockid: id }), { "Content-MD5": md5 }, untyped(block), watch);
}

/** Throw away the blocks of a file that is not made yet, by an empty file in its place. Throws StorageError. */
export async function discardBlocks(place: Place, watch: Watch): Promise<void> {
  // Whatever a block list does not name is thrown away.
  await send("PUT", place.url({ comp: "blocklist" }), {}, blockList([]), watch);
}

/** Make a file of the blocks that were sent. Throws StorageError. */
export async function putBlockList(place: Place, ids: string[], content: Content, watch: Watch): Promise<void> {
  await send("PUT", place.url({ comp: "blocklist" }), kept(content), blockList(ids), watch);
}

function blockList(ids: string[]): string {
  return `<?xml version="1.0" encoding="utf-8"?><BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join("")}</BlockList>`;
}

/** Return the ids of the blocks that an interrupted upload has left. Throws StorageError. */
export async function uncommittedBlocks(place: Place, watch: Watch): Promise<Set<string>> {
  const url = place.url({ comp: "blocklist", blocklisttype: "uncommitted" });
  try {
    const answer = await send("GET", url, {}, null, watch);
    // The names are base64, so nothing in them is escaped. Trusted Types forbid DOMParser.
    return new Set(Array.from(answer.responseText.matchAll(/<Name>([^<]*)<\/Name>/g), (match) => match[1] ?? ""));
  } catch (error) {
    if (error instanceof StorageError && error.status === 404 && error.code !== "ContainerNotFound") return new Set();
    throw error;
  }
}

/** Return the MD5, in base64, of the file that is there; null if it has none or is not there. Throws StorageError. */
export async function storedMd5(place: Place, watch: Watch): Promise<string | null> {
  try {
    return (await send("HEAD", place.url(), {}, null, watch)).getResponseHeader("Content-MD5");
  } catch (error) {
    if (error instanceof StorageError && error.status === 404) return null;
    throw error;
  }
}

export type Reach = "allowed" | "refused" | "unreachable";

/**
 * Ask whether this page may talk to the storage: `refused` if the storage answers, but its CORS rules do not allow this page.
 * The headers make the browser ask the storage about them first, as it does before an upload.
 */
export async function reach(link: string): Promise<Reach> {
  const url = new Place(link, ".cors-check").url();
  const headers = { "x-ms-blob-type": "BlockBlob", "x-ms-blob-content-md5": "", "x-ms-blob-content-type": "image/jpeg", "If-None-Match": "*", "Content-MD5": "" };
  const options: RequestInit = { method: "HEAD", credentials: "omit", cache: "no-store" };
  try {
    await fetch(url, { ...options, headers });
    return "allowed";
  } catch {
    // Without CORS the answer cannot be read, but it is known whether one came.
    return fetch(url, { ...options, mode: "no-cors" }).then(
      () => "refused",
      () => "unreachable",
    );
  }
}

function kept(content: Content): Record<string, string> {
  const headers: Record<string, string> = { "x-ms-blob-content-type": content.type, "x-ms-blob-content-md5": content.md5 };
  if (!content.replace) headers["If-None-Match"] = "*";
  return headers;
}

/** The same bytes without a type, because the browser would send the type as a header of the request. */
function untyped(blob: Blob): Blob {
  return blob.slice(0, blob.size);
}

function send(method: string, url: string, headers: Record<string, string>, body: Blob | string | null, watch: Watch): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    if (watch.signal.aborted) return reject(new StorageError(0, null));
    const request = new XMLHttpRequest();
    let stalled = window.setTimeout(() => request.abort(), STALLED_MS);
    const moved = () => {
      window.clearTimeout(stalled);
      stalled = window.setTimeout(() => request.abort(), STALLED_MS);
    };
    const stop = () => request.abort();
    request.upload.onprogress = (event) => {
      moved();
      watch.progress(event.loaded);
    };
    request.onprogress = moved;
    request.onloadend = () => {
      window.clearTimeout(stalled);
      watch.signal.removeEventListener("abort", stop);
      if (request.status >= 200 && request.status < 300) resolve(request);
      else reject(new StorageError(request.status, request.status ? request.getResponseHeader("x-ms-error-code") : null));
    };
    watch.signal.addEventListener("abort", stop);
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}
