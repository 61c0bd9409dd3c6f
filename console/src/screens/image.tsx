// One image: the picture with the boxes of a campaign, what is known of it, and its history.
import "../images/images.css";
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { colorsOf, fetchLabeled, type LabeledImage, marksOf, pictureOf } from "../images/boxes";
import { EditImage, WithdrawImage } from "../images/edit-dialogs";
import { Facts } from "../images/facts";
import { Timeline } from "../images/timeline";
import type { Mark } from "../label/paint";
import type { Picture } from "../label/picture";
import { Stage } from "../label/stage";
import type { View } from "../label/view";
import { useAction, useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, type ScreenProps, setQuery } from "../router";
import { hasRoleIn, isAdmin, readsAll } from "../session";

type Details = Schemas["ImageDetails"];
type Membership = Schemas["CampaignOfImage"];

export default function ImageScreen({ params, query }: ScreenProps) {
  const imageId = Number(params.image);
  const loaded = useLoad(() => data(api.GET("/images/{image_id}/details", { params: { path: { image_id: imageId } } })), [imageId]);
  const [changed, setChanged] = useState<Details | null>(null);
  const image = changed ?? loaded.data;
  if (!image) {
    return (
      <div class="image-wait">
        <ProblemNote error={loaded.error} retry={loaded.reload} />
        {loaded.isLoading && <p role="status">Loading the image …</p>}
      </div>
    );
  }
  return <ImagePage image={image} query={query} onChanged={setChanged} />;
}

interface PageProps {
  image: Details;
  query: URLSearchParams;
  onChanged: (image: Details) => void;
}

function ImagePage({ image, query, onChanged }: PageProps) {
  const [dialog, setDialog] = useState<"edit" | "withdraw" | null>(null);
  const revision = Number(query.get("revision")) || null;
  const campaignId = Number(query.get("campaign")) || (image.campaigns.find((campaign) => campaign.object_count > 0) ?? image.campaigns[0])?.campaign_id || null;
  const boxes = useLoad(() => loadBoxes(campaignId, image.image_id, revision), [campaignId, revision, image.image_id]);
  const { picture, words } = pictureOf(image);
  const show = (campaign: number, of: number | null) => setQuery({ campaign: String(campaign), revision: of === null ? null : String(of) });
  return (
    <div class="image">
      <div class="image-stage">
        {picture ? <Shown key={picture.id} picture={picture} marks={boxes.data?.marks ?? []} name={image.file_name} /> : <p class="stage-words">{words}</p>}
      </div>
      <aside class="image-side" aria-label="About the image">
        <h1>
          <bdi>{image.file_name}</bdi>
        </h1>
        {image.withdrawal && <WithdrawalNote withdrawal={image.withdrawal} />}
        <div class="row">
          {image.download_url && (
            <a class="button" href={image.download_url} target="_blank" rel="noreferrer">
              Open the file
            </a>
          )}
          {picture && <SavePreview image={image} campaignId={campaignId} />}
          {isAdmin.value && !image.withdrawal && (
            <>
              <button type="button" onClick={() => setDialog("edit")}>
                Change …
              </button>
              <button type="button" class="danger" onClick={() => setDialog("withdraw")}>
                Withdraw …
              </button>
            </>
          )}
        </div>
        <section aria-labelledby="labels">
          <h2 id="labels">Labels</h2>
          {revision !== null && (
            <p class="note">
              The boxes are those of submission {revision}.{" "}
              <button type="button" onClick={() => setQuery({ revision: null })}>
                Show those of now
              </button>
            </p>
          )}
          <ProblemNote error={boxes.error} retry={boxes.reload} />
          {!image.campaigns.length && <p class="quiet">The image is in no campaign{readsAll.value ? "" : " of yours"}.</p>}
          <ul class="memberships">
            {image.campaigns.map((campaign) => (
              <CampaignEntry
                key={campaign.campaign_id}
                campaign={campaign}
                imageId={image.image_id}
                isShown={campaign.campaign_id === campaignId}
                onShow={() => show(campaign.campaign_id, null)}
              />
            ))}
          </ul>
          {image.campaign_count > image.campaigns.length && <p class="quiet">It is in {image.campaign_count} campaigns; the newest are listed.</p>}
        </section>
        <h2>Facts</h2>
        <Facts image={image} readsAll={readsAll.value} />
        {readsAll.value && <Timeline imageId={image.image_id} shown={revision} onShow={(found) => show(found.campaign.campaign_id, found.submission_id)} />}
      </aside>
      {dialog === "edit" && <EditImage image={image} isOpen onClose={() => setDialog(null)} onChanged={onChanged} />}
      {dialog === "withdraw" && <WithdrawImage image={image} isOpen onClose={() => setDialog(null)} onChanged={onChanged} />}
    </div>
  );
}

