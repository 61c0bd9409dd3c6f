// The images around the present one, as small pictures.

import { Link } from "../router";
import type { CampaignImage } from "./service.ts";
import type { Work } from "./work.ts";

export function Strip({ work }: { work: Work }) {
  const opened = work.opened.value;
  if (opened === null) return null;
  const images = [...(work.previous.value ? [work.previous.value] : []), ...opened.following];
  return (
    <nav class="strip" aria-label="Images around this one">
      {images.map((image) => (
        <Tile key={image.image_id} image={image} campaign={work.campaignId} isHere={image.image_id === opened.image.image_id} />
      ))}
    </nav>
  );
}

function Tile({ image, campaign, isHere }: { image: CampaignImage; campaign: number; isHere: boolean }) {
  const state = image.review?.verdict === "rejected" ? "sent back" : image.state;
  return (
    <Link to={`/campaigns/${campaign}/label/${image.image_id}`} class="tile" aria-current={isHere ? "page" : undefined} title={`${image.file_name}: ${state}`}>
      {image.thumbnail_url ? <img src={image.thumbnail_url} alt="" loading="lazy" decoding="async" /> : <span class="tile-empty" />}
      <span class={`tile-state tile-${image.state}`}>{state}</span>
      <span class="hidden">{image.file_name}</span>
    </Link>
  );
}
