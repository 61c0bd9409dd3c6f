// All images: a grid or a map of those that fit the filters, which stand in the address.
import "../images/images.css";
import { useEffect, useMemo, useState } from "preact/hooks";
import { api, data } from "../api";
import { AddToCampaign, NewCampaign } from "../images/add-dialogs";
import { FilterBar, type View } from "../images/filter-bar";
import { asQuery, type Filters, readFilters, type Sort, SORTS, writeFilters } from "../images/filters";
import { Grid } from "../images/grid";
import { KeepQuery, MakeSnapshot } from "../images/keep-dialogs";
import { PlacesMap } from "../images/map";
import { Pages, PER_PAGE } from "../images/pages";
import { Selection } from "../images/selection";
import type { Image } from "../images/tile";
import { Empty } from "../parts/empty";
import { useKeySheet } from "../parts/key-sheet";
import { useAction } from "../parts/load";
import { ProblemNote } from "../parts/problem";
import { formatCount } from "../parts/progress";
import { Problem } from "../problem";
import { Link, navigate, type ScreenProps } from "../router";
import { isAdmin } from "../session";

/** More images are chosen by the filters, not by a range. */
const LONGEST_RANGE = 5_000;

// Who opens an image and comes back finds the same images chosen.
let last = { filters: "", selection: new Selection() };

function selectionOf(filters: string): Selection {
  if (last.filters !== filters) last = { filters, selection: new Selection() };
  return last.selection;
}

type Asked = "add" | "new" | "snapshot" | "query" | null;

export default function Images({ query }: ScreenProps) {
  const { filters, unreadable } = readFilters(query);
  const sort: Sort = Object.hasOwn(SORTS, query.get("sort") ?? "") ? (query.get("sort") as Sort) : "id";
  const view: View = query.get("view") === "map" ? "map" : "grid";
  const written = writeFilters(filters);
  const pages = useMemo(() => new Pages<Image>((page, signal) => fetchPage(filters, sort, page, signal)), [written, sort]);
  const selection = useMemo(() => selectionOf(written), [written]);
  useEffect(() => () => pages.close(), [pages]);
  useEffect(() => {
    // The map shows no page, but the number of images stands above it, too.
    if (view === "map") pages.want(0, 0);
  }, [pages, view]);
  const [asked, setAsked] = useState<Asked>(null);
  const range = useAction((from: number, to: number) => chooseRange(pages, selection, from, to));

  const go = (next: { filters?: Filters; sort?: Sort; view?: View }) => {
    const parts = [writeFilters(next.filters ?? filters)];
    if ((next.sort ?? sort) !== "id") parts.push(`sort=${next.sort ?? sort}`);
    if ((next.view ?? view) !== "grid") parts.push(`view=${next.view ?? view}`);
    const text = parts.filter(Boolean).join("&");
    navigate(text ? `/images?${text}` : "/images");
  };
  useKeySheet("Images", KEYS);

  const total = pages.total.value;
  const selected = asQuery(filters);
  const canChoose = isAdmin.value && selected !== null;
  const count = selection.isAll.value ? (total ?? 0) : selection.size.value;
  const words = `${selection.isAll.value ? "all " : ""}${formatCount(count)} ${count === 1 ? "image" : "images"}`;
  const added = selection.isAll.value ? [{ query: selected ?? {} }] : selection.ids.map((id) => ({ id }));
  const close = () => setAsked(null);
  return (
    <div class="images">
      <h1 class="hidden">Images</h1>
      <FilterBar
        filters={filters}
        sort={sort}
        view={view}
        unreadable={unreadable}
        onFilters={(next) => go({ filters: next })}
        onSort={(next) => go({ sort: next })}
        onView={(next) => go({ view: next })}
      />
      <div class="images-line">
        <span role="status">{total === null ? "Loading …" : `${formatCount(total)} ${total === 1 ? "image" : "images"}`}</span>
        {count > 0 && (
          <>
            <b>{words} selected</b>
            <button type="button" class="primary" onClick={() => setAsked("add")}>
              Add to a campaign …
            </button>
            <button type="button" onClick={() => setAsked("new")}>
              New campaign …
            </button>
            <button type="button" class="plain" onClick={() => selection.clear()}>
              Select none
            </button>
          </>
        )}
        {canChoose && !!total && !selection.isAll.value && (
          <button type="button" class="plain" onClick={() => selection.chooseAll()}>
            Select all {formatCount(total)}
          </button>
        )}
        <span class="spacer" />
        {isAdmin.value && selected && (
          <>
            <button type="button" onClick={() => setAsked("query")} disabled={!written}>
              Keep as query …
            </button>
            <button type="button" onClick={() => setAsked("snapshot")}>
              Make a snapshot …
            </button>
          </>
        )}
      </div>
      <ProblemNote error={range.error} />
      {view === "map" ? (
        <PlacesMap filters={filters} onBounds={(bbox, isToGrid) => go({ filters: { ...filters, bbox }, view: isToGrid ? "grid" : "map" })} />
      ) : (
        <GridOrWhyNot key={`${written} ${sort}`} address={`${written} ${sort}`} pages={pages} selection={selection} canChoose={canChoose} hasFilters={!!written} onRange={range.run} />
      )}
      {asked === "add" && <AddToCampaign isOpen onClose={close} added={added} words={words} />}
      <NewCampaign isOpen={asked === "new"} onClose={close} added={added} words={words} />
      {asked === "query" && selected && <KeepQuery isOpen onClose={close} query={selected} />}
      {asked === "snapshot" && selected && <MakeSnapshot isOpen onClose={close} query={selected} campaignId={filters.campaign ?? null} />}
    </div>
  );
}

