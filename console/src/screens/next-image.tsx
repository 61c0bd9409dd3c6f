// Finds the image with which labeling or reviewing goes on, and goes there.
import { useEffect } from "preact/hooks";
import { api, data } from "../api";
import { Empty } from "../parts/empty";
import { useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { Link, navigate, route, type ScreenProps } from "../router";

type Work = "label" | "review";
type Filter = { state?: ("unlabeled" | "labeled" | "empty" | "unusable")[]; review?: ("none" | "accepted" | "rejected")[] };

/** What is looked for first, second, and when everything is done. */
const ORDER: Record<Work, Filter[]> = {
  label: [{ review: ["rejected"] }, { state: ["unlabeled"] }, {}],
  review: [{ state: ["labeled", "empty", "unusable"], review: ["none"] }, {}],
};

export default function NextImage({ params }: ScreenProps) {
  const campaignId = Number(params.campaign);
  const work: Work = route.value.path.endsWith("/review") ? "review" : "label";
  const loading = useLoad(() => findNext(campaignId, work), [campaignId, work]);
  const next = loading.data;
  useEffect(() => {
    if (next) navigate(`/campaigns/${campaignId}/${work}/${next}`, { replace: true });
  }, [next]);
  if (loading.error) return <ProblemNote error={loading.error} retry={loading.reload} />;
  if (loading.isLoading || next) return <p role="status">Looking for the next image …</p>;
  return (
    <Empty title="This campaign has no images yet">
      <p>Images appear here when somebody has added them to the campaign.</p>
      <p>
        <Link to="/">Back to the first page</Link>
      </p>
    </Empty>
  );
}

async function findNext(campaignId: number, work: Work): Promise<number | null> {
  for (const query of ORDER[work]) {
    const params = { path: { campaign_id: campaignId }, query: { ...query, after: 0, per_page: 1 } };
    const page = await data(api.GET("/campaigns/{campaign_id}/images", { params }));
    const [image] = page.images;
    if (image) return image.image_id;
  }
  return null;
}
