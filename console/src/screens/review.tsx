// The review of one image: its labels, alone or beside others with the differences marked, and the verdict on them.
import "../review/review.css";
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { pictureOf } from "../images/boxes";
import type { Size } from "../label/geometry";
import type { Mark } from "../label/paint";
import { Stage } from "../label/stage";
import { showBox, type View } from "../label/view";
import { takesSingleKey, useKeySheet } from "../parts/key-sheet";
import { useAction, useLoad } from "../parts/load";
import { notify } from "../parts/notice";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { StateTag } from "../parts/tags";
import { Problem } from "../problem";
import { Link, navigate, type ScreenProps } from "../router";
import { hasRoleIn, isAdmin, readsAll } from "../session";
import type { FoundDifference } from "../review/comparison";
import { decide, findUndecided } from "../review/decide";
import { listOpposites, loadReview, type Opposite, prefetchNext, type Reviewed } from "../review/load";
import { VerdictPanel } from "../review/verdict";

const MOST_LISTED = 200;

export default function Review({ params, query }: ScreenProps) {
  const campaignId = Number(params.campaign);
  const imageId = Number(params.image);
  const against = Number(query.get("against"));
  const revision = Number(query.get("revision"));
  const opposite: Opposite = against ? { campaign: against } : revision ? { revision } : null;
  const loaded = useLoad(() => loadReview(campaignId, imageId, opposite), [campaignId, imageId, against, revision]);
  useEffect(() => {
    // Without an answer the next picture is only fetched later.
    if (loaded.data) prefetchNext(campaignId, imageId).catch(() => undefined);
  }, [loaded.data]);
  if (!loaded.data) {
    return (
      <div class="image-wait">
        <ProblemNote error={loaded.error} retry={loaded.reload} />
        {loaded.isLoading && <p role="status">Loading the image …</p>}
      </div>
    );
  }
  return <ReviewPage reviewed={loaded.data} against={against} revision={revision} reload={loaded.reload} />;
}

interface PageProps {
  reviewed: Reviewed;
  against: number;
  revision: number;
  reload: () => Promise<void>;
}

function ReviewPage({ reviewed, against, revision, reload }: PageProps) {
  const { campaign, details, labeled } = reviewed;
  const id = campaign.campaign_id;
  const view = useSignal<View | null>(null);
  const size = useSignal<Size>({ width: 0, height: 0 });
  const chosenHere = useSignal<number | null>(null);
  const chosenThere = useSignal<number | null>(null);
  const isHidden = useSignal(false);
  const [isStale, setStale] = useState(false);
  const { picture, words } = pictureOf(details);

  const next = async () => {
    const found = await findUndecided(id, details.image_id);
    if (found === null) notify("Every labeled image has a verdict.");
    else navigate(`/campaigns/${id}/review/${found}${against ? `?against=${against}` : ""}`);
  };
  const give = async (verdict: Schemas["Verdict"], comment: string | null) => {
    try {
      await decide(id, { imageId: details.image_id, revision: labeled.revision, verdict, comment });
    } catch (error) {
      if (!(error instanceof Problem && error.status === 412)) throw error;
      setStale(true);
      return reload();
    }
    notify(`${details.file_name} is ${verdict}.`);
    const found = await findUndecided(id, details.image_id);
    if (found === null) await reload();
    else navigate(`/campaigns/${id}/review/${found}${against ? `?against=${against}` : ""}`);
  };
  const show = (difference: FoundDifference) => {
    chosenHere.value = difference.here;
    chosenThere.value = difference.there;
    if (view.value && picture) view.value = showBox(view.value, difference.box, picture, size.value);
  };
  useKeySheet("Review of boxes", [{ keys: "H", words: "Hide the boxes, or show them again" }]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "h" || event.ctrlKey || event.altKey || event.metaKey || !takesSingleKey(event)) return;
      isHidden.value = !isHidden.value;
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  const stage = (marks: Mark[], name: string, chosen: Signal<number | null>) =>
    picture ? (
      <ReviewStage picture={picture} marks={marks} name={name} chosen={chosen} view={view} size={size} hidden={isHidden} />
    ) : (
      <p class="stage-words">{words}</p>
    );
  return (
    <div class="review">
      <div class={reviewed.other ? "review-stages is-double" : "review-stages"}>
        <section aria-label="Under review">
          <h2>
            Under review <StateTag state={labeled.state} /> {labeled.reason && <bdi>{labeled.reason}</bdi>}
          </h2>
          {stage(reviewed.here, "Under review", chosenHere)}
        </section>
        {reviewed.other && (
          <section aria-label="Compared with">
            <h2>
              <bdi>{reviewed.other.words}</bdi>
            </h2>
            {stage(reviewed.other.marks, "Compared with", chosenThere)}
          </section>
        )}
      </div>
      <aside class="review-side" aria-label="Review">
        <h1>
          <bdi>{details.file_name}</bdi>
        </h1>
        <p>
          <Link to={`/campaigns/${id}`}>{campaign.title}</Link> · <Link to={`/images/${details.image_id}?campaign=${id}`}>All about the image</Link>
        </p>
        <ReviewProgress progress={campaign.progress} />
        {isStale && (
          <p class="note" role="alert">
            The labels have changed since you opened the image, so there is no verdict. These are the new ones.
          </p>
        )}
        <VerdictPanel
          // Another image begins without the words for the last one.
          key={`${details.image_id} ${labeled.revision}`}
          review={labeled.review}
          whyNot={whyNoVerdict(reviewed)}
          onDecide={give}
          onNext={next}
        />
        <Reopen campaign={campaign} onDone={reload} />
        <OppositeField reviewed={reviewed} value={against ? `against=${against}` : revision ? `revision=${revision}` : ""} />
        {reviewed.warning && <p class="note note-problem">{reviewed.warning}</p>}
        {reviewed.counts && <Differences reviewed={reviewed} onShow={show} />}
        <label class="check">
          <input type="checkbox" checked={isHidden.value} onChange={(event) => (isHidden.value = event.currentTarget.checked)} />
          <span>
            Hide the boxes <kbd>H</kbd>
          </span>
        </label>
      </aside>
    </div>
  );
}

