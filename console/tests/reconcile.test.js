import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBody, fromObjects, NOTHING } from "../src/label/content.ts";
import { isSaid, openImage, pauseAfter, readRefusal } from "../src/label/reconcile.ts";

const object = (label, xmin = 0) => ({ bounding_box: { xmin, ymin: 0, xmax: xmin + 5, ymax: 5 }, label, label_translated: null, confidence: null });
const known = (label, xmin = 0) => ({ ...object(label, xmin), label_original: label });
const body = (revision, ...labels) => ({ image_id: 42, revision, objects: labels.map((label) => object(label)) });
const entry = (revision, labels, more = {}) => ({
  user: 8, campaign: 3, image: 42, kind: "draft", key: "k", body: body(revision, ...labels), state: "waiting", problem: null, drafted: null, ...more,
});
const unlabeled = { revision: null, state: "unlabeled", content: NOTHING };
const labeled = (revision, ...labels) => ({ revision, state: "labeled", content: fromObjects(labels.map((label) => known(label))) });
const labels = (content) => content.items.map((item) => item.label).join();

test("an image without draft and entry is what the campaign holds", () => {
  const opened = openImage(labeled(11, "a"), null, null);
  assert.deepEqual([opened.kind, labels(opened.content), opened.revision], ["clean", "a", 11]);
});

test("a draft of the present revision goes on", () => {
  const opened = openImage(unlabeled, { objects: [object("d")], revision: null }, null);
  assert.deepEqual([opened.kind, labels(opened.content)], ["draft", "d"]);
});

test("a draft of an earlier revision is shown beside what the campaign holds, unless they say the same", () => {
  const opened = openImage(labeled(11, "a"), { objects: [object("d")], revision: 7 }, null);
  assert.deepEqual([opened.kind, labels(opened.mine), labels(opened.theirs), opened.revision], ["conflict", "d", "a", 11]);
  assert.equal(openImage(labeled(11, "a"), { objects: [object("a")], revision: 7 }, null).kind, "clean");
});

test("what this browser keeps goes before the draft that it has sent", () => {
  const sent = body(null, "old");
  const opened = openImage(unlabeled, sent, entry(null, ["new"], { drafted: sent }));
  assert.deepEqual([opened.kind, labels(opened.content)], ["entry", "new"]);
});

test("a draft that was read while the next one was sent is ours", () => {
  const kept = entry(null, ["new"], { drafted: body(null, "new"), state: "kept" });
  assert.equal(openImage(unlabeled, body(null, "old"), kept, [body(null, "old")]).kind, "entry");
  assert.equal(openImage(unlabeled, body(null, "old"), kept).kind, "conflict");
});

test("a draft that another device sent is not overwritten in silence", () => {
  const opened = openImage(unlabeled, body(null, "other"), entry(null, ["mine"], { drafted: body(null, "mine"), state: "kept" }));
  assert.deepEqual([opened.kind, labels(opened.mine), labels(opened.theirs), opened.isDraft], ["conflict", "mine", "other", true]);
});

test("an entry of an earlier revision is a conflict, unless its submission has arrived", () => {
  const lost = openImage(labeled(12, "mine"), null, entry(11, ["mine"], { kind: "done" }));
  assert.equal(lost.kind, "clean");
  const opened = openImage(labeled(12, "theirs"), null, entry(11, ["mine"], { kind: "done" }));
  assert.deepEqual([opened.kind, labels(opened.mine), labels(opened.theirs), opened.revision], ["conflict", "mine", "theirs", 12]);
});

test("an unlabeled image does not say that nothing is there", () => {
  assert.equal(isSaid(NOTHING, unlabeled), false);
  assert.equal(isSaid(NOTHING, { revision: 5, state: "empty", content: NOTHING }), true);
});

test("what may pass by itself is tried again, everything else keeps the boxes and says why", () => {
  const next = (status, words = "", seconds = null) => readRefusal(status, words, seconds).next;
  assert.deepEqual([503, 500, 502, 429, 408, 401].map((status) => next(status)), Array(6).fill("again"));
  assert.equal(next(409, "still in progress", 1), "again");
  assert.equal(next(409, "Campaign 3 is finished"), "refused");
  assert.equal(next(412), "conflict");
  assert.equal(next(422, "This Idempotency-Key was used with another API key of yours"), "new key");
  assert.deepEqual([400, 403, 404, 413, 422].map((status) => next(status)), Array(5).fill("refused"));
  assert.deepEqual(readRefusal(403, "No.", null).problem, { status: 403, words: "No." });
});

test("pauses grow to half a minute, and are at least what the service asks for", () => {
  assert.deepEqual([0, 1, 2, 3, 9].map((failures) => pauseAfter(failures, null)), [0.5, 1, 2, 4, 16]);
  assert.equal(pauseAfter(0, 5), 5);
  assert.equal(pauseAfter(9, 120), 120);
});

test("what is kept of a body is what it says", () => {
  assert.deepEqual(fromBody({ unusable: "dark" }), { items: [], unusable: "dark" });
  assert.deepEqual(fromBody({ objects: null, unusable: null }).items, []);
});
