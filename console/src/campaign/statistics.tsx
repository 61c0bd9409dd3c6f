// The numbers of a campaign: over time, by class, by image, by size, by sender.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { Empty } from "../parts/empty";
import { useLoad } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Table } from "../parts/table";
import { Bars } from "./bars";

type Numbers = Schemas["Statistics"];
type Day = Schemas["DayCount"];
/** More boxes on one image than this share one bar. */
const MANY = 20;

export function Statistics({ campaignId }: { campaignId: number }) {
  const path = { campaign_id: campaignId };
  const numbers = useLoad(() => data(api.GET("/campaigns/{campaign_id}/statistics", { params: { path } })), [campaignId]);
  if (!numbers.data) return <ProblemNote error={numbers.error} retry={numbers.reload} />;
  const { data: found } = numbers;
  if (!found.days.length) {
    return (
      <Empty title="Nothing was submitted yet">
        <p>Progress over time, boxes per class and boxes per image appear with the first submission.</p>
      </Empty>
    );
  }
  return (
    <>
      <OverTime days={found.days} />
      <div class="cards cards-wide">
        <Bars heading={`${formatCount(found.objects)} boxes by class`} bars={found.classes.map(classBar)} />
        <Bars heading="Images by number of boxes" bars={perImage(found.objects_per_image)} />
        <Bars heading="Boxes by size (square root of the area, in pixels)" bars={found.box_sizes.map(sizeBar)} />
        <Bars heading="Images by sender" bars={found.senders.map(senderBar)} />
        <Bars heading="Images by number of revisions" bars={found.revisions_per_image.map(({ revisions, images }) => ({ name: String(revisions), count: images }))} />
      </div>
    </>
  );
}

function OverTime({ days }: { days: Day[] }) {
  const [Plot, setPlot] = useState<ComponentType<{ days: Day[] }> | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    import("./plot").then((module) => setPlot(() => module.default), setError);
  }, []);
  return (
    <section aria-labelledby="over-time-heading">
      <h2 id="over-time-heading">Progress over time</h2>
      <p class="quiet">An image that was submitted again counts again.</p>
      {Plot ? <Plot days={days} /> : <ProblemNote error={error} />}
      <details>
        <summary>The numbers</summary>
        <Table caption="Submissions by day" columns={DAY_COLUMNS} rows={days} rowKey={({ day }) => day} />
      </details>
    </section>
  );
}

const DAY_COLUMNS = [
  { heading: "Day (UTC)", isName: true, cell: ({ day }: Day) => day },
  { heading: "Submissions", isNumber: true, cell: ({ submissions }: Day) => formatCount(submissions) },
  { heading: "Images", isNumber: true, cell: ({ images }: Day) => formatCount(images) },
  { heading: "Boxes", isNumber: true, cell: ({ objects }: Day) => formatCount(objects) },
];

function classBar({ label, objects, images }: Numbers["classes"][number]) {
  return { name: label, count: objects, note: `on ${formatCount(images)} ${images === 1 ? "image" : "images"}` };
}

function sizeBar({ from, to, objects }: Numbers["box_sizes"][number]) {
  return { name: `${formatCount(from)} to ${formatCount(to)}`, count: objects };
}

function senderBar({ created_by: email, images, objects }: Numbers["senders"][number], index: number) {
  return { name: email ?? `user ${index + 1}`, count: images, note: `${formatCount(objects)} boxes` };
}

function perImage(counts: Numbers["objects_per_image"]) {
  const few = counts.filter(({ objects }) => objects <= MANY).map(({ objects, images }) => ({ name: String(objects), count: images }));
  const many = counts.filter(({ objects }) => objects > MANY).reduce((sum, { images }) => sum + images, 0);
  return many ? [...few, { name: `more than ${MANY}`, count: many }] : few;
}
