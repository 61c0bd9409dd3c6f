// Two versions of one image side by side. They move together; boxes that stand only in one of them are drawn thick.

import { computed, signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Content } from "./content.ts";
import { onlyHere } from "./content.ts";
import type { Mark } from "./paint.ts";
import { Stage } from "./stage.tsx";
import type { View } from "./view.ts";
import type { Contradiction, Work } from "./work.ts";

interface Props {
  work: Work;
  found: Contradiction;
  colorOf: (label: string) => string;
}

export function ConflictView({ work, found, colorOf }: Props) {
  const view = useMemo(() => signal<View | null>(null), []);
  const heading = useRef<HTMLHeadingElement>(null);
  // It takes the place of the stage, which had the focus.
  useEffect(() => heading.current?.focus(), []);
  const theirs = found.isOwn ? "From another tab or device of yours" : "Theirs";
  return (
    <section class="conflict" aria-label="Conflict">
      <div class="conflict-words">
        <h2 ref={heading} tabIndex={-1}>
          {found.isOwn ? "You changed this image in two places" : "Somebody else changed this image"}
        </h2>
        <p>Nothing is lost yet. Compare both and choose; you can go on from there. Thick boxes are only on that side.</p>
        <p class="row">
          <button type="button" onClick={() => work.resolve("mine")}>
            Keep mine
          </button>
          <button type="button" onClick={() => work.resolve("theirs")}>
            Keep {found.isOwn ? "the other" : "theirs"}
          </button>
          <button type="button" class="primary" onClick={() => work.resolve("both")}>
            Keep both, merged
          </button>
        </p>
      </div>
      <Side work={work} view={view} title="Mine" content={found.mine} other={found.theirs} colorOf={colorOf} />
      <Side work={work} view={view} title={theirs} content={found.theirs} other={found.mine} colorOf={colorOf} />
    </section>
  );
}

interface SideProps {
  work: Work;
  view: Signal<View | null>;
  title: string;
  content: Content;
  other: Content;
  colorOf: (label: string) => string;
}

function Side({ work, view, title, content, other, colorOf }: SideProps) {
  const marks = useMemo(() => {
    const only = onlyHere(content, other);
    return computed<Mark[]>(() =>
      content.items.map((item) => ({ id: item.id, box: item.box, label: item.label, color: colorOf(item.label), style: only.has(item.id) ? "thick" : "plain" })),
    );
  }, [content, other]);
  const picture = work.picture.value;
  if (picture === null) return null;
  const words = content.unusable !== null ? `cannot be labeled: ${content.unusable}` : `${content.items.length} boxes`;
  return (
    <figure class="conflict-side">
      <figcaption>
        <strong>{title}</strong> <span class="quiet">{words}</span>
      </figcaption>
      <Stage picture={picture} marks={marks} view={view} label={`${title}: ${words}`} />
    </figure>
  );
}
