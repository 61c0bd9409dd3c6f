// The classes of a campaign for people: which key selects which, and finding one by typing.

export interface LabelClass {
  readonly name: string;
  readonly color: string | null;
  readonly key: string | null;
  readonly description: string | null;
  readonly aliases: readonly string[];
  readonly retired: boolean;
}

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** The key of each class that can be given: its own, or the next digit that no class has as its own. */
export function classKeys(classes: readonly LabelClass[]): Map<string, string> {
  const usable = classes.filter((one) => !one.retired);
  const own = new Set(usable.map((one) => one.key));
  const free = DIGITS.filter((digit) => !own.has(digit));
  const keys = new Map<string, string>();
  for (const one of usable) {
    const key = one.key ?? free.shift();
    if (key !== undefined) keys.set(one.name, key);
  }
  return keys;
}

/** A text for comparison: without case, accents and runs of blanks. */
function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase().replace(/\s+/g, " ").trim();
}

function rank(one: LabelClass, typed: string): number {
  const names = [one.name, ...one.aliases].map(folded);
  if (names[0] === typed) return 0;
  if (names[0]?.startsWith(typed)) return 1;
  if (names.some((name) => name.startsWith(typed))) return 2;
  if (names.some((name) => name.split(" ").some((word) => word.startsWith(typed)))) return 3;
  return names.some((name) => name.includes(typed)) ? 4 : 5;
}

/** The classes that can be given and fit what was typed, the best first; all of them while nothing is typed. */
export function findClasses(classes: readonly LabelClass[], typed: string): LabelClass[] {
  const text = folded(typed);
  const ranked = classes.filter((one) => !one.retired).map((one, order) => ({ one, order, rank: text ? rank(one, text) : 0 }));
  return ranked
    .filter((found) => found.rank < 5)
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .map((found) => found.one);
}
