// The instructions of a campaign as elements, never as HTML.

import { readMarkdown } from "./markdown.ts";
import type { Block, Inline } from "./markdown.ts";

export function Instructions({ text }: { text: string }) {
  return (
    <div class="instructions" dir="auto">
      {readMarkdown(text).map((block, i) => (
        <BlockView key={i} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
  if (block.kind === "code") return <pre tabIndex={0}>{block.text}</pre>;
  if ("parts" in block) return <p class={`instructions-${block.kind}`}>{inline(block.parts)}</p>;
  const items = block.items.map((parts, i) => <li key={i}>{inline(parts)}</li>);
  return block.isOrdered ? <ol>{items}</ol> : <ul>{items}</ul>;
}

function inline(parts: Inline[]) {
  return parts.map((part, i) => <InlineView key={i} part={part} />);
}

function InlineView({ part }: { part: Inline }) {
  if ("text" in part) return part.kind === "code" ? <code>{part.text}</code> : <>{part.text}</>;
  if (part.kind === "em") return <em>{inline(part.parts)}</em>;
  if (part.kind === "strong") return <strong>{inline(part.parts)}</strong>;
  if (!("href" in part)) return null;
  return (
    <a href={part.href} target="_blank" rel="noopener noreferrer">
      {inline(part.parts)}
    </a>
  );
}
