// Writes src/schema.d.ts, the types of the API, from the OpenAPI document on standard input. Words and examples stay out, so that
// the file changes with the API and not with its descriptions.
import { writeFileSync } from "node:fs";
import { json } from "node:stream/consumers";
import openapiTS, { astToString } from "openapi-typescript";

const WORDS = new Set(["description", "summary", "example", "examples", "externalDocs"]);
// Below these, the keys are names that the API chose, such as a property that is called `description`.
const NAMES = new Set(["properties", "schemas", "parameters", "responses", "headers", "paths"]);

function withoutWords(node, isNames = false) {
  if (Array.isArray(node)) return node.map((item) => withoutWords(item));
  if (node === null || typeof node !== "object") return node;
  const kept = Object.entries(node).filter(([key]) => isNames || !WORDS.has(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutWords(value, NAMES.has(key) && !isNames)]));
}

const target = new URL(process.argv[2] ?? "src/schema.d.ts", `file://${process.cwd()}/`);
const types = await openapiTS(withoutWords(await json(process.stdin)));
writeFileSync(target, `// Made by "npm run types" from the OpenAPI document. Do not edit.\n${astToString(types)}`);
