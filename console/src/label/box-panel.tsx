// The boxes as a list: the way to them without a pointer, with fields for place and size (WCAG 2.5.7).

import type { VNode } from "preact";
import { useId, useRef } from "preact/hooks";
import { Swatch } from "./class-panel.tsx";
import type { Item } from "./content.ts";
import type { Editor } from "./editor.ts";
import type { Box } from "./geometry.ts";

interface Props {
  editor: Editor;
  colorOf: (label: string) => string;
  onChoose: (item: Item) => void;
}

export function BoxPanel({ editor, colorOf, onChoose }: Props) {
  const id = useId();
  const { items } = editor.content.value;
  const open = editor.open.value;
  const rows = useRows(editor, colorOf, onChoose);
  return (
    <section class="panel panel-boxes" aria-labelledby={id}>
      <h2 id={id}>
        Boxes <span class="quiet">{items.length}</span>
      </h2>
      {editor.chosenItem.value && <Fields editor={editor} item={editor.chosenItem.value} />}
      {items.length === 0 && open.length === 0 && <p class="quiet">Drag over the image to draw a box, click two corners, or press B.</p>}
      {items.length > 0 && <ol class="box-list">{items.map((item, i) => rows(item, i + 1, false))}</ol>}
      {open.length > 0 && (
        <>
          <h3>
            Suggestions <span class="quiet">{open.length}</span>
          </h3>
          <p class="row">
            <button type="button" disabled={!editor.canEdit.value} onClick={() => editor.accept()}>
              Accept {open.some((item) => item.id === editor.chosen.value) ? "this one" : "all"} (A)
            </button>
          </p>
          <ol class="box-list">{open.map((item, i) => rows(item, i + 1, true))}</ol>
        </>
      )}
    </section>
  );
}

type Row = (item: Item, number: number, isSuggestion: boolean) => VNode;

/** Rows that are the same elements as before where nothing about them has changed: with a thousand boxes that is what counts. */
function useRows(editor: Editor, colorOf: Props["colorOf"], onChoose: Props["onChoose"]): Row {
  const kept = useRef(new Map<number, { item: Item; state: string; row: VNode }>());
  const before = kept.current;
  // What is no longer listed is let go.
  kept.current = new Map();
  const latest = useRef(onChoose);
  latest.current = onChoose;
  const chosen = editor.chosen.value;
  return (item, number, isSuggestion) => {
    const color = colorOf(item.label);
    const state = `${number} ${item.id === chosen} ${isSuggestion} ${color}`;
    const same = before.get(item.id);
    if (same?.item === item && same.state === state) {
      kept.current.set(item.id, same);
      return same.row;
    }
    const row = (
      <li key={item.id}>
        <button type="button" class="box-button" aria-pressed={item.id === chosen} onClick={() => latest.current(item)}>
          <span class="box-number">{number}</span>
          <Swatch color={color} />
          <bdi class="class-name">{item.label}</bdi>
          {isSuggestion && <span class="quiet">{item.confidence === null ? "" : `${Math.round(item.confidence * 100)}%`}</span>}
        </button>
      </li>
    );
    kept.current.set(item.id, { item, state, row });
    return row;
  };
}

const FIELDS: [string, (box: Box) => number, (box: Box, value: number) => Box][] = [
  ["Left", (box) => box.xmin, (box, value) => ({ ...box, xmin: value, xmax: value + box.xmax - box.xmin })],
  ["Top", (box) => box.ymin, (box, value) => ({ ...box, ymin: value, ymax: value + box.ymax - box.ymin })],
  ["Width", (box) => box.xmax - box.xmin, (box, value) => ({ ...box, xmax: box.xmin + Math.max(1, value) })],
  ["Height", (box) => box.ymax - box.ymin, (box, value) => ({ ...box, ymax: box.ymin + Math.max(1, value) })],
];

function Fields({ editor, item }: { editor: Editor; item: Item }) {
  // While it is dragged the fields keep still: a new layout of the list for each move would cost more than the move.
  const { box } = item;
  return (
    <fieldset class="box-fields" disabled={!editor.canEdit.value}>
      <legend>
        <bdi>{item.label}</bdi>, in pixels
      </legend>
      {FIELDS.map(([words, read, write]) => (
        <label key={words}>
          {words}
          <input
            type="number"
            step="0.1"
            value={Math.round(read(box) * 10) / 10}
            onChange={(event) => {
              const value = event.currentTarget.valueAsNumber;
              if (Number.isFinite(value)) editor.place(item.id, write(item.box, value));
            }}
          />
        </label>
      ))}
      <button type="button" class="danger" onClick={() => editor.remove()}>
        Remove
      </button>
    </fieldset>
  );
}
