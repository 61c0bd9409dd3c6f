// Several campaigns or image sets, picked one by one by their titles.
import { useState } from "preact/hooks";
import { TitlePicker } from "../parts/title-picker";
import { imageSets, peoplesCampaigns, type Titled } from "../parts/titles";

interface Props {
  label: string;
  kind: "image-set" | "people";
  picked: Titled[];
  onPicked: (picked: Titled[]) => void;
}

/** Pick several, in an order that matters. */
export function PickedList({ label, kind, picked, onPicked }: Props) {
  const [chosen, setChosen] = useState<Titled | null>(null);
  const add = () => {
    if (chosen && !picked.some(({ id }) => id === chosen.id)) onPicked([...picked, chosen]);
    setChosen(null);
  };
  const action = kind === "image-set" ? "Add image set" : "Add campaign";
  return (
    <>
      <TitlePicker
        label={label}
        source={kind === "image-set" ? imageSets : peoplesCampaigns}
        value={chosen?.id ?? null}
        onPick={setChosen}
        next={`It is not in the list yet. Press “${action}”, or empty the field.`}
      />
      <p class="row">
        <button type="button" disabled={!chosen} onClick={add}>
          {action}
        </button>
      </p>
      {picked.length > 0 && (
        <ol class="picked">
          {picked.map((item) => (
            <li key={item.id}>
              {item.title}{" "}
              <button type="button" class="plain" aria-label={`Remove ${item.title}`} onClick={() => onPicked(picked.filter(({ id }) => id !== item.id))}>
                ✕
              </button>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
