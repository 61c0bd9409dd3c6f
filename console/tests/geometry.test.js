import assert from "node:assert/strict";
import { test } from "node:test";
import { boxBetween, clampBox, moveBox, overlap } from "../src/label/geometry.ts";
import { carryOver, fitView, isFitted, keepInSight, panBy, showBox, toImage, toScreen, zoomAt } from "../src/label/view.ts";
import { handleAt, itemBelow, itemsAt, resizeBox } from "../src/label/hit.ts";

const IMAGE = { width: 400, height: 300 };
const STAGE = { width: 824, height: 624 };
const box = (xmin, ymin, xmax, ymax) => ({ xmin, ymin, xmax, ymax });

// A generator with a seed, so that a failure can be repeated (mulberry32).
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("a clamped box lies in the image, has an area, and tenths of a pixel at most", () => {
  const next = random(1);
  for (let i = 0; i < 2000; i++) {
    const point = () => ({ x: next() * 900 - 250, y: next() * 900 - 250 });
    const made = clampBox(boxBetween(point(), point()), IMAGE);
    assert.ok(made.xmin >= 0 && made.ymin >= 0 && made.xmax <= IMAGE.width && made.ymax <= IMAGE.height, JSON.stringify(made));
    assert.ok(made.xmax - made.xmin > 0.99 && made.ymax - made.ymin > 0.99, JSON.stringify(made));
    for (const edge of Object.values(made)) assert.ok(Math.abs(edge * 10 - Math.round(edge * 10)) < 1e-6, String(edge));
  }
  assert.deepEqual(clampBox(box(-5, -5, 0, 0), { width: 1, height: 1 }), box(0, 0, 1, 1));
});

test("a moved box keeps its size and stops at the edge of the image", () => {
  assert.deepEqual(moveBox(box(10, 10, 30, 20), 5, -3, IMAGE), box(15, 7, 35, 17));
  assert.deepEqual(moveBox(box(10, 10, 30, 20), -50, 999, IMAGE), box(0, 290, 20, 300));
});

test("overlap is intersection over union", () => {
  assert.equal(overlap(box(0, 0, 10, 10), box(0, 0, 10, 10)), 1);
  assert.equal(overlap(box(0, 0, 10, 10), box(10, 0, 20, 10)), 0);
  assert.equal(overlap(box(0, 0, 10, 10), box(5, 0, 15, 10)), 50 / 150);
});

test("a fitted image lies in the middle of the stage with a margin", () => {
  const view = fitView(IMAGE, STAGE);
  assert.deepEqual(view, { scale: 2, x: 12, y: 12 });
  assert.ok(isFitted(view, IMAGE, STAGE));
  assert.ok(!isFitted(panBy(view, 3, 0, IMAGE, STAGE), IMAGE, STAGE));
});

test("zooming keeps the point of the image that lies under the pointer", () => {
  const at = { x: 300, y: 200 };
  const before = fitView(IMAGE, STAGE);
  const after = zoomAt(before, 3, at, IMAGE, STAGE);
  const [from, to] = [toImage(before, at), toImage(after, at)];
  assert.ok(Math.abs(from.x - to.x) < 1e-9 && Math.abs(from.y - to.y) < 1e-9);
  assert.ok(zoomAt(before, 1e9, at, IMAGE, STAGE).scale <= 40);
  assert.ok(zoomAt(before, 1e-9, at, IMAGE, STAGE).scale > 0);
});

test("an image cannot be moved out of sight", () => {
  for (const [dx, dy] of [[1e6, 0], [-1e6, 0], [0, 1e6], [0, -1e6]]) {
    const view = panBy(fitView(IMAGE, STAGE), dx, dy, IMAGE, STAGE);
    const low = toScreen(view, { x: 0, y: 0 });
    const high = toScreen(view, { x: IMAGE.width, y: IMAGE.height });
    assert.ok(high.x > 20 && low.x < STAGE.width - 20 && high.y > 20 && low.y < STAGE.height - 20);
  }
  assert.deepEqual(keepInSight(fitView(IMAGE, STAGE), IMAGE, STAGE), fitView(IMAGE, STAGE));
});

test("a chosen box is brought into sight, and one in sight moves nothing", () => {
  const view = zoomAt(fitView(IMAGE, STAGE), 8, { x: 0, y: 0 }, IMAGE, STAGE);
  const shown = showBox(view, box(350, 250, 360, 260), IMAGE, STAGE);
  const high = toScreen(shown, { x: 360, y: 260 });
  assert.ok(high.x <= STAGE.width && high.y <= STAGE.height && high.x > 0 && high.y > 0);
  assert.deepEqual(showBox(shown, box(350, 250, 360, 260), IMAGE, STAGE), shown);
});

test("the next image keeps magnification and place, or is fitted as the last one was", () => {
  assert.deepEqual(carryOver(fitView(IMAGE, STAGE), IMAGE, { width: 100, height: 900 }, STAGE), fitView({ width: 100, height: 900 }, STAGE));
  const view = zoomAt(fitView(IMAGE, STAGE), 4, { x: 100, y: 100 }, IMAGE, STAGE);
  const same = carryOver(view, IMAGE, IMAGE, STAGE);
  for (const part of ["scale", "x", "y"]) assert.ok(Math.abs(same[part] - view[part]) < 1e-6);
});

test("handles react around corners and sides, and sides may pass each other", () => {
  const view = { scale: 1, x: 0, y: 0 };
  const large = box(100, 100, 200, 200);
  assert.deepEqual(handleAt(large, { x: 104, y: 97 }, view), { h: -1, v: -1 });
  assert.deepEqual(handleAt(large, { x: 150, y: 204 }, view), { h: 0, v: 1 });
  assert.equal(handleAt(large, { x: 150, y: 150 }, view), null);
  assert.equal(handleAt(large, { x: 220, y: 100 }, view), null);
  assert.deepEqual(handleAt(large, { x: 220, y: 100 }, view, "touch"), { h: 1, v: -1 });
  // The inside of a small box still moves it.
  assert.equal(handleAt(box(100, 100, 112, 112), { x: 106, y: 106 }, view), null);
  assert.deepEqual(resizeBox(large, { h: -1, v: 0 }, { x: 250, y: 0 }, IMAGE), box(200, 100, 250, 200));
});

test("the smallest box under a pointer comes first, and the next click reaches the one below", () => {
  const view = { scale: 1, x: 0, y: 0 };
  const items = [{ id: 1, box: box(0, 0, 100, 100) }, { id: 2, box: box(40, 40, 60, 60) }, { id: 3, box: box(40, 40, 60, 60) }];
  const at = { x: 50, y: 50 };
  assert.deepEqual(itemsAt(items, at, view).map((item) => item.id), [3, 2, 1]);
  assert.deepEqual([null, 3, 2, 1].map((chosen) => itemBelow(items, chosen, at, view)?.id), [3, 2, 1, 3]);
  assert.equal(itemBelow(items, null, { x: 500, y: 500 }, view), null);
});
