// The filters of images, which stand in the address of the page by the names that `GET /images` gives them.
// An address can therefore be read, kept, and sent to somebody else, and shows the same images there.
import type { components, operations } from "../schema";

export type ImageQuery = components["schemas"]["ImageQuery"];
export type Filters = ImageQuery & { withdrawn?: boolean };
export type ListParameters = NonNullable<operations["list_images"]["parameters"]["query"]>;
export type Sort = NonNullable<ListParameters["sort"]>;

export const STATES = ["unlabeled", "labeled", "empty", "unusable"] as const;
export const VERDICTS = ["none", "accepted", "rejected"] as const;
export const SORTS: Record<Sort, string> = {
  id: "In the order of registration",
  "-date_taken": "Latest first",
  date_taken: "Earliest first",
};

type Kind = "count" | "number" | "flag" | "text" | "choices" | "numbers" | "pairs";

/** How each filter is written in an address, and what people call it. */
export const FIELDS: Record<keyof Filters, { kind: Kind; words: string }> = {
  image_set: { kind: "count", words: "Image set" },
  campaign: { kind: "count", words: "Campaign" },
  labeled: { kind: "flag", words: "Labeled" },
  state: { kind: "choices", words: "State" },
  review: { kind: "choices", words: "Review" },
  label: { kind: "text", words: "Class" },
  min_objects: { kind: "number", words: "At least objects" },
  max_objects: { kind: "number", words: "At most objects" },
  taken_from: { kind: "text", words: "Taken from" },
  taken_to: { kind: "text", words: "Taken before" },
  taken: { kind: "text", words: "Taken on" },
  type: { kind: "text", words: "Type" },
  filetype: { kind: "text", words: "File format" },
  bbox: { kind: "numbers", words: "Bounds" },
  near: { kind: "numbers", words: "Near" },
  path: { kind: "text", words: "Path" },
  sha256: { kind: "text", words: "SHA-256" },
  duplicate_of: { kind: "count", words: "Same as image" },
  distance: { kind: "number", words: "Bits that may differ" },
  metadata: { kind: "pairs", words: "Metadata" },
  withdrawn: { kind: "flag", words: "Withdrawn" },
};
const NAMES = Object.keys(FIELDS) as (keyof Filters)[];

/** The filters that say something of an image in one campaign, and mean nothing without it. */
export const OF_CAMPAIGN = ["labeled", "state", "review", "label", "min_objects", "max_objects"] as const;

/** Return the filters of an address, and the names of those that cannot be read. */
export function readFilters(address: URLSearchParams): { filters: Filters; unreadable: string[] } {
  const filters: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const name of NAMES) {
    const text = address.get(name)?.trim();
    if (FIELDS[name].kind === "pairs" || !text) continue;
    const value = readValue(FIELDS[name].kind, text);
    if (value === undefined) unreadable.push(name);
    else filters[name] = value;
  }
  const pairs = [...address].flatMap(([name, value]) => {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    return key ? [[key, value]] : [];
  });
  if (pairs.length) filters.metadata = Object.fromEntries(pairs);
  return { filters: filters as Filters, unreadable };
}

/** Return the value of a filter that is written so, or undefined if it is no such value. */
export function readValue(kind: Kind, text: string): unknown {
  switch (kind) {
    case "count":
      return /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : undefined;
    case "number":
      return /^[0-9]{1,7}$/.test(text) ? Number(text) : undefined;
    case "flag":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "choices":
      return text.split(",");
    case "numbers": {
      const numbers = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
      return numbers.every(Number.isFinite) ? numbers : undefined;
    }
    default:
      return text;
  }
}

/** Return filters as they stand in an address, in their fixed order: an empty text if there are none. */
export function writeFilters(filters: Filters): string {
  return NAMES.flatMap((name) => {
    const value = filters[name];
    if (value === undefined || value === null || value === "" || value === false && name === "withdrawn") return [];
    if (name === "metadata") {
      return Object.entries(value).map(([key, text]) => `${escaped(`metadata[${key}]`)}=${escaped(String(text))}`);
    }
    return [`${name}=${escaped(Array.isArray(value) ? value.join(",") : String(value))}`];
  }).join("&");
}

/** Escape what has a meaning in an address, and leave the rest readable. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/%(2C|3A|2F|5B|5D)/g, (code) => decodeURIComponent(code));
}

/** Return the filters without these, and without those that mean nothing once the campaign is gone. */
export function withoutFilters(filters: Filters, ...names: (keyof Filters)[]): Filters {
  const left: Filters = { ...filters };
  for (const name of names) delete left[name];
  if (left.campaign === undefined) for (const name of OF_CAMPAIGN) delete left[name];
  if (left.duplicate_of === undefined) delete left.distance;
  return left;
}

/** Return what selects the same images in a request, or null for withdrawn ones, which nothing selects. */
export function asQuery(filters: Filters): ImageQuery | null {
  const { withdrawn, ...query } = filters;
  if (withdrawn) return null;
  // A query names at least one filter. What is no image can be in no campaign.
  return Object.keys(query).length ? query : { filetype: "any" };
}

/** Return a filter in words, for people. */
export function describeFilter(name: keyof Filters, filters: Filters): string {
  const value = filters[name];
  if (name === "metadata") return Object.entries(filters.metadata ?? {}).map(([key, text]) => `${key}: ${text}`).join(", ");
  if (name === "withdrawn" || name === "labeled") return value ? "yes" : "no";
  if (name === "near" && filters.near) return `${filters.near[2]} m around ${filters.near[0]}, ${filters.near[1]}`;
  return Array.isArray(value) ? value.join(", ") : String(value);
}
