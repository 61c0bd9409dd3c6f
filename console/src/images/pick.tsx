// A field that finds one thing of a long list by the beginning of its title, and holds its id.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { api, data } from "../api";
import { Field } from "../parts/field";

export interface Named {
  id: number;
  title: string;
}

/** How one kind of thing is found. */
export interface Source {
  /** Return some whose titles begin so. */
  search: (prefix: string) => Promise<Named[]>;
  /** Return the title of one. Throws Problem. */
  titleOf: (id: number) => Promise<string>;
}

const PAUSE_MS = 200;
const MOST_OPTIONS = 20;

export const imageSets: Source = {
  search: async (prefix) => {
    const query = { per_page: MOST_OPTIONS, ...(prefix ? { title: `${prefix}*` } : {}) };
    const found = await data(api.GET("/image_sets", { params: { query } }));
    return found.image_sets.map((set) => ({ id: set.imageset_id, title: set.title }));
  },
  titleOf: async (id) => (await data(api.GET("/image_sets/{imageset_id}", { params: { path: { imageset_id: id } } }))).title,
};

type CampaignStatus = "created" | "active" | "completed" | "finished";

/** Return the campaigns of these kinds, or only those with one of these statuses. */
export function campaignsOf(kind: "people" | "any", statuses: CampaignStatus[] | null = null): Source {
  return {
    search: async (prefix) => {
      const base = { per_page: MOST_OPTIONS, kind, ...(prefix ? { title: `${prefix}*` } : {}) };
      const asked = statuses ? statuses.map((status) => ({ ...base, status })) : [base];
      const found = await Promise.all(asked.map((query) => data(api.GET("/campaigns", { params: { query } }))));
      return found.flatMap((page) => page.campaigns.map((campaign) => ({ id: campaign.campaign_id, title: campaign.title })));
    },
    titleOf: async (id) => (await data(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: id } } }))).title,
  };
}

interface PickProps {
  label: string;
  hint?: string;
  source: Source;
  value: number | null;
  onPick: (id: number | null) => void;
  isRequired?: boolean;
}

/** A text field with suggestions. A title that is in the list, or an id such as `7`, is picked; anything else is no choice. */
export function Pick({ label, hint, source, value, onPick, isRequired = false }: PickProps) {
  const listId = useId();
  const [text, setText] = useState("");
  const [options, setOptions] = useState<Named[]>([]);
  const [isUnknown, setUnknown] = useState(false);
  const timer = useRef(0);
  useEffect(() => {
    let isCurrent = true;
    setUnknown(false);
    if (value === null) setText("");
    else {
      source.titleOf(value).then(
        (title) => isCurrent && setText(title),
        () => isCurrent && setText(String(value)),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [value]);
  const search = (prefix: string) => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      // Without an answer there are no suggestions; an id still works.
      source.search(prefix).then(setOptions, () => setOptions([]));
    }, PAUSE_MS);
  };
  const choose = async (wanted: string) => {
    clearTimeout(timer.current);
    if (!wanted) return onPick(null);
    const listed = options.find((option) => option.title === wanted) ?? (await exact(source, wanted));
    setUnknown(!listed);
    if (listed) onPick(listed.id);
  };
  const words = isUnknown ? "There is none with this title or id." : hint;
  return (
    <Field label={label} {...(words ? { hint: words } : {})}>
      {(ids) => (
        <>
          <input
            {...ids}
            list={listId}
            autocomplete="off"
            value={text}
            required={isRequired}
            aria-invalid={isUnknown}
            onFocus={() => search(text)}
            onInput={(event) => {
              setText(event.currentTarget.value);
              search(event.currentTarget.value.trim());
            }}
            onChange={(event) => void choose(event.currentTarget.value.trim())}
          />
          <datalist id={listId}>
            {options.map((option) => (
              <option key={option.id} value={option.title} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** Return the one with exactly this title, or with this id, or null. */
async function exact(source: Source, wanted: string): Promise<Named | null> {
  try {
    const found = (await source.search(wanted)).find((option) => option.title === wanted);
    if (found || !/^[1-9][0-9]{0,15}$/.test(wanted)) return found ?? null;
    return { id: Number(wanted), title: await source.titleOf(Number(wanted)) };
  } catch {
    return null;
  }
}
