// Light, dark, or as the system says.
import { signal } from "@preact/signals";

export type Scheme = "system" | "light" | "dark";
const STORED = "labelapi.scheme";
const ORDER: Scheme[] = ["system", "light", "dark"];

/** What the person chose. */
export const scheme = signal<Scheme>(ORDER.find((known) => known === localStorage.getItem(STORED)) ?? "system");

scheme.subscribe((chosen) => {
  document.documentElement.dataset.scheme = chosen;
  localStorage.setItem(STORED, chosen);
});

/** Choose the next one. */
export function nextScheme(): void {
  scheme.value = ORDER[(ORDER.indexOf(scheme.value) + 1) % ORDER.length] ?? "system";
}
