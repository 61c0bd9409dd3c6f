// Metadata: any JSON object that people attach to something.
import { Field } from "./field";

export type Metadata = Record<string, unknown> | null;

/** Show metadata by key; nothing where there is none. Values that are no text stand as JSON. */
export function MetadataList({ metadata }: { metadata: Metadata }) {
  if (!metadata || !Object.keys(metadata).length) return <span class="quiet">none</span>;
  return (
    <dl class="metadata">
      {Object.entries(metadata).map(([key, value]) => (
        <div key={key}>
          <dt>
            <bdi>{key}</bdi>
          </dt>
          <dd>
            <bdi>{typeof value === "string" ? value : JSON.stringify(value)}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Return the object that a text describes; null for an empty text. Throws Error in words. */
export function parseMetadata(text: string): Metadata {
  if (!text.trim()) return null;
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error('The metadata is not valid JSON. Write it as {"key": "value"}.');
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new Error('The metadata must be a JSON object, such as {"key": "value"}.');
  }
  return found as Metadata;
}

export function formatMetadata(metadata: Metadata): string {
  return metadata && Object.keys(metadata).length ? JSON.stringify(metadata, null, 2) : "";
}

/** A field for metadata as JSON. */
export function MetadataField({ text, onText }: { text: string; onText: (text: string) => void }) {
  return (
    <Field label="Metadata (optional)" hint='A JSON object, such as {"country": "NL"}. Images can be found by it.'>
      {(ids) => <textarea {...ids} rows={4} spellcheck={false} value={text} onInput={(event) => onText(event.currentTarget.value)} />}
    </Field>
  );
}

/** Return the merge patch (RFC 7396) that makes `after` of `before`, or null if nothing changes. */
export function metadataPatch(before: Metadata, after: Metadata): Metadata | undefined {
  if (JSON.stringify(before ?? {}) === JSON.stringify(after ?? {})) return undefined;
  if (!after) return null;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before ?? {})) if (!(key in after)) patch[key] = null;
  for (const [key, value] of Object.entries(after)) patch[key] = mergeValue(before?.[key], value);
  return patch;
}

/** Below the first level a merge patch keeps what it does not name, so keys that went are set to null there as well. */
function mergeValue(before: unknown, after: unknown): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(before) || !isObject(after)) return after;
  return metadataPatch(before, after) ?? {};
}
