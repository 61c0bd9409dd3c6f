// The history of an image: what each submission made of it, newest first.
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { useAction, useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { StateTag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link } from "../router";

type Revision = Schemas["ImageRevision"];

const PER_PAGE = 20;
const KINDS: Record<string, string> = { submission: "submitted", import: "imported", restore: "restored", relabel: "relabeled" };

interface TimelineProps {
  imageId: number;
  /** Show the boxes of a revision. */
  onShow: (revision: Revision) => void;
  shown: number | null;
}

async function fetchHistory(imageId: number, after: number): Promise<Revision[]> {
  const params = { path: { image_id: imageId }, query: { after, per_page: PER_PAGE } };
  return (await data(api.GET("/images/{image_id}/history", { params }))).history;
}

export function Timeline({ imageId, onShow, shown }: TimelineProps) {
  const first = useLoad(() => fetchHistory(imageId, 0), [imageId]);
  const [older, setOlder] = useState<Revision[]>([]);
  const [isEnd, setEnd] = useState(false);
  const revisions = [...(first.data ?? []), ...older];
  const more = useAction(async () => {
    const found = await fetchHistory(imageId, revisions.at(-1)?.submission_id ?? 0);
    setOlder([...older, ...found]);
    setEnd(found.length < PER_PAGE);
  });
  const hasMore = !isEnd && (first.data?.length ?? 0) === PER_PAGE;
  return (
    <section class="timeline" aria-labelledby="history">
      <h2 id="history">History</h2>
      <ProblemNote error={first.error} retry={first.reload} />
      {first.data && !revisions.length && <p class="quiet">Nobody has labeled this image.</p>}
      <ol>
        {revisions.map((revision) => (
          <Entry key={`${revision.campaign.campaign_id} ${revision.submission_id}`} revision={revision} imageId={imageId} onShow={onShow} isShown={revision.submission_id === shown} />
        ))}
      </ol>
      <ProblemNote error={more.error} />
      {hasMore && (
        <button type="button" onClick={() => void more.run()} disabled={more.isRunning}>
          Show older ones
        </button>
      )}
    </section>
  );
}

interface EntryProps {
  revision: Revision;
  imageId: number;
  isShown: boolean;
  onShow: (revision: Revision) => void;
}

function Entry({ revision, imageId, isShown, onShow }: EntryProps) {
  const { campaign } = revision;
  return (
    <li>
      <p>
        <Time at={revision.date_created} /> <StateTag state={revision.state} /> {revision.object_count > 0 && `${revision.object_count} boxes, `}
        {KINDS[revision.kind] ?? revision.kind} in <Link to={`/campaigns/${campaign.campaign_id}`}>{campaign.title}</Link>
        {revision.created_by && ` by ${revision.created_by}`}
        {revision.tool && <span class="quiet"> with {revision.tool}</span>}
      </p>
      {revision.reason && <p>Reason: {revision.reason}</p>}
      {revision.note && <p class="quiet">{revision.note}</p>}
      {revision.reviews.map((review) => (
        <p key={review.date_created}>
          <StateTag state={review.verdict} /> <Time at={review.date_created} />
          {review.created_by && ` by ${review.created_by}`}
          {review.comment && `: ${review.comment}`}
        </p>
      ))}
      <p class="row">
        <button type="button" aria-pressed={isShown} onClick={() => onShow(revision)}>
          Show these boxes
        </button>
        <Link to={`/campaigns/${campaign.campaign_id}/review/${imageId}?revision=${revision.submission_id}`}>Compare with now</Link>
      </p>
    </li>
  );
}
