import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBody, fromObjects, isSame, merge, NOTHING, onlyHere, placeItem, toBody } from "../src/label/content.ts";
import { begin, record, redo, undo } from "../src/label/history.ts";
import { Editor } from "../src/label/editor.ts";

const box = (xmin, ymin, xmax, ymax) => ({ xmin, ymin, xmax, ymax });
const known = (label, at, more = {}) => ({ bounding_box: at, label, label_original: label, confidence: null, ...more });

function editing(content = NOTHING, suggestions = []) {
  const editor = new Editor();
  editor.canEdit.value = true;
  editor.label.value = "PET";
  editor.show(begin(content), { width: 100, height: 80 }, suggestions);
  return editor;
}

test("what is read and sent again says the same, translations and confidences included", () => {
  const content = fromObjects([known("plastic", box(1, 2, 3.3, 4), { label_original: "PET", confidence: 0.87 }), known("can", box(0, 0, 9, 9))]);
  const body = toBody(42, content, 11, { width: 20, height: 10 });
  assert.deepEqual(body.objects[0], { bounding_box: box(1, 2, 3.3, 4), label: "PET", label_translated: "plastic", confidence: 0.87 });
  assert.deepEqual([body.objects[1].label_translated, body.revision, body.image], [null, 11, { width: 20, height: 10 }]);
  assert.ok(isSame(fromBody(body), content));
  assert.ok(isSame(fromBody(JSON.parse(JSON.stringify(body))), content));
});

test("an image that cannot be labeled is sent with its reason alone", () => {
  assert.deepEqual(toBody(42, { items: [], unusable: "dark" }, null, { width: 2, height: 2 }), { image_id: 42, revision: null, unusable: "dark" });
});

test("a box that a person moved has no confidence of a model any more, one that stays has", () => {
  const content = fromObjects([known("a", box(0, 0, 9, 9), { confidence: 0.5 })]);
  const [item] = content.items;
  assert.equal(placeItem(content, item.id, box(0, 0, 9, 9)), content);
  assert.equal(placeItem(content, item.id, box(0, 0, 9, 8)).items[0].confidence, null);
});

test("merging loses no box of either side, and doubles none that both have", () => {
  const theirs = fromObjects([known("a", box(0, 0, 10, 10)), known("b", box(50, 50, 60, 60))]);
  const mine = fromObjects([known("a", box(1, 0, 10, 10)), known("a", box(20, 20, 30, 30)), known("c", box(50, 50, 60, 60))]);
  const both = merge(theirs, mine);
  assert.deepEqual(both.items.map((item) => [item.label, item.box.xmin]), [["a", 0], ["b", 50], ["a", 20], ["c", 50]]);
  // Two equal boxes of mine have one counterpart only.
  const twice = fromObjects([known("a", box(0, 0, 10, 10)), known("a", box(0, 0, 10, 10))]);
  assert.equal(merge(theirs, twice).items.length, 3);
  assert.equal(merge({ items: [], unusable: "dark" }, mine).unusable, null);
  assert.equal(merge(NOTHING, { items: [], unusable: "dark" }).unusable, "dark");
});

test("what stands alone on one side is marked", () => {
  const here = fromObjects([known("a", box(0, 0, 10, 10)), known("b", box(0, 0, 10, 10))]);
  assert.deepEqual([...onlyHere(here, fromObjects([known("b", box(0, 0, 10, 10))]))], [here.items[0].id]);
});

test("undo undoes one thing, redo does it again, and a new thing ends redo", () => {
  let history = begin(0);
  for (const value of [1, 2, 3]) history = record(history, value);
  history = undo(undo(history));
  assert.equal(history.present, 1);
  assert.equal(redo(history).present, 2);
  assert.equal(redo(record(history, 9)).present, 9);
  assert.equal(undo(begin(5)).present, 5);
  assert.equal(record(history, history.present), history);
});

