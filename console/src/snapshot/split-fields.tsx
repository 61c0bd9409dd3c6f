// How a snapshot is split into parts for training, validation and testing.
import type { Schemas } from "../api";
import { Field } from "../parts/field";

type Key = Schemas["NewSplit"]["key"];

/** What people type; percent as text. */
export interface SplitText {
  key: Key | "";
  seed: string;
  train: string;
  val: string;
  test: string;
}

export const NO_SPLIT: SplitText = { key: "", seed: "", train: "80", val: "10", test: "10" };

/** Return the split that is sent, or undefined for none. */
export function splitOf({ key, seed, train, val, test }: SplitText): Schemas["NewSplit"] | undefined {
  // Shares have four decimals at most; a quotient of decimal fractions may have more.
  const share = (percent: string) => Number((Number(percent) / 100).toFixed(4));
  return key ? { key, seed, shares: { train: share(train), val: share(val), test: share(test) } } : undefined;
}

const PARTS: ["train" | "val" | "test", string][] = [
  ["train", "Training, %"],
  ["val", "Validation, %"],
  ["test", "Testing, %"],
];

export function SplitFields({ split, onSplit }: { split: SplitText; onSplit: (split: SplitText) => void }) {
  const set = (name: keyof SplitText) => (event: Event) => onSplit({ ...split, [name]: (event.currentTarget as HTMLInputElement).value });
  const sum = PARTS.reduce((total, [part]) => total + Number(split[part]), 0);
  return (
    <fieldset>
      <legend>Split into parts</legend>
      <Field label="Images that must stay together" hint="Later versions with the same seed leave every image in its part.">
        {(ids) => (
          <select {...ids} value={split.key} onChange={set("key")}>
            <option value="">do not split</option>
            <option value="content">equal files</option>
            <option value="image_set">of one image set</option>
            <option value="folder">of one folder</option>
            <option value="day">of one day</option>
          </select>
        )}
      </Field>
      {split.key && (
        <>
          <p class="row">
            {PARTS.map(([part, words]) => (
              <label key={part}>
                {words} <input class="percent" type="number" min={0} max={100} step="any" required value={split[part]} onInput={set(part)} />
              </label>
            ))}
          </p>
          {Math.abs(sum - 100) > 0.01 && <p class="note note-problem">The parts add up to {sum}%, not to 100%.</p>}
          <Field label="Seed" hint="Any text. Another one gives another split.">
            {(ids) => <input {...ids} maxLength={128} value={split.seed} onInput={set("seed")} />}
          </Field>
        </>
      )}
    </fieldset>
  );
}
