// What the service knows of the dropbox of an image set: a link for uploading, and the files that are there.

import { api, data, dataAndResponse } from "../api";

const PER_PAGE = 5000;

export interface Stored {
  size: number;
  /** MD5 in hexadecimal digits; null if the storage has none. */
  md5: string | null;
}

/** Return a new upload link. Links that were made before keep working. Throws Problem, Unreachable. */
export async function freshLink(imageSetId: number): Promise<string> {
  const params = { path: { imageset_id: imageSetId } };
  return (await data(api.POST("/image_sets/{imageset_id}/dropbox_url", { params }))).dropbox_url;
}

/** Return the files that are in the dropbox, by name. Throws Problem, Unreachable. */
export async function storedFiles(imageSetId: number): Promise<Map<string, Stored>> {
  const files = new Map<string, Stored>();
  let cursor: string | null = null;
  do {
    const query = cursor === null ? { per_page: PER_PAGE } : { per_page: PER_PAGE, cursor };
    const call = api.GET("/image_sets/{imageset_id}/uploads", { params: { path: { imageset_id: imageSetId }, query } });
    const { data: page, response } = await dataAndResponse(call);
    for (const { name, size, md5 } of page.uploads) files.set(name, { size, md5 });
    cursor = nextCursor(response.headers.get("Link"));
  } while (cursor !== null);
  return files;
}

/** The cursor of the next page, which the header `Link` names (RFC 8288), or null on the last page. */
function nextCursor(link: string | null): string | null {
  const next = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? "");
  return next ? new URL(next[1] ?? "", location.href).searchParams.get("cursor") : null;
}
