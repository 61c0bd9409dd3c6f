// Verdicts, and the way from one image without a verdict to the next.
import { api, data, newIdempotencyKey, type Schemas } from "../api";

export type CampaignImage = Schemas["CampaignImage"];

const LABELED = ["labeled" as const, "empty" as const, "unusable" as const];

/** Return the id of the next image that is labeled and has no verdict, from an image on and then from the beginning; null if there is none. */
export async function findUndecided(campaignId: number, after: number): Promise<number | null> {
  for (const from of after ? [after, 0] : [0]) {
    const query = { after: from, per_page: 2, state: LABELED, review: ["none" as const] };
    const params = { path: { campaign_id: campaignId }, query };
    const { images } = await data(api.GET("/campaigns/{campaign_id}/images", { params }));
    // After the last one the search begins again, and must not end where it began.
    const found = images.find((image) => image.image_id !== after);
    if (found) return found.image_id;
  }
  return null;
}

export interface Decision {
  imageId: number;
  revision: number | null;
  verdict: Schemas["Verdict"];
  comment: string | null;
}

/** Store a verdict on what was seen. Throws Problem: a 412 says that somebody has changed the labels meanwhile. */
export async function decide(campaignId: number, { imageId, revision, verdict, comment }: Decision): Promise<void> {
  const body = [{ image_id: imageId, verdict, comment, ...(revision === null ? {} : { revision }) }];
  const params = { path: { campaign_id: campaignId }, header: { "Idempotency-Key": newIdempotencyKey() } };
  await data(api.PUT("/campaigns/{campaign_id}/reviews", { params, body }));
}
