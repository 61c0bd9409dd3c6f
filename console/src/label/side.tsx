// What is loaded once the picture shows: the keys, and beside the stage instructions, classes and boxes.

import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { BoxPanel } from "./box-panel.tsx";
import { ClassPanel } from "./class-panel.tsx";
import type { Commands } from "./commands.ts";
import { Instructions } from "./instructions.tsx";
import { useLabelingKeys } from "./key-events.ts";
import { LettersDialog } from "./letters.tsx";
import { ReasonDialog } from "./reason.tsx";
import { ImageNotes } from "./notes.tsx";
import { Strip } from "./strip.tsx";
import type { Work } from "./work.ts";

export { ImageNotes };

export interface SideProps {
  work: Work;
  commands: Commands;
  keys: ReadonlySignal<ReadonlyMap<string, string>>;
  colorOf: (label: string) => string;
  onOpen: () => void;
  onChosen: () => void;
  /** Keys are taken from now on. */
  onKeys: () => void;
}

export function Side({ work, commands, keys, colorOf, onOpen, onChosen, onKeys }: SideProps) {
  const field = useRef<HTMLInputElement>(null);
  const [isLettersOpen, setLettersOpen] = useState(false);
  const campaign = work.campaign.value;
  useLabelingKeys(commands, keys);
  // Here, because effects of one component run in their order, and those of two may not.
  useEffect(onKeys, []);
  useEffect(() => {
    const findClass = () => {
      onOpen();
      // What is typed next belongs into the field. A drawer that has just been opened can take the focus in the next frame only.
      field.current?.focus();
      if (document.activeElement !== field.current) requestAnimationFrame(() => field.current?.focus());
    };
    commands.findClass = findClass;
    work.editor.onUnnamed = findClass;
  }, [work, commands]);
  return (
    <>
      <aside class="side" aria-label="Classes and boxes">
        {campaign?.instructions && (
          <details class="panel">
            <summary>Instructions</summary>
            <Instructions text={campaign.instructions} />
          </details>
        )}
        {campaign && (
          <ClassPanel editor={work.editor} classes={campaign.classes} isStrict={campaign.strict} keys={keys.value} colorOf={colorOf} field={field} onChosen={onChosen} />
        )}
        <BoxPanel editor={work.editor} colorOf={colorOf} onChoose={(item) => commands.choose(item)} />
        <p class="panel">
          <button type="button" class="plain" onClick={() => setLettersOpen(true)}>
            Change letters
          </button>
        </p>
      </aside>
      <Strip work={work} />
      <LettersDialog isOpen={isLettersOpen} onClose={() => setLettersOpen(false)} />
      <ReasonDialog commands={commands} />
    </>
  );
}
