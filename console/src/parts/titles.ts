// Things that people know by their titles: image sets and campaigns, among as many as there are.
import { api, data } from "../api";

/** One of them. */
export interface Titled {
  id: number;
  title: string;
}

/** How one kind of thing is found. */
export interface Source {
  /** Return some whose titles fit a pattern, or any. Throws Problem, Unreachable. */
  search: (pattern: string | undefined) => Promise<Titled[]>;
  /** Return the title of one. Throws Problem, Unreachable. */
  titleOf: (id: number) => Promise<string>;
}

type CampaignStatus = "created" | "active" | "completed" | "finished";

const MOST_FOUND = 20;

export const imageSets: Source = {
  search: async (title) => {
    const found = await data(api.GET("/image_sets", { params: { query: { per_page: MOST_FOUND, title } } }));
    return found.image_sets.map((set) => ({ id: set.imageset_id, title: set.title }));
  },
  titleOf: async (id) => (await data(api.GET("/image_sets/{imageset_id}", { params: { path: { imageset_id: id } } }))).title,
};

/** Return the campaigns of this kind, or only those with one of these statuses. */
function campaignsOf(kind: "people" | "model" | "any", statuses: (CampaignStatus | undefined)[] = [undefined]): Source {
  return {
    search: async (title) => {
      const asked = statuses.map((status) => data(api.GET("/campaigns", { params: { query: { per_page: MOST_FOUND, kind, title, status } } })));
      const found = await Promise.all(asked);
      return found.flatMap((page) => page.campaigns.map((campaign) => ({ id: campaign.campaign_id, title: campaign.title })));
    },
    titleOf: async (id) => (await data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: id } } }))).title,
  };
}

export const campaigns = campaignsOf("any");
export const openCampaigns = campaignsOf("any", ["created", "active"]);
export const peoplesCampaigns = campaignsOf("people");
export const modelCampaigns = campaignsOf("model");

/** Return those whose titles begin so. One that has just this title is among them, even if many others begin so. */
export async function findTitles(source: Source, title: string): Promise<Titled[]> {
  const patterns = title ? [title, `${title}*`] : [undefined];
  const found = (await Promise.all(patterns.map(source.search))).flat();
  return found.filter((item, index) => found.findIndex(({ id }) => id === item.id) === index);
}
