// All campaigns, and a way to make one.
import "./admin.css";
import { useState } from "preact/hooks";
import { api, data, type Schemas } from "../api";
import { CampaignForm } from "../campaign/campaign-form";
import { Handover, type NewKey } from "../campaign/handover";
import { Dialog } from "../parts/dialog";
import { Empty } from "../parts/empty";
import { useLoad } from "../parts/load";
import { Pager } from "../parts/pager";
import { ProblemNote } from "../parts/problem";
import { Progress } from "../parts/progress";
import { Table } from "../parts/table";
import { StateTag, Tag } from "../parts/tags";
import { Time } from "../parts/time";
import { Link, navigate, type ScreenProps, setQuery } from "../router";
import { isAdmin } from "../session";

type Campaign = Schemas["Campaign"];

const PER_PAGE = 50;
const STATUSES: Campaign["status"][] = ["created", "active", "completed", "finished"];

export default function Campaigns({ query }: ScreenProps) {
  const [isNew, setNew] = useState(false);
  const [made, setMade] = useState<{ id: number; key: NewKey } | null>(null);
  const status = query.get("status") as Campaign["status"] | null;
  const title = query.get("title") ?? "";
  const kind = (query.get("kind") as "model" | "any" | null) ?? undefined;
  const archived = query.get("archived") === "true" || undefined;
  const page = Number(query.get("page")) || 1;
  const campaigns = useLoad(() => {
    const filters = { page, per_page: PER_PAGE, status: status ?? undefined, title: title ? `${title}*` : undefined, kind, archived };
    return data(api.GET("/campaigns", { params: { query: filters } }));
  }, [page, status, title, kind, archived]);
  const create = (campaign: Schemas["CreatedCampaign"]) => {
    setNew(false);
    const { access_token: token, campaign_id: id, labelers } = campaign;
    if (token) setMade({ id, key: { ...token, email: labelers[0]?.email ?? "" } });
    else navigate(`/campaigns/${id}`);
  };
  return (
    <>
      <header class="bar">
        <h1>Campaigns</h1>
        {isAdmin.value && (
          <button type="button" class="primary" onClick={() => setNew(true)}>
            New campaign
          </button>
        )}
      </header>
      <Filters query={query} />
      <ProblemNote error={campaigns.error} retry={campaigns.reload} />
      {campaigns.data && (
        <>
          {campaigns.data.campaigns.length ? (
            <Table caption="Campaigns" columns={COLUMNS} rows={campaigns.data.campaigns} rowKey={(campaign) => campaign.campaign_id} />
          ) : (
            <NoCampaigns isFiltered={Boolean(status || title || kind || archived)} />
          )}
          <Pager pagination={campaigns.data.pagination} onPage={(next) => setQuery({ page: String(next) })} />
        </>
      )}
      <Dialog title="New campaign" isOpen={isNew} onClose={() => setNew(false)}>
        <CampaignForm onDone={create} onCancel={() => setNew(false)} />
      </Dialog>
      <Handover newKey={made?.key ?? null} onClose={() => made && navigate(`/campaigns/${made.id}`)} />
    </>
  );
}

function Filters({ query }: { query: URLSearchParams }) {
  const set = (name: string) => (event: Event) => setQuery({ [name]: (event.currentTarget as HTMLInputElement).value.trim(), page: null });
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        Title begins with <input type="search" value={query.get("title") ?? ""} onInput={set("title")} />
      </label>
      <label>
        Status{" "}
        <select value={query.get("status") ?? ""} onChange={set("status")}>
          <option value="">all</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {status}
            </option>
          ))}
        </select>
      </label>
      <label>
        Labels of{" "}
        <select value={query.get("kind") ?? ""} onChange={set("kind")}>
          <option value="">people</option>
          <option value="model">models</option>
          <option value="any">both</option>
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={query.get("archived") === "true"}
          onChange={(event) => setQuery({ archived: event.currentTarget.checked ? "true" : null, page: null })}
        />{" "}
        Archived ones
      </label>
    </form>
  );
}

function NoCampaigns({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No campaign fits these filters">
        <button type="button" onClick={() => setQuery({ status: null, title: null, kind: null, archived: null, page: null })}>
          Show all
        </button>
      </Empty>
    );
  }
  return (
    <Empty title="There are no campaigns yet">
      <p>
        A campaign gives images to a labeling partner and collects the boxes. First <Link to="/image-sets">add images</Link>, then make a campaign,
        add the images to it, and start it.
      </p>
    </Empty>
  );
}

const COLUMNS = [
  { heading: "Title", isName: true, cell: (campaign: Campaign) => <Link to={`/campaigns/${campaign.campaign_id}`}>{campaign.title}</Link> },
  { heading: "Status", cell: (campaign: Campaign) => <Status campaign={campaign} /> },
  {
    heading: "Done",
    cell: ({ progress }: Campaign) => (progress.total ? <Progress done={progress.done} total={progress.total} label="Images done" /> : "no images"),
  },
  { heading: "Labelers", cell: (campaign: Campaign) => <bdi>{campaign.labelers.map(({ email }) => email ?? "–").join(", ") || modelOf(campaign)}</bdi> },
  { heading: "Created", cell: (campaign: Campaign) => <Time at={campaign.date_created} /> },
];

function modelOf(campaign: Campaign): string {
  return campaign.kind === "model" ? `${campaign.model} ${campaign.version}` : "–";
}

function Status({ campaign }: { campaign: Campaign }) {
  return (
    <>
      <StateTag state={campaign.status} /> {campaign.archived && <Tag kind="quiet">archived</Tag>}
    </>
  );
}
