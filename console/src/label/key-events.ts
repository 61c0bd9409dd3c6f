// Keys of the labeling page, wherever the focus is, as long as nobody types and no control wants the key for itself.

import type { ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { takesSingleKey, useKeySheet } from "../parts/key-sheet";
import type { Commands } from "./commands.ts";
import { actionOf, bindings, DEFAULT_KEYS, isLetter, WORDS } from "./keys.ts";
import type { Command } from "./keys.ts";
import { letters } from "./settings.ts";

const NAMES: Record<string, string> = { enter: "Enter", delete: "Delete", backspace: "Backspace", escape: "Escape" };

function rowsOf(bound: ReadonlyMap<string, Command>): { keys: string; words: string }[] {
  const shown = new Map<Command, string[]>();
  for (const [key, command] of bound) {
    if (key !== "=") shown.set(command, [...(shown.get(command) ?? []), NAMES[key] ?? (isLetter(key) ? key.toUpperCase() : key)]);
  }
  const order = [...new Set(DEFAULT_KEYS.map(([, command]) => command))];
  return [
    { keys: "1 – 9", words: "Class of the chosen box and of new ones" },
    ...order.filter((command) => shown.has(command)).map((command) => ({ keys: (shown.get(command) as string[]).join("  "), words: WORDS[command] })),
    { keys: "Shift A", words: WORDS["accept-all"] },
    { keys: "Arrows", words: "Move the chosen box by 1 pixel, with Shift by 10; without a box move the image" },
    { keys: "Alt Arrows", words: "Size the chosen box" },
    { keys: "Ctrl Z", words: "Undo one thing" },
    { keys: "Ctrl Shift Z", words: "Do it again" },
    { keys: "Drag", words: "Draw a box; with Shift also where one is chosen" },
    { keys: "Click, click", words: "Draw a box by two corners; with Shift also upon a box" },
    { keys: "Click again", words: "Choose the box below" },
    { keys: "Wheel", words: "Zoom at the pointer" },
    { keys: "Space drag", words: "Move the image; two fingers do, too" },
  ];
}

/** Buttons and fields keep the keys that they need. */
function isForControl(event: KeyboardEvent): boolean {
  const { target } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return true;
  return (event.key === "Enter" || event.key === " ") && target.closest("button, a, summary") !== null;
}

export function useLabelingKeys(commands: Commands, keys: ReadonlySignal<ReadonlyMap<string, string>>): void {
  const bound = bindings(letters.value);
  const classes = new Map([...keys.value].map(([name, key]) => [key, name]));
  useKeySheet("Labeling", rowsOf(bound));
  useEffect(() => {
    const ending = new AbortController();
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const isSingle = takesSingleKey(event) && !isForControl(event);
      // Fields have an undo of their own.
      if (event.ctrlKey && event.target instanceof HTMLInputElement) return;
      const found = { key: event.key, ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey, alt: event.altKey, isSingle, isRepeat: event.repeat };
      const action = actionOf(found, bound, classes);
      if (action === null) return;
      event.preventDefault();
      const repeats = action.do === "move" || action.do === "size" || action.do === "undo" || action.do === "redo" || action.do === "next-box" || action.do === "previous-box";
      if (!event.repeat || repeats) commands.run(action);
    };
    const release = (event: KeyboardEvent) => {
      if (bound.get(event.key.toLowerCase()) === "hide") commands.hidden.value = false;
    };
    addEventListener("keydown", press, { signal: ending.signal });
    addEventListener("keyup", release, { signal: ending.signal });
    addEventListener("blur", () => (commands.hidden.value = false), { signal: ending.signal });
    return () => ending.abort();
  }, [commands, letters.value, keys.value]);
}
