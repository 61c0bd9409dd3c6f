import assert from "node:assert/strict";
import { test } from "node:test";
import { classKeys, findClasses } from "../src/label/classes.ts";
import { classColors, colorAt, contrastWithBlack, visible } from "../src/label/colors.ts";
import { actionOf, bindings, DEFAULT_KEYS, WORDS } from "../src/label/keys.ts";
import { readInline, readMarkdown } from "../src/label/markdown.ts";

const one = (name, more = {}) => ({ name, color: null, key: null, description: null, aliases: [], retired: false, ...more });
const press = (key, more = {}) => ({ key, ctrl: false, shift: false, alt: false, isSingle: true, isRepeat: false, ...more });

test("classes have their own keys, and the others the digits that are free", () => {
  const keys = classKeys([one("a"), one("b", { key: "1" }), one("c", { retired: true }), one("d"), one("e", { key: "p" })]);
  assert.deepEqual([...keys], [["a", "2"], ["b", "1"], ["d", "3"], ["e", "p"]]);
  assert.equal(classKeys(Array.from({ length: 12 }, (_, i) => one(`c${i}`))).size, 9);
});

test("a typed class is found by name, alias, word and part, whatever its case and accents", () => {
  const classes = [one("plastic bottle"), one("Bouée", { aliases: ["buoy"] }), one("bottle"), one("old bottle", { retired: true }), one("غطاء زجاجة")];
  const found = (typed) => findClasses(classes, typed).map(({ name }) => name);
  assert.deepEqual(found("bottle"), ["bottle", "plastic bottle"]);
  assert.deepEqual(found("BOUEE"), ["Bouée"]);
  assert.deepEqual(found("buo"), ["Bouée"]);
  assert.deepEqual(found("زج"), ["غطاء زجاجة"]);
  assert.deepEqual(found("nothing like it"), []);
  assert.equal(found("").length, 4);
});

test("every color of a class can be seen on any photo", () => {
  for (const color of ["#000000", "#1f77b4", "#ff0000", "#0000ff", "#ffffff", "#123456"]) assert.ok(contrastWithBlack(visible(color)) >= 9, color);
  for (let i = 0; i < 20; i++) assert.ok(contrastWithBlack(colorAt(i)) >= 9);
  assert.equal(visible("#ffe14d"), "#ffe14d");
  assert.deepEqual([...classColors([one("a"), one("b", { color: "#ffe14d" })]).values()], [colorAt(0), "#ffe14d"]);
});

test("keys mean classes first, then commands, and nothing while somebody types", () => {
  const bound = bindings();
  const classes = new Map([["1", "PET"], ["p", "paper"]]);
  const meaning = (event) => actionOf(event, bound, classes);
  assert.deepEqual(meaning(press("1")), { do: "class", name: "PET" });
  assert.deepEqual(meaning(press("p")), { do: "class", name: "paper" });
  assert.deepEqual(meaning(press("n")), { do: "next-box" });
  assert.deepEqual(meaning(press("Enter")), { do: "done" });
  assert.deepEqual(meaning(press("A", { shift: true })), { do: "accept-all" });
  assert.deepEqual(meaning(press("ArrowLeft", { shift: true })), { do: "move", dx: -10, dy: 0, isRepeat: false });
  assert.deepEqual(meaning(press("ArrowDown", { alt: true })), { do: "size", dx: 0, dy: 1, isRepeat: false });
  assert.equal(meaning(press("b", { isSingle: false })), null);
  assert.equal(meaning(press("b", { alt: true })), null);
  assert.equal(meaning(press("j")), null);
});

test("undo works also where single keys are off", () => {
  const off = { isSingle: false, ctrl: true };
  assert.deepEqual(actionOf(press("z", off), bindings(), new Map()), { do: "undo" });
  assert.deepEqual(actionOf(press("Z", { ...off, shift: true }), bindings(), new Map()), { do: "redo" });
  assert.equal(actionOf(press("s", off), bindings(), new Map()), null);
});

test("letters can be changed, digits and other keys not", () => {
  const bound = bindings({ box: "j", done: "7" });
  assert.equal(bound.get("j"), "box");
  assert.equal(bound.has("b"), false);
  assert.equal(bound.get("enter"), "done");
  assert.equal(bound.has("7"), false);
  assert.ok(DEFAULT_KEYS.every(([, command]) => command in WORDS));
});

test("instructions are paragraphs, lists, emphasis, code and links", () => {
  const blocks = readMarkdown("# What\n\nDraw **each *good* bottle**,\nalso `PET`.\n\n- one\n- [two](https://example.org/a)\n\n1. first\n\n```\n<b>\n```");
  assert.deepEqual(blocks.map(({ kind }) => kind), ["heading", "paragraph", "list", "list", "code"]);
  assert.deepEqual(blocks[1].parts[1], { kind: "strong", parts: [{ kind: "text", text: "each " }, { kind: "em", parts: [{ kind: "text", text: "good" }] }, { kind: "text", text: " bottle" }] });
  assert.deepEqual(blocks[2].items[1], [{ kind: "link", href: "https://example.org/a", parts: [{ kind: "text", text: "two" }] }]);
  assert.deepEqual([blocks[2].isOrdered, blocks[3].isOrdered], [false, true]);
  assert.equal(blocks[4].text, "<b>");
});

test("only https leads out of instructions, and HTML in them is text", () => {
  for (const href of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "http://example.org", "//example.org", "/users", "vbscript:x", "java\u0000script:x"]) {
    assert.ok(!JSON.stringify(readInline(`[x](${href})`)).includes('"link"'), href);
  }
  assert.deepEqual(readInline("<img src=x onerror=alert(1)>"), [{ kind: "text", text: "<img src=x onerror=alert(1)>" }]);
});

test("any instructions are read in little time, and no text is lost", () => {
  for (const text of ["*".repeat(20000), "[".repeat(20000), "_a".repeat(10000), "`".repeat(20001), "**a".repeat(6000), "[a](".repeat(5000), "- ".repeat(10000)]) {
    const begun = performance.now();
    assert.ok(readMarkdown(text).length > 0);
    assert.ok(performance.now() - begun < 1000, `${text.slice(0, 8)} took ${performance.now() - begun} ms`);
  }
  assert.deepEqual(readInline("2 * 3 * 4 and snake_case_name"), [{ kind: "text", text: "2 * 3 * 4 and snake_case_name" }]);
});
