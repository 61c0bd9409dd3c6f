// A field that finds an image set or a campaign by the beginning of its title, among as many as there are.
import { useEffect, useId, useState } from "preact/hooks";
import { api, data } from "../api";
import { Field } from "../parts/field";
import { useLoad } from "../parts/load";

/** What was picked. */
export interface Titled {
  id: number;
  title: string;
}

interface Props {
  label: string;
  /** `people` and `model` are campaigns of these kinds. */
  kind: "image-set" | "people" | "model";
  onPick: (picked: Titled | null) => void;
}

const OFFERED = 20;

export function TitlePicker({ label, kind, onPick }: Props) {
  const [text, setText] = useState("");
  const list = useId();
  const offers = useLoad(() => find(kind, text.trim()), [kind, text.trim()]);
  const exact = offers.data?.find((offer) => offer.title === text.trim()) ?? null;
  useEffect(() => onPick(exact), [exact?.id]);
  const isUnknown = text.trim() !== "" && offers.data !== null && !offers.data.length;
  return (
    <Field label={label} hint={isUnknown ? "There is none whose title begins so." : "Type the beginning of the title."}>
      {(ids) => (
        <>
          <input {...ids} list={list} autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
          <datalist id={list}>{offers.data?.map((offer) => <option key={offer.id} value={offer.title} />)}</datalist>
        </>
      )}
    </Field>
  );
}

async function find(kind: Props["kind"], title: string): Promise<Titled[]> {
  // A title as a whole is found even if many others begin so.
  const wanted = title ? [title, `${title}*`] : [undefined];
  const found = await Promise.all(wanted.map((pattern) => list(kind, pattern)));
  return found.flat().filter((item, index, all) => all.findIndex(({ id }) => id === item.id) === index);
}

async function list(kind: Props["kind"], title: string | undefined): Promise<Titled[]> {
  const query = { per_page: OFFERED, title };
  if (kind === "image-set") {
    const { image_sets: sets } = await data(api.GET("/image_sets", { params: { query } }));
    return sets.map((set) => ({ id: set.imageset_id, title: set.title }));
  }
  const { campaigns } = await data(api.GET("/campaigns", { params: { query: { ...query, kind } } }));
  return campaigns.map((campaign) => ({ id: campaign.campaign_id, title: campaign.title }));
}
