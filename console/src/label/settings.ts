// How a person likes the labeling page: crosshair, letters, what is open. Kept in this browser.

import { signal } from "@preact/signals";
import type { Changes } from "./keys.ts";
import { isLetter } from "./keys.ts";

const LETTERS = "labelapi.letters";
const CROSSHAIR = "labelapi.crosshair";

function read(): Changes {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(LETTERS) ?? "{}");
    const letters = Object.entries(stored as Record<string, unknown>).filter(([, key]) => typeof key === "string" && isLetter(key));
    return Object.fromEntries(letters) as Changes;
  } catch {
    return {};
  }
}

/** Letters that the person gave to commands. */
export const letters = signal<Changes>(read());
export const crosshair = signal(localStorage.getItem(CROSSHAIR) !== "off");

export function setLetters(changes: Changes): void {
  letters.value = changes;
  localStorage.setItem(LETTERS, JSON.stringify(changes));
}

export function toggleCrosshair(): void {
  crosshair.value = !crosshair.value;
  localStorage.setItem(CROSSHAIR, crosshair.value ? "on" : "off");
}
