// The classes beside the stage: each with its key and how many boxes it has here, and a field to find one by typing.

import type { ReadonlySignal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import type { Ref } from "preact";
import { useId } from "preact/hooks";
import { findClasses } from "./classes.ts";
import type { LabelClass } from "./classes.ts";
import type { Editor } from "./editor.ts";

interface Props {
  editor: Editor;
  classes: readonly LabelClass[];
  isStrict: boolean;
  keys: ReadonlyMap<string, string>;
  colorOf: (label: string) => string;
  field: Ref<HTMLInputElement>;
  /** Called when a class was chosen by typing: the keys belong to the stage again. */
  onChosen: () => void;
}

export function ClassPanel({ editor, classes, isStrict, keys, colorOf, field, onChosen }: Props) {
  const typed = useSignal("");
  const id = useId();
  const found = findClasses(classes, typed.value);
  const name = typed.value.normalize("NFC").trim().replace(/\s+/g, " ");
  const isNew = !isStrict && name !== "" && name.length <= 128 && !classes.some((one) => one.name === name);
  const counts = countLabels(editor);
  const choose = (label: string) => {
    editor.classify(label);
    typed.value = "";
    onChosen();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      typed.value = "";
      onChosen();
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    const first = found[0];
    if (typed.value && first) choose(first.name);
    else if (isNew) choose(name);
  };
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>Classes</h2>
      <input
        ref={field}
        class="find-class"
        type="text"
        dir="auto"
        autoComplete="off"
        placeholder="Type a class ( / )"
        aria-label="Type a class"
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onKeyDown={press}
      />
      <ul class="class-list">
        {found.map((one) => (
          <li key={one.name}>
            <ClassButton one={one} keyOf={keys.get(one.name)} color={colorOf(one.name)} count={counts.get(one.name) ?? 0} label={editor.label} onChoose={choose} />
          </li>
        ))}
        {isNew && (
          <li>
            <button type="button" class="class-button" onClick={() => choose(name)}>
              <span class="class-name">
                New class <bdi>{name}</bdi>
              </span>
            </button>
          </li>
        )}
      </ul>
      {classes.length === 0 && !isNew && <p class="quiet">This campaign has no classes yet. Type the first one.</p>}
      {found.length === 0 && isStrict && typed.value && <p class="quiet">No class has this name. Ask for it, or choose another one.</p>}
    </section>
  );
}

interface ButtonProps {
  one: LabelClass;
  keyOf: string | undefined;
  color: string;
  count: number;
  label: ReadonlySignal<string | null>;
  onChoose: (name: string) => void;
}

function ClassButton({ one, keyOf, color, count, label, onChoose }: ButtonProps) {
  return (
    <button type="button" class="class-button" aria-pressed={label.value === one.name} title={one.description ?? undefined} onClick={() => onChoose(one.name)}>
      <Swatch color={color} />
      <bdi class="class-name">{one.name}</bdi>
      {count > 0 && <span class="class-count">{count}</span>}
      {keyOf && <kbd>{keyOf}</kbd>}
    </button>
  );
}

/** A color in the black casing that it has on the image. */
export function Swatch({ color }: { color: string }) {
  return <span class="swatch" style={{ backgroundColor: color }} aria-hidden="true" />;
}

function countLabels(editor: Editor): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of editor.content.value.items) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
