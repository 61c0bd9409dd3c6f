// What a file is, by its name and its bytes: junk, an image, or something else.

const JUNK_NAMES = new Set([".ds_store", "thumbs.db", "desktop.ini"]);
// Bytes at the beginning of a file that decide what it is.
export const HEAD_BYTES = 64;
/** Where the end of a picture is looked for. Cameras add small files of their own after it. */
const TAIL_BYTES = 64 * 1024;
/** The storage's longest name of a blob, in characters. */
const LONGEST_NAME = 1024;

/** Return true for files that desktops leave behind. The service would skip them, too. */
export function isJunk(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return JUNK_NAMES.has(name) || name.startsWith("._") || name.endsWith("_$folder$");
}

/** Return true for files and folders that systems hide, such as `.git/config`. */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith("."));
}

/** Return why the storage cannot take a file of this name, or null. */
export function nameFault(path: string): string | null {
  if (/[\ud800-\udfff]/u.test(path) || path.includes("\ufffd")) {
    return "Its name is not valid Unicode. Rename the file.";
  }
  if (/[\u0000-\u001f\u007f\ufffe\uffff]/.test(path)) return "Its name has a control character. Rename the file.";
  if (path.length > LONGEST_NAME) return `Its name and folders have more than ${LONGEST_NAME} characters.`;
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) return "Its path has an empty part.";
  if (path.endsWith(".")) return "Its name ends with a dot, which the storage would drop. Rename the file.";
  return null;
}

/** Return the format of the image that begins with these bytes, or null if it is no image that we know. */
export function imageFormat(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head);
  for (const [start, format] of SIGNATURES) if (text.startsWith(start)) return format;
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "WebP";
  if (text.slice(4, 8) === "ftyp") return boxFormat(text);
  if (text.startsWith("BM") && BMP_HEADERS.has(text.slice(14, 18))) return "BMP";
  return null;
}

const SIGNATURES: [string, string][] = [
  ["\xff\xd8\xff", "JPEG"],
  ["\x89PNG\r\n\x1a\n", "PNG"],
  ["GIF87a", "GIF"],
  ["GIF89a", "GIF"],
  ["II*\0", "TIFF"],
  ["MM\0*", "TIFF"],
  ["II+\0", "TIFF"],
  ["MM\0+", "TIFF"],
  ["IIU\0", "RW2"],
  ["IIRO", "ORF"],
  ["IIRS", "ORF"],
  ["FUJIFILMCCD-RAW", "RAF"],
  ["\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"],
  ["\xff\x4f\xff\x51", "JPEG 2000"],
];
/** The lengths of the second header of a BMP, as its first four bytes. */
const BMP_HEADERS = new Set(["\x0c\0\0\0", "\x28\0\0\0", "\x34\0\0\0", "\x38\0\0\0", "\x40\0\0\0", "\x6c\0\0\0", "\x7c\0\0\0"]);
const AVIF_BRANDS = new Set(["avif", "avis"]);
const HEIF_BRANDS = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]);

/** The format of a file of boxes (ISO/IEC 14496-12), by its brands. Films are such files, too. */
function boxFormat(text: string): string | null {
  const brands = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= text.length; at += 4) brands.push(text.slice(at, at + 4));
  if (brands[0] === "crx ") return "CR3";
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return "AVIF";
  return brands.some((brand) => HEIF_BRANDS.has(brand)) ? "HEIF" : null;
}

/** Return true if the mark that ends a JPEG or PNG is missing, so that the file was cut off on its way to this computer. */
export async function seemsTruncated(file: Blob, format: string): Promise<boolean> {
  const mark = format === "JPEG" ? [0xff, 0xd9] : format === "PNG" ? [0x49, 0x45, 0x4e, 0x44] : null;
  if (!mark) return false;
  const tail = new Uint8Array(await file.slice(Math.max(0, file.size - TAIL_BYTES)).arrayBuffer());
  for (let at = tail.length - mark.length; at >= 0; at--) {
    if (mark.every((byte, index) => tail[at + index] === byte)) return false;
  }
  return true;
}