test("a key that is held down is one step, two presses are two", () => {
  const editor = editing();
  editor.draw(box(10, 10, 20, 20));
  for (let i = 0; i < 5; i++) editor.nudge(1, 0, { isSize: false, isRepeat: i > 0 });
  editor.nudge(0, 1, { isSize: false, isRepeat: false });
  assert.deepEqual(editor.content.value.items[0].box, box(15, 11, 25, 21));
  editor.step("undo");
  assert.deepEqual(editor.content.value.items[0].box, box(15, 10, 25, 20));
  editor.step("undo");
  assert.deepEqual(editor.content.value.items[0].box, box(10, 10, 20, 20));
  editor.step("undo");
  assert.deepEqual(editor.content.value.items, []);
  assert.equal(editor.step("undo"), false);
});

test("each verb is one step and is reported once", () => {
  const editor = editing();
  const reported = [];
  editor.onChange = (content) => reported.push(content.items.map((item) => item.label).join());
  editor.draw(box(0, 0, 10, 10));
  editor.classify("can");
  editor.draw(box(0, 0, 99999, 10));
  editor.remove();
  editor.step("undo");
  assert.deepEqual(reported, ["PET", "can", "can,can", "can", "can,can"]);
  assert.equal(editor.content.value.items[1].box.xmax, 100);
});

test("without the right to edit nothing changes", () => {
  const editor = editing(fromObjects([known("a", box(0, 0, 10, 10))]));
  editor.canEdit.value = false;
  editor.onChange = () => assert.fail("reported");
  editor.chosen.value = editor.content.value.items[0].id;
  editor.draw(box(0, 0, 5, 5));
  editor.remove();
  editor.classify("b");
  editor.nudge(1, 1, { isSize: false, isRepeat: false });
  assert.equal(editor.step("undo"), false);
  assert.deepEqual(editor.content.value.items.map((item) => [item.label, item.box.xmin]), [["a", 0]]);
});

test("suggestions are accepted one by one or all, edited at once, and put aside", () => {
  const found = fromObjects([known("a", box(0, 0, 9, 9), { confidence: 0.9 }), known("b", box(10, 10, 20, 20), { confidence: 0.4 }), known("c", box(30, 30, 40, 40))]).items;
  const editor = editing(NOTHING, found);
  assert.equal(editor.open.value.length, 3);
  editor.chosen.value = found[1].id;
  assert.equal(editor.accept(), 1);
  assert.deepEqual(editor.content.value.items.map((item) => [item.label, item.confidence]), [["b", null]]);
  assert.deepEqual(editor.open.value.map((item) => item.label), ["a", "c"]);
  // Moving a suggestion takes it, in one step.
  editor.place(found[0].id, box(1, 1, 9, 9));
  assert.deepEqual(editor.content.value.items.map((item) => item.label), ["b", "a"]);
  editor.step("undo");
  assert.deepEqual(editor.open.value.map((item) => item.label), ["a", "c"]);
  editor.chosen.value = found[2].id;
  editor.remove();
  assert.deepEqual(editor.open.value.map((item) => item.label), ["a"]);
  editor.chosen.value = null;
  assert.equal(editor.accept(), 1);
  assert.equal(editor.accept(true), 0);
  editor.step("undo");
  assert.deepEqual(editor.content.value.items.map((item) => item.label), ["b"]);
});

test("boxes of the last image are copied once, into this image", () => {
  const last = fromObjects([known("a", box(0, 0, 9, 9)), known("b", box(90, 70, 300, 300))]);
  const editor = editing();
  assert.equal(editor.copy(last), 2);
  assert.equal(editor.copy(last), 0);
  assert.deepEqual(editor.content.value.items[1].box, box(90, 70, 100, 80));
  editor.step("undo");
  assert.equal(editor.content.value.items.length, 0);
});

test("a box that is drawn before there is any class is kept, and its class is asked for", () => {
  const editor = editing();
  let asked = 0;
  editor.label.value = null;
  editor.onUnnamed = () => asked++;
  editor.draw(box(0, 0, 9, 9));
  assert.equal(asked, 1);
  assert.equal(editor.content.value.items.length, 1);
  editor.classify("PET");
  assert.deepEqual([editor.content.value.items[0].label, editor.label.value], ["PET", "PET"]);
});