const KEYS = [
  { keys: "← → ↑ ↓", words: "Go to the next image in this direction" },
  { keys: "Page Up, Page Down", words: "Go one screen up or down" },
  { keys: "Home, End", words: "Go to the first or the last image" },
  { keys: "Space", words: "Select the image" },
  { keys: "Shift+Space", words: "Select all images from the last selected one to this one" },
  { keys: "Enter", words: "Open the image" },
];

interface GridOrWhyNotProps {
  address: string;
  pages: Pages<Image>;
  selection: Selection;
  canChoose: boolean;
  hasFilters: boolean;
  onRange: (from: number, to: number) => void;
}

function GridOrWhyNot({ address, pages, selection, canChoose, hasFilters, onRange }: GridOrWhyNotProps) {
  const error = pages.error.value as Error | null;
  if (pages.total.value === 0) {
    return hasFilters ? (
      <Empty title="No image fits these filters">
        <p>Remove a filter above.</p>
      </Empty>
    ) : (
      <Empty title="There are no images yet">
        <p>
          Images come with image sets: <Link to="/image-sets">create one and upload files</Link>.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <ProblemNote error={error} retry={() => pages.retry()} />
      <Grid address={address} pages={pages} selection={selection} canChoose={canChoose} onRange={onRange} />
    </>
  );
}

async function fetchPage(filters: Filters, sort: Sort, page: number, signal: AbortSignal) {
  const query = { ...filters, sort, page, per_page: PER_PAGE, expand: ["thumbnail_url" as const] };
  try {
    const found = await data(api.GET("/images", { params: { query }, signal }));
    return { items: found.images, total: found.pagination.total ?? 0 };
  } catch (error) {
    // The list has become shorter since: the first page says how long it is now.
    if (!(error instanceof Problem && error.status === 404 && page > 1)) throw error;
    const first = await data(api.GET("/images", { params: { query: { ...query, page: 1 } }, signal }));
    return { items: [], total: first.pagination.total ?? 0 };
  }
}

async function chooseRange(pages: Pages<Image>, selection: Selection, from: number, to: number): Promise<void> {
  if (to - from >= LONGEST_RANGE) {
    throw new Problem(422, `Select at most ${formatCount(LONGEST_RANGE)} images by a range. For more, filter and select all.`);
  }
  await pages.fetch(from, to);
  selection.add(pages.between(from, to).map((image) => image.image_id));
  selection.anchor = to;
}
