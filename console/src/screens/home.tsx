// The first page: own campaigns for who labels or reviews; everybody who sees everything goes to the overview.
import { useEffect } from "preact/hooks";
import { useLater } from "../label/later.tsx";
import { Empty } from "../parts/empty";
import { useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatCount, Progress } from "../parts/progress";
import { StateTag, Tag } from "../parts/tags";
import { Link, navigate } from "../router";
import { readsAll, refreshRoles, type Role, session } from "../session";

export default function Home() {
  const loading = useLoad(refreshRoles, []);
  const roles = session.value?.roles ?? [];
  const campaigns = roles.filter((role) => role.campaign !== null);
  const leaves = readsAll.value && campaigns.length === 0;
  useEffect(() => {
    if (leaves) navigate("/overview", { replace: true });
  }, [leaves]);
  // What was labeled here before a network or a session was lost is sent now.
  const unsent = useLater(() => import("../label/unsent.tsx"), !leaves);
  if (leaves) return null;
  return (
    <>
      <h1>My campaigns</h1>
      <ProblemNote error={loading.error} retry={loading.reload} />
      {unsent && <unsent.Unsent />}
      {campaigns.length === 0 && <NoCampaign />}
      <div class="cards">
        {campaigns.map((role) => (
          <CampaignCard key={`${role.role} ${role.campaign?.campaign_id}`} role={role} />
        ))}
      </div>
    </>
  );
}

function NoCampaign() {
  return (
    <Empty title="No campaign is waiting for you">
      <p>The person who gave you the key can add you to a campaign. Then it appears here.</p>
    </Empty>
  );
}

function CampaignCard({ role }: { role: Role }) {
  const campaign = role.campaign;
  if (!campaign) return null;
  const { progress } = campaign;
  const isReviewer = role.role === "reviewer";
  return (
    <section class="card" aria-label={campaign.title}>
      <h2>{campaign.title}</h2>
      <p class="row">
        <StateTag state={campaign.status} />
        <Tag kind="quiet">{role.role}</Tag>
      </p>
      <p>
        <Progress done={progress.done} total={progress.total} label="Images done" />
      </p>
      <p class="quiet">{wordsOf(role)}</p>
      <p class="row">
        {isReviewer ? (
          <Link class="button primary" to={`/campaigns/${campaign.campaign_id}/review`}>
            Review
          </Link>
        ) : (
          <Link class="button primary" to={`/campaigns/${campaign.campaign_id}/label`}>
            {progress.done > 0 ? "Go on" : "Begin"}
          </Link>
        )}
      </p>
    </section>
  );
}

function wordsOf(role: Role): string {
  const campaign = role.campaign;
  if (!campaign) return "";
  if (campaign.status === "created") return "It has not started yet. You can look at its images.";
  if (campaign.status === "finished") return "It is finished: its labels are published and stay as they are.";
  const { total, done, reviews } = campaign.progress;
  if (reviews.rejected > 0 && role.role === "labeler") return `${formatCount(reviews.rejected)} came back from the review.`;
  if (done === total) return "Every image is done.";
  return `${formatCount(total - done)} images are left.`;
}
