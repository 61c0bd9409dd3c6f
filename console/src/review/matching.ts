// Which boxes of two labelings of an image are the same thing, by the rule of `GET /campaigns/{campaign_id}/diff`.

export interface MatchedBox {
  id: number;
  label: string;
  box: { xmin: number; ymin: number; xmax: number; ymax: number };
  confidence: number | null;
}

/** A box of the first labeling and the same thing in the second one; null where there is none. */
export interface Match {
  before: MatchedBox | null;
  after: MatchedBox | null;
}

export type Difference = "added" | "removed" | "moved" | "relabeled" | "changed" | "same";

/** From this intersection over union on, two boxes can be the same thing. */
const LEAST_OVERLAP = 0.5;
/** An image of which more pairs of boxes would have to be looked at is not compared. */
const MOST_PAIRS = 1_000_000;

/** An image has so many boxes upon each other that they are not compared. */
export class TooManyPairs extends Error {
  constructor() {
    super("There are too many boxes that lie close to each other: the differences cannot be marked.");
  }
}

/** Return what the second labeling made of a box of the first one. */
export function differenceOf({ before, after }: Match): Difference {
  if (!before) return "added";
  if (!after) return "removed";
  if (before.label !== after.label) return "relabeled";
  if (!isSamePlace(before, after)) return "moved";
  return before.confidence === after.confidence ? "same" : "changed";
}

interface Pair {
  overlap: number;
  before: MatchedBox;
  after: MatchedBox;
}

/**
 * Return every box of two labelings once, alone or in a pair. Equal boxes are paired first, then those with the same label, then
 * those with any labels; within each of these steps the greatest intersection over union comes first, then smaller ids. Throws
 * TooManyPairs.
 */
export function matchBoxes(before: readonly MatchedBox[], after: readonly MatchedBox[]): Match[] {
  const matches: Match[] = [];
  const freeBefore = new Map(before.map((box) => [box.id, box]));
  const freeAfter = new Map(after.map((box) => [box.id, box]));
  const take = (pairs: Pair[]) => {
    pairs.sort((a, b) => b.overlap - a.overlap || a.before.id - b.before.id || a.after.id - b.after.id);
    for (const pair of pairs) {
      if (!freeBefore.has(pair.before.id) || !freeAfter.has(pair.after.id)) continue;
      freeBefore.delete(pair.before.id);
      freeAfter.delete(pair.after.id);
      matches.push({ before: pair.before, after: pair.after });
    }
  };
  take(equalPairs(before, after));
  if (freeBefore.size && freeAfter.size) {
    const near = nearPairs([...freeBefore.values()], [...freeAfter.values()]);
    take(near.filter((pair) => pair.before.label === pair.after.label));
    take(near);
  }
  for (const box of freeBefore.values()) matches.push({ before: box, after: null });
  for (const box of freeAfter.values()) matches.push({ before: null, after: box });
  return matches;
}

function isSamePlace(a: MatchedBox, b: MatchedBox): boolean {
  return a.box.xmin === b.box.xmin && a.box.ymin === b.box.ymin && a.box.xmax === b.box.xmax && a.box.ymax === b.box.ymax;
}

/** Pair equal boxes, the first of each kind with the first, and so on. */
function equalPairs(before: readonly MatchedBox[], after: readonly MatchedBox[]): Pair[] {
  const nameOf = ({ label, box, confidence }: MatchedBox) => JSON.stringify([label, box.xmin, box.ymin, box.xmax, box.ymax, confidence]);
  const places = new Map<string, MatchedBox[]>();
  for (const box of inOrder(after)) {
    const same = places.get(nameOf(box));
    if (same) same.push(box);
    else places.set(nameOf(box), [box]);
  }
  const pairs: Pair[] = [];
  for (const box of inOrder(before)) {
    const same = places.get(nameOf(box))?.shift();
    if (same) pairs.push({ overlap: 1, before: box, after: same });
  }
  return pairs;
}

function inOrder(boxes: readonly MatchedBox[]): MatchedBox[] {
  return [...boxes].sort((a, b) => a.id - b.id);
}

/** Return the pairs that overlap enough to be the same thing. */
function nearPairs(before: readonly MatchedBox[], after: readonly MatchedBox[]): Pair[] {
  const ordered = [...after].sort((a, b) => single(a.box.xmin) - single(b.box.xmin));
  const lefts = ordered.map((box) => single(box.box.xmin));
  const pairs: Pair[] = [];
  let count = 0;
  for (const box of before) {
    // Boxes that share half of what they cover begin no farther from each other than one of them is wide.
    const width = single(box.box.xmax) - single(box.box.xmin);
    const first = firstFrom(lefts, single(box.box.xmin) - width);
    for (let i = first; i < ordered.length && (lefts[i] as number) <= single(box.box.xmin) + width; i += 1) {
      count += 1;
      if (count > MOST_PAIRS) throw new TooManyPairs();
      const other = ordered[i] as MatchedBox;
      const overlap = overlapOf(box, other);
      if (overlap >= LEAST_OVERLAP) pairs.push({ overlap, before: box, after: other });
    }
  }
  return pairs;
}

/** Return the position of the first number that is not less than this one. */
function firstFrom(numbers: readonly number[], least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The number as the service keeps it, in single precision; what JSON shows of it is the shortest decimal that means the same. */
function single(value: number): number {
  return Math.fround(value);
}

/** Intersection over union, 0 to 1. */
function overlapOf({ box: a }: MatchedBox, { box: b }: MatchedBox): number {
  const [ax, ay, aX, aY] = [single(a.xmin), single(a.ymin), single(a.xmax), single(a.ymax)];
  const [bx, by, bX, bY] = [single(b.xmin), single(b.ymin), single(b.xmax), single(b.ymax)];
  const width = Math.min(aX, bX) - Math.max(ax, bx);
  const height = Math.min(aY, bY) - Math.max(ay, by);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((aX - ax) * (aY - ay) + (bX - bx) * (bY - by) - shared);
}
