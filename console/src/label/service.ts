// What the labeling page asks of the API.

import type { Schemas } from "../api";
import { api, data, newIdempotencyKey, Problem } from "../api";
import { NOTHING, fromObjects } from "./content.ts";
import type { Content } from "./content.ts";
import type { Carrier } from "./outbox.ts";
import type { Picture } from "./picture.ts";
import type { Draft, Entry, Outcome, Present } from "./reconcile.ts";
import { readRefusal } from "./reconcile.ts";

export type Campaign = Schemas["Campaign"];
export type CampaignImage = Schemas["CampaignImage"];

/** An image with what its campaign holds of it, and the draft of this user. */
export interface LoadedImage {
  readonly image: CampaignImage;
  readonly present: Present;
  readonly draft: Draft | null;
  readonly suggestions: Content["items"];
  /** This image and some that follow. */
  readonly following: readonly CampaignImage[];
}

const TOOL = "LabelAPI console";
const PATIENCE_MS = 60_000;
const STRIP = 8;

export async function fetchCampaign(campaign: number): Promise<Campaign> {
  return data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: campaign } } }));
}

type Filter = { state?: "unlabeled"[]; review?: "rejected"[] };

/** Images after an id, with the links to their pictures. */
export async function fetchImages(campaign: number, after: number, count: number, filter: Filter = {}): Promise<CampaignImage[]> {
  const query = { after, per_page: count, expand: ["download_url" as const, "preview_url" as const, "thumbnail_url" as const], ...filter };
  return (await data(api.GET("/campaigns/{campaign_id}/images", { params: { path: { campaign_id: campaign }, query } }))).images;
}

export async function fetchPresent(campaign: number, image: number): Promise<Present | null> {
  const query = { after: image - 1, per_page: 1 };
  const page = await data(api.GET("/campaigns/{campaign_id}/objects", { params: { path: { campaign_id: campaign }, query } }));
  const found = page.images[0];
  if (found?.image_id !== image) return null;
  return { revision: found.revision, state: found.state, content: fromObjects(found.objects, found.reason) };
}

async function fetchDraft(campaign: number, image: number, email: string): Promise<Draft | null> {
  const query = { image, user: email };
  const page = await data(api.GET("/campaigns/{campaign_id}/drafts", { params: { path: { campaign_id: campaign }, query } }));
  return (page.drafts[0] as Draft | undefined) ?? null;
}

/** All that is needed to show an image. Null if it is not in the campaign. `email` is that of the user; null reads no draft. */
export async function fetchImage(campaign: number, image: number, email: string | null): Promise<LoadedImage | null> {
  const [following, present, draft] = await Promise.all([
    fetchImages(campaign, image - 1, STRIP),
    fetchPresent(campaign, image),
    email === null ? null : fetchDraft(campaign, image, email),
  ]);
  const found = following[0];
  if (found?.image_id !== image || present === null) return null;
  const suggestions = found.suggestions ? fromObjects(found.suggestions).items : NOTHING.items;
  return { image: found, present, draft, suggestions, following };
}

/** Numbers of ids below an image in which the one before it is looked for, one after the other. */
const WINDOWS = [32, 1000, 5000];

/** The image before another one. The list runs upward only, so that it is read from some ids below on. */
export async function fetchPrevious(campaign: number, image: number): Promise<CampaignImage | null> {
  for (const width of WINDOWS) {
    const after = Math.max(0, image - 1 - width);
    const before = (await fetchImages(campaign, after, width)).filter((one) => one.image_id < image);
    if (before.length > 0 || after === 0) return before.at(-1) ?? null;
  }
  return bisect(campaign, image);
}

/** The last image below an id by its place in the list, for campaigns whose images lie far apart. */
async function bisect(campaign: number, image: number): Promise<CampaignImage | null> {
  const pageOf = (page: number) =>
    data(api.GET("/campaigns/{campaign_id}/images", { params: { path: { campaign_id: campaign }, query: { page, per_page: 1 } } }));
  let [low, high] = [0, (await pageOf(1)).pagination.total ?? 0];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (((await pageOf(middle)).images[0]?.image_id ?? image) < image) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? null : ((await pageOf(low)).images[0] ?? null);
}

/** Images after an id that are not done: nobody labeled them, or a reviewer sent them back. */
export async function fetchOpen(campaign: number, after: number, count: number): Promise<CampaignImage[]> {
  const [unlabeled, rejected] = await Promise.all([
    fetchImages(campaign, after, count, { state: ["unlabeled"] }),
    fetchImages(campaign, after, count, { review: ["rejected"] }),
  ]);
  const found = new Map([...unlabeled, ...rejected].map((image) => [image.image_id, image]));
  return [...found.values()].sort((a, b) => a.image_id - b.image_id).slice(0, count);
}

export function pictureOf(image: CampaignImage): Picture {
  return {
    id: image.image_id,
    // A file without a known size can be looked at, if the browser can, but takes no boxes.
    width: image.width ?? 1024,
    height: image.height ?? 768,
    preview: image.preview_url ?? null,
    full: image.download_url ?? null,
  };
}

async function attempt<Answer>(send: () => Promise<Answer>): Promise<Answer | Outcome> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Problem) return readRefusal(error.status, error.message, error.retryAfterSeconds);
    // Nobody answered, or not within a minute. It may have arrived, which the key makes harmless.
    return { next: "again", afterSeconds: null };
  }
}

const patience = () => AbortSignal.timeout(PATIENCE_MS);

export const carrier: Carrier = {
  newKey: newIdempotencyKey,
  present: fetchPresent,
  sendDraft: ({ campaign, key, body }: Entry) =>
    attempt(async () => {
      const params = { path: { campaign_id: campaign }, header: { "Idempotency-Key": key } };
      await data(api.PUT("/campaigns/{campaign_id}/drafts", { params, body: [body], signal: patience() }));
      return { next: "taken" as const };
    }),
  sendDone: ({ campaign, key, body }: Entry) =>
    attempt(async () => {
      const header = { "Idempotency-Key": key, Prefer: "return=representation" as const };
      const params = { path: { campaign_id: campaign }, header, query: { tool: TOOL } };
      const receipt = await data(api.PUT("/campaigns/{campaign_id}/objects", { params, body: [body], signal: patience() }));
      return { next: "taken" as const, revision: (receipt as Schemas["Submission"]).submission_id };
    }),
};
