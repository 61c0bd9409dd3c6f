// The boxes of one image in one campaign, now or at a moment of the past.
import { api, data, type Schemas } from "../api";
import { classColors, colorAt } from "../label/colors";
import type { Mark } from "../label/paint";
import type { Picture } from "../label/picture";

export type LabeledImage = Schemas["LabeledImage"];
export type Class = Schemas["CampaignClass"];
type Details = Schemas["ImageDetails"];

/** Return an image of a campaign with its objects, or null if it is not in the campaign. `revision`: as that submission left it. */
export async function fetchLabeled(campaignId: number, imageId: number, revision: number | null = null): Promise<LabeledImage | null> {
  const query = { after: imageId - 1, per_page: 1, ...(revision === null ? {} : { as_of: String(revision) }) };
  const params = { path: { campaign_id: campaignId }, query };
  const [found] = (await data(api.GET("/campaigns/{campaign_id}/objects", { params }))).images;
  return found?.image_id === imageId ? found : null;
}

/** Return the color of each label: that of its class, or one by the order in which labels come. */
export function colorsOf(classes: readonly Class[], objects: readonly { label: string }[]): (label: string) => string {
  const colors = classColors(classes);
  for (const { label } of objects) if (!colors.has(label)) colors.set(label, colorAt(colors.size));
  return (label) => colors.get(label) ?? colorAt(0);
}

/** Return objects as the stage draws them. */
export function marksOf(objects: readonly Schemas["Object"][], color: (label: string) => string): Mark[] {
  return objects.map((object) => ({ id: object.object_id, box: object.bounding_box, label: object.label, color: color(object.label) }));
}

/** Return what the stage shows of an image, or why there is nothing to show. */
export function pictureOf(details: Details): { picture: Picture | null; words: string } {
  const { width, height } = details.file.dimensions;
  if (details.withdrawal) return { picture: null, words: "The image was withdrawn, and its file was deleted." };
  if (!details.file.filetype) return { picture: null, words: "The file is not an image." };
  if (!width || !height) return { picture: null, words: "The size of the image cannot be read from its file, so that it cannot be labeled." };
  const preview = details.preview_url ?? null;
  const full = details.download_url ?? null;
  if (!preview && !full) return { picture: null, words: "There is no link to the file." };
  // Browsers show only some formats; of the others there is the preview.
  const shown = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"].includes(details.file.filetype) ? full : null;
  if (!preview && !shown) return { picture: null, words: `Browsers do not show ${details.file.filetype}, and there is no preview yet.` };
  return { picture: { id: details.image_id, width, height, preview, full: shown }, words: "" };
}