async function loadBoxes(campaignId: number | null, imageId: number, revision: number | null): Promise<{ marks: Mark[]; labeled: LabeledImage | null }> {
  if (campaignId === null) return { marks: [], labeled: null };
  const [campaign, labeled] = await Promise.all([
    data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: campaignId } } })),
    fetchLabeled(campaignId, imageId, revision),
  ]);
  const objects = labeled?.objects ?? [];
  return { marks: marksOf(objects, colorsOf(campaign.classes, objects)), labeled };
}

/** The picture with boxes upon it; words where the browser cannot show it. */
function Shown({ picture, marks, name }: { picture: Picture; marks: Mark[]; name: string }) {
  const view = useSignal<View | null>(null);
  const shown = useSignal<readonly Mark[]>(marks);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    shown.value = marks;
  }, [marks]);
  const label = `${name} with ${marks.length} boxes. The wheel magnifies, and the mouse moves the image.`;
  return (
    <>
      <Stage picture={picture} marks={shown} view={view} label={label} onBroken={() => setBroken(true)} />
      {isBroken && (
        <p class="stage-words" role="alert">
          The picture does not load. Its file may be gone or broken; the link may have expired: reload the page.
        </p>
      )}
    </>
  );
}

function WithdrawalNote({ withdrawal }: { withdrawal: NonNullable<Details["withdrawal"]> }) {
  return (
    <p class="note note-problem">
      Withdrawn <Time at={withdrawal.date_created} />
      {withdrawal.created_by && ` by ${withdrawal.created_by}`}: {withdrawal.reason}
    </p>
  );
}

interface CampaignEntryProps {
  campaign: Membership;
  imageId: number;
  isShown: boolean;
  onShow: () => void;
}

function CampaignEntry({ campaign, imageId, isShown, onShow }: CampaignEntryProps) {
  const id = campaign.campaign_id;
  return (
    <li>
      <p class="row">
        <Link to={`/campaigns/${id}`}>{campaign.title}</Link> <StateTag state={campaign.state} />
        {campaign.object_count > 0 && <span>{campaign.object_count === 1 ? "1 box" : `${campaign.object_count} boxes`}</span>}
        {campaign.review && <StateTag state={campaign.review.verdict} />}
      </p>
      {campaign.reason && <p>Cannot be labeled: {campaign.reason}</p>}
      {campaign.review?.comment && <p>{campaign.review.comment}</p>}
      <p class="row">
        <button type="button" aria-pressed={isShown} onClick={onShow}>
          Show its boxes
        </button>
        {(isAdmin.value || hasRoleIn(id, "labeler")) && <Link to={`/campaigns/${id}/label/${imageId}`}>Label</Link>}
        {(readsAll.value || hasRoleIn(id, "reviewer")) && <Link to={`/campaigns/${id}/review/${imageId}`}>{readsAll.value && !isAdmin.value ? "Compare" : "Review"}</Link>}
      </p>
    </li>
  );
}

/** A button that saves a picture of at most 2,048 pixels, with the boxes of a campaign drawn on it. */
function SavePreview({ image, campaignId }: { image: Details; campaignId: number | null }) {
  const save = useAction(async () => {
    const query = campaignId === null ? {} : { campaign: campaignId };
    const params = { path: { image_id: image.image_id }, query };
    const picture = await data<unknown>(api.GET("/images/{image_id}/preview", { params, parseAs: "blob" }));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(picture as Blob);
    link.download = `${image.file_name.replace(/\.[^.]*$/, "")}-boxes.jpg`;
    link.click();
    // The download has its own copy after this turn.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
  return (
    <>
      <button type="button" onClick={() => void save.run()} disabled={save.isRunning}>
        {save.isRunning ? "Drawing …" : "Save a picture with boxes"}
      </button>
      <ProblemNote error={save.error} />
    </>
  );
}
