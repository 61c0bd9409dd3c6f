// The sheet of keys under `?`: each part of a page says which keys it takes. It also turns keys of a single letter off (WCAG 2.1.4).
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** One row of the sheet: the keys as they are written on a keyboard, and what they do. */
export interface KeyRow {
  keys: string;
  words: string;
}

const STORED = "labelapi.single_keys";
/** What the sheet lists, by the part of the page. */
export const keyGroups = signal<Record<string, KeyRow[]>>({});
/** Whether the sheet is open; `overlays.tsx` shows it. */
export const isKeySheetOpen = signal(false);

/** False when the person has turned keys without Ctrl off. Whoever takes such keys asks `takesSingleKey` first. */
export const singleKeys = signal(localStorage.getItem(STORED) !== "off");

/** Return whether a key without a modifier may be taken as a command: not in a field, and not when they are turned off. */
export function takesSingleKey(event: KeyboardEvent): boolean {
  return singleKeys.value && !isTyping(event.target) && !document.querySelector("dialog[open]");
}

/** Return whether keys go into a field. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const isBox = target instanceof HTMLInputElement && ["checkbox", "radio", "button", "range"].includes(target.type);
  return !isBox && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

/** List the keys of a part of the page while that part is there. */
export function useKeySheet(group: string, rows: KeyRow[]): void {
  const content = JSON.stringify(rows);
  useEffect(() => {
    keyGroups.value = { ...keyGroups.value, [group]: rows };
    return () => {
      const { [group]: _, ...others } = keyGroups.value;
      keyGroups.value = others;
    };
  }, [group, content]);
}

/** Open the sheet. */
export function openKeySheet(): void {
  isKeySheetOpen.value = true;
}

addEventListener("keydown", (event) => {
  // The sheet itself is reached by `?` and by its button, so that it stays within reach when single keys are off.
  if (event.key !== "?" || isTyping(event.target) || !singleKeys.value) return;
  event.preventDefault();
  openKeySheet();
});

/** Take keys without Ctrl as commands, or leave them to the browser. */
export function setSingleKeys(isOn: boolean): void {
  singleKeys.value = isOn;
  localStorage.setItem(STORED, isOn ? "on" : "off");
}
