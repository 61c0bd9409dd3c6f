// MD5 of files, which the storage keeps beside each file. Browsers have no MD5 of their own, so a library computes it; it is loaded with
// the first upload. A file is read in pieces, between which the page can draw and take clicks.

const PIECE_BYTES = 1024 * 1024;

/** Return the 16 bytes of the MD5 of a file or of a part of it. Throws DOMException if the file cannot be read. */
export async function md5(blob: Blob, isStopped: () => boolean = () => false): Promise<Uint8Array> {
  const { md5: algorithm } = await import("js-md5");
  const hash = algorithm.create();
  for (let start = 0; start < blob.size && !isStopped(); start += PIECE_BYTES) {
    hash.update(new Uint8Array(await blob.slice(start, start + PIECE_BYTES).arrayBuffer()));
  }
  return new Uint8Array(hash.arrayBuffer());
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