/** Why the caller can give no verdict now, or null. */
function whyNoVerdict({ campaign, labeled, details }: Reviewed): string | null {
  if (!isAdmin.value && !hasRoleIn(campaign.campaign_id, "reviewer")) return "Reviewers of the campaign and image-admins give verdicts.";
  if (campaign.archived) return "The campaign is archived.";
  if (campaign.status !== "active" && campaign.status !== "completed") return `The campaign is ${campaign.status}: it takes no verdicts.`;
  if (details.withdrawal) return "The image was withdrawn.";
  return labeled.state === "unlabeled" ? "Nobody has labeled the image yet." : null;
}

interface StageProps {
  picture: NonNullable<ReturnType<typeof pictureOf>["picture"]>;
  marks: Mark[];
  name: string;
  chosen: Signal<number | null>;
  view: Signal<View | null>;
  size: Signal<Size>;
  hidden: Signal<boolean>;
}

function ReviewStage({ picture, marks, name, chosen, view, size, hidden }: StageProps) {
  const shown = useSignal<readonly Mark[]>(marks);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    shown.value = marks;
  }, [marks]);
  const label = `${name}: ${marks.length} boxes. The wheel magnifies, and the mouse moves the image.`;
  return (
    <div class="review-stage">
      <Stage picture={picture} marks={shown} chosen={chosen} view={view} size={size} hidden={hidden} label={label} onBroken={() => setBroken(true)} />
      {isBroken && (
        <p class="stage-words" role="alert">
          The picture does not load. Its file may be gone or broken.
        </p>
      )}
    </div>
  );
}

function ReviewProgress({ progress }: { progress: Schemas["Progress"] }) {
  const left = progress.reviews.none - progress.states.unlabeled;
  return (
    <p>
      <b>{formatCount(left)}</b> to review, {formatCount(progress.reviews.accepted)} accepted, {formatCount(progress.reviews.rejected)} rejected
    </p>
  );
}

/** A completed campaign takes no corrections until it is active again. */
function Reopen({ campaign, onDone }: { campaign: Schemas["Campaign"]; onDone: () => Promise<void> }) {
  const reopen = useAction(async () => {
    const params = { path: { campaign_id: campaign.campaign_id }, query: { reopen: true } };
    await data(api.PUT("/campaigns/{campaign_id}/reviews", { params, body: [] }));
    notify("The campaign is active again.");
    await onDone();
  });
  const mayDecide = isAdmin.value || hasRoleIn(campaign.campaign_id, "reviewer");
  if (!mayDecide || campaign.status !== "completed" || !campaign.progress.reviews.rejected || campaign.archived) return null;
  return (
    <div class="note">
      <p>The campaign is completed. Labelers correct the rejected images once it is active again.</p>
      <ProblemNote error={reopen.error} />
      <button type="button" disabled={reopen.isRunning} onClick={() => void reopen.run()}>
        Make it active
      </button>
    </div>
  );
}

function OppositeField({ reviewed, value }: { reviewed: Reviewed; value: string }) {
  const { campaign, details, labeled } = reviewed;
  const load = () => listOpposites(campaign.campaign_id, details, labeled.revision, readsAll.value);
  const choices = useLoad(load, [campaign.campaign_id, details.image_id, labeled.revision]);
  const listed = choices.data ?? [];
  const choose = (chosen: string) => navigate(`/campaigns/${campaign.campaign_id}/review/${details.image_id}${chosen ? `?${chosen}` : ""}`, { replace: true });
  if (!listed.length && !value) return null;
  return (
    <label class="field">
      <span>Compare with</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">Nothing</option>
        {value && !listed.some((choice) => choice.value === value) && <option value={value}>{reviewed.other?.words ?? value}</option>}
        {listed.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.words}
          </option>
        ))}
      </select>
    </label>
  );
}

function Differences({ reviewed, onShow }: { reviewed: Reviewed; onShow: (difference: FoundDifference) => void }) {
  const { counts, differences } = reviewed;
  if (!counts) return null;
  const rows: [string, number][] = [
    ["+ Only under review", counts.onlyHere],
    ["− Only there", counts.onlyThere],
    ["~ Moved", counts.moved],
    ["≠ Other class", counts.otherClass],
    ["Same", counts.same],
  ];
  return (
    <section aria-labelledby="differences">
      <h2 id="differences">Differences</h2>
      <dl class="facts">
        {rows.map(([words, count]) => (
          <>
            <dt>{words}</dt>
            <dd>{formatCount(count)}</dd>
          </>
        ))}
      </dl>
      <ol class="differences">
        {differences.slice(0, MOST_LISTED).map((difference) => (
          <li key={`${difference.here} ${difference.there}`}>
            <button type="button" class="plain" onClick={() => onShow(difference)}>
              <bdi>{difference.words}</bdi>
            </button>
          </li>
        ))}
      </ol>
      {differences.length > MOST_LISTED && <p class="quiet">{formatCount(differences.length - MOST_LISTED)} more are marked on the image.</p>}
    </section>
  );
}
