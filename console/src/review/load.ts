// What the review of an image shows: the labels under review, and those with which they are compared.
import { api, data, type Schemas } from "../api";
import { colorsOf, fetchLabeled, type LabeledImage, marksOf, pictureOf } from "../images/boxes";
import type { Mark } from "../label/paint";
import { prefetch } from "../label/picture";
import { compare, type Counts, type FoundDifference } from "./comparison";
import { findUndecided } from "./decide";
import { TooManyPairs } from "./matching";

type LabelObject = Schemas["Object"];

/** What labels are compared with: those of another campaign, or those that a submission of the same one left. */
export type Opposite = { campaign: number } | { revision: number } | null;

export interface Reviewed {
  campaign: Schemas["Campaign"];
  details: Schemas["ImageDetails"];
  labeled: LabeledImage;
  here: Mark[];
  /** What the second stage shows; null without a comparison. */
  other: { words: string; marks: Mark[] } | null;
  counts: Counts | null;
  differences: FoundDifference[];
  /** Why the differences are not marked; empty if they are. */
  warning: string;
}

interface OtherLabels {
  words: string;
  objects: readonly LabelObject[];
  classes: readonly Schemas["CampaignClass"][];
}

/** Return all that is shown. Throws Problem, and Error in words for an image that is not in the campaign. */
export async function loadReview(campaignId: number, imageId: number, opposite: Opposite): Promise<Reviewed> {
  const [campaign, details, labeled, other] = await Promise.all([
    data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: campaignId } } })),
    data(api.GET("/images/{image_id}/details", { params: { path: { image_id: imageId } } })),
    fetchLabeled(campaignId, imageId),
    loadOther(campaignId, imageId, opposite),
  ]);
  if (!labeled) throw new Error(`Image ${imageId} is not in this campaign.`);
  const color = colorsOf([...campaign.classes, ...(other?.classes ?? [])], [...labeled.objects, ...(other?.objects ?? [])]);
  return { campaign, details, labeled, ...mark(labeled.objects, other, color) };
}

function mark(objects: readonly LabelObject[], other: OtherLabels | null, color: (label: string) => string) {
  const plain = { here: marksOf(objects, color), other: null, counts: null, differences: [], warning: "" };
  if (!other) return plain;
  try {
    const { here, there, counts, differences } = compare(objects, other.objects, color);
    return { here, other: { words: other.words, marks: there }, counts, differences, warning: "" };
  } catch (error) {
    if (!(error instanceof TooManyPairs)) throw error;
    return { ...plain, other: { words: other.words, marks: marksOf(other.objects, color) }, warning: error.message };
  }
}

async function loadOther(campaignId: number, imageId: number, opposite: Opposite): Promise<OtherLabels | null> {
  if (!opposite) return null;
  if ("revision" in opposite) {
    const labeled = await fetchLabeled(campaignId, imageId, opposite.revision);
    const words = `As submission ${opposite.revision} left it${stateWords(labeled)}`;
    return { words, objects: labeled?.objects ?? [], classes: [] };
  }
  const [campaign, labeled] = await Promise.all([
    data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: opposite.campaign } } })),
    fetchLabeled(opposite.campaign, imageId),
  ]);
  const words = `Campaign ${campaign.title}${stateWords(labeled)}`;
  return { words, objects: labeled?.objects ?? [], classes: campaign.classes };
}

function stateWords(labeled: LabeledImage | null): string {
  if (!labeled) return ": the image is not in it";
  if (labeled.state === "unusable") return `: cannot be labeled (${labeled.reason})`;
  return labeled.state === "labeled" ? "" : `: ${labeled.state}`;
}

/** Fetch the picture of the next image without a verdict, so that it is there at once. */
export async function prefetchNext(campaignId: number, imageId: number): Promise<void> {
  const next = await findUndecided(campaignId, imageId);
  if (next === null) return;
  const { picture } = pictureOf(await data(api.GET("/images/{image_id}/details", { params: { path: { image_id: next } } })));
  if (picture) prefetch(picture);
}

export interface OppositeChoice {
  /** The query of the address. */
  value: string;
  words: string;
}

/** Return with what an image can be compared. `readsAll`: the caller may see its history. */
export async function listOpposites(campaignId: number, image: Schemas["ImageDetails"], revision: number | null, readsAll: boolean): Promise<OppositeChoice[]> {
  const others = image.campaigns.filter((campaign) => campaign.campaign_id !== campaignId && campaign.state !== "unlabeled");
  const choices = others.map((campaign) => ({ value: `against=${campaign.campaign_id}`, words: `Campaign ${campaign.title}` }));
  if (revision === null) return choices;
  const before = { path: { campaign_id: campaignId }, query: { after: revision, per_page: 1 } };
  const [last] = (await data(api.GET("/campaigns/{campaign_id}/submissions", { params: before }))).submissions;
  const earlier = last?.submission_id ? [{ value: `revision=${last.submission_id}`, words: "Before its last change" }] : [];
  if (!readsAll) return [...earlier, ...choices];
  const params = { path: { image_id: image.image_id }, query: { after: 0, per_page: 100 } };
  const { history } = await data(api.GET("/images/{image_id}/history", { params }));
  const past = history
    .filter((entry) => entry.campaign.campaign_id === campaignId && entry.submission_id !== revision && entry.submission_id !== last?.submission_id)
    .map((entry) => ({ value: `revision=${entry.submission_id}`, words: `Submission ${entry.submission_id}, ${entry.date_created.slice(0, 10)}` }));
  return [...earlier, ...past, ...choices];
}
