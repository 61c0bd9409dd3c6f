// Two labelings of an image as marks for two stages, with what differs said in words and by the stroke, never by color alone.
import type { Schemas } from "../api";
import type { Mark } from "../label/paint";
import { type Difference, differenceOf, type Match, type MatchedBox, matchBoxes } from "./matching";

type LabelObject = Schemas["Object"];

export interface Comparison {
  /** The marks of what is reviewed, and of what it is compared with. */
  here: Mark[];
  there: Mark[];
  counts: Counts;
  /** What differs, box by box. */
  differences: FoundDifference[];
}

/** One difference in words, and the boxes that it is about: null on a side that has none. */
export interface FoundDifference {
  words: string;
  here: number | null;
  there: number | null;
  box: Mark["box"];
}

/** What differs, seen from what is reviewed. */
export interface Counts {
  onlyHere: number;
  onlyThere: number;
  moved: number;
  otherClass: number;
  same: number;
}

/** Compare what is reviewed with something else. Throws TooManyPairs. */
export function compare(here: readonly LabelObject[], there: readonly LabelObject[], color: (label: string) => string): Comparison {
  const counts = { onlyHere: 0, onlyThere: 0, moved: 0, otherClass: 0, same: 0 };
  const comparison: Comparison = { here: [], there: [], counts, differences: [] };
  for (const match of matchBoxes(there.map(asBox), here.map(asBox))) {
    const difference = differenceOf(match);
    const { before, after } = match;
    if (after) comparison.here.push(markOf(after, color, SIGNS[difference], styleOf(difference)));
    if (before) comparison.there.push(markOf(before, color, SIGNS[difference], styleOf(difference)));
    counts[COUNTED[difference]] += 1;
    const words = sentenceFor(difference, match);
    const box = (after ?? before)?.box;
    if (words && box) comparison.differences.push({ words, here: after?.id ?? null, there: before?.id ?? null, box });
  }
  return comparison;
}

const COUNTED: Record<Difference, keyof Counts> = {
  added: "onlyHere",
  removed: "onlyThere",
  moved: "moved",
  relabeled: "otherClass",
  // Another confidence is no difference that can be seen on the picture.
  changed: "same",
  same: "same",
};

function asBox(object: LabelObject): MatchedBox {
  return { id: object.object_id, label: object.label, box: object.bounding_box, confidence: object.confidence };
}

/** What stands before the class of a box, so that no difference is told by its stroke alone. */
const SIGNS: Record<Difference, string> = { added: "+ ", removed: "− ", moved: "~ ", relabeled: "≠ ", changed: "", same: "" };

/** Return a difference in words, or null for none. */
function sentenceFor(difference: Difference, { before, after }: Match): string | null {
  switch (difference) {
    case "added":
      return `${after?.label}: only in what is reviewed`;
    case "removed":
      return `${before?.label}: only in what is compared with it`;
    case "moved":
      return `${after?.label}: moved`;
    case "relabeled":
      return `${before?.label} is ${after?.label} in what is reviewed`;
    default:
      return null;
  }
}

function styleOf(difference: Difference): "plain" | "dashed" | "thick" {
  if (difference === "added" || difference === "removed") return "thick";
  return difference === "moved" || difference === "relabeled" ? "dashed" : "plain";
}

function markOf({ id, box, label }: MatchedBox, color: (label: string) => string, sign: string, style: NonNullable<Mark["style"]>): Mark {
  return { id, box, label: sign + label, color: color(label), style };
}
