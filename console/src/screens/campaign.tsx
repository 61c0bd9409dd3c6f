// One campaign: its steps, its numbers, its classes, its people, its history and what it has published.
import "./admin.css";
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { AddImages } from "../campaign/add-images";
import { CampaignMenu } from "../campaign/campaign-menu";
import { ClassEditor } from "../campaign/class-editor";
import { ClassTable } from "../campaign/class-table";
import { Datasets } from "../campaign/datasets";
import { History } from "../campaign/history";
import { Members } from "../campaign/members";
import { RelabelForm } from "../campaign/relabel";
import { Statistics } from "../campaign/statistics";
import { Steps } from "../campaign/steps";
import { useLoad } from "../parts/load";
import { MetadataList } from "../parts/metadata";
import { ProblemNote } from "../parts/problem";
import { formatCount, Progress } from "../parts/progress";
import { StateTag, Tag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, type ScreenProps } from "../router";
import { hasRoleIn, isAdmin, readsAll } from "../session";

type Campaign = Schemas["Campaign"];

const REFRESH_SECONDS = 2;
const PARTS = ["overview", "statistics", "classes", "people", "history", "datasets"] as const;
type Part = (typeof PARTS)[number];
const TITLES: Record<Part, string> = {
  overview: "Overview",
  statistics: "Statistics",
  classes: "Classes and instructions",
  people: "People",
  history: "History and relabel",
  datasets: "Datasets",
};

export default function CampaignScreen({ params, query }: ScreenProps) {
  const id = Number(params.campaign);
  const part = PARTS.find((name) => name === query.get("part")) ?? "overview";
  const [isPublishing, setPublishing] = useState(false);
  const load = async () => {
    const campaign = await data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: id } } }));
    setPublishing(campaign.publication !== null && ["queued", "running"].includes(campaign.publication.state));
    return campaign;
  };
  const loaded = useLoad(load, [id], { everySeconds: isPublishing ? REFRESH_SECONDS : null });
  const campaign = loaded.data;
  if (!campaign) return <ProblemNote error={loaded.error} retry={loaded.reload} />;
  return (
    <>
      <header class="bar">
        <h1>
          {campaign.title} <StateTag state={campaign.status} /> {campaign.archived && <Tag kind="quiet">archived</Tag>}
        </h1>
        <WorkLinks campaign={campaign} />
        {isAdmin.value && <CampaignMenu campaign={campaign} reload={loaded.reload} />}
      </header>
      <ProblemNote error={loaded.error} retry={loaded.reload} />
      <nav class="parts" aria-label="Parts of the campaign">
        {PARTS.filter((name) => name !== "datasets" || readsAll.value).map((name) => (
          <Link key={name} to={`/campaigns/${id}${name === "overview" ? "" : `?part=${name}`}`} aria-current={name === part ? "page" : undefined}>
            {TITLES[name]}
          </Link>
        ))}
      </nav>
      <PartOf campaign={campaign} part={part} reload={loaded.reload} />
    </>
  );
}

/** The pages on which people label and review. */
function WorkLinks({ campaign }: { campaign: Campaign }) {
  const { campaign_id: id, status, archived } = campaign;
  if (archived || !campaign.progress.total) return null;
  const labels = campaign.kind === "people" && status === "active" && (isAdmin.value || hasRoleIn(id, "labeler"));
  const reviews = status !== "created" && (readsAll.value || hasRoleIn(id, "reviewer"));
  return (
    <>
      {labels && (
        <Link class="button" to={`/campaigns/${id}/label`}>
          Label
        </Link>
      )}
      {reviews && (
        <Link class="button" to={`/campaigns/${id}/review`}>
          Review
        </Link>
      )}
    </>
  );
}

function PartOf({ campaign, part, reload }: { campaign: Campaign; part: Part; reload: () => Promise<void> }) {
  const canEdit = isAdmin.value && !campaign.archived;
  const isOpen = campaign.status === "active" || campaign.status === "completed";
  if (part === "statistics") return <Statistics campaignId={campaign.campaign_id} />;
  if (part === "people") return <Members campaign={campaign} reload={reload} />;
  if (part === "datasets" && readsAll.value) return <Datasets campaign={campaign} />;
  if (part === "classes") {
    if (canEdit && campaign.status !== "finished") return <ClassEditor campaign={campaign} onSaved={() => void reload()} />;
    return <ClassTable campaign={campaign} />;
  }
  if (part === "history") {
    return (
      <>
        {canEdit && isOpen && <RelabelForm campaign={campaign} reload={reload} />}
        <History campaign={campaign} reload={reload} />
      </>
    );
  }
  return <Overview campaign={campaign} reload={reload} />;
}

function Overview({ campaign, reload }: { campaign: Campaign; reload: () => Promise<void> }) {
  const takesImages = campaign.status === "created" || campaign.status === "active";
  return (
    <>
      <Steps campaign={campaign} reload={reload} />
      <Numbers campaign={campaign} />
      {isAdmin.value && !campaign.archived && takesImages && <AddImages campaign={campaign} reload={reload} />}
    </>
  );
}

function Numbers({ campaign }: { campaign: Campaign }) {
  const { progress, campaign_id: id } = campaign;
  const { states, reviews } = progress;
  return (
    <section aria-labelledby="progress-heading">
      <h2 id="progress-heading">Progress</h2>
      <p class="row">
        <Progress done={progress.done} total={progress.total} label="Images done" />
        {readsAll.value && <Link to={`/images?campaign=${id}`}>Show its images</Link>}
      </p>
      <dl class="facts">
        <dt>Images</dt>
        <dd>
          {formatCount(states.labeled)} labeled, {formatCount(states.empty)} empty, {formatCount(states.unusable)} unusable, {formatCount(states.unlabeled)} unlabeled
        </dd>
        <dt>Reviews</dt>
        <dd>
          {formatCount(reviews.accepted)} accepted, {formatCount(reviews.rejected)} rejected
        </dd>
        {campaign.kind === "model" && <dt>Model</dt>}
        {campaign.kind === "model" && (
          <dd>
            <bdi>{campaign.model}</bdi> <bdi>{campaign.version}</bdi>
          </dd>
        )}
        {campaign.prelabels_from !== null && <dt>Suggestions</dt>}
        {campaign.prelabels_from !== null && (
          <dd>
            from <Link to={`/campaigns/${campaign.prelabels_from}`}>campaign {campaign.prelabels_from}</Link>
          </dd>
        )}
        <dt>Late corrections</dt>
        <dd>{campaign.late_corrections ? "allowed until the campaign is finished" : "not allowed once it is completed"}</dd>
        <dt>Created</dt>
        <dd>
          <Time at={campaign.date_created} isExact /> {campaign.created_by && <bdi>by {campaign.created_by}</bdi>}
        </dd>
        <dt>Started</dt>
        <dd>
          <Time at={campaign.date_started} isExact />
        </dd>
        <dt>Completed</dt>
        <dd>
          <Time at={campaign.date_completed} isExact />
        </dd>
        <dt>Finished</dt>
        <dd>
          <Time at={campaign.date_finished} isExact />
        </dd>
        <dt>Metadata</dt>
        <dd>
          <MetadataList metadata={campaign.metadata} />
        </dd>
      </dl>
    </section>
  );
}
