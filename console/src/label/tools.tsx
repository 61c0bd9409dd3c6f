// The tools above the stage, as signs with their names.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Commands } from "./commands.ts";
import { crosshair } from "./settings.ts";
import type { ButtonProps } from "./toolbar.tsx";
import type { Work } from "./work.ts";

/** A button with a sign; its name is its title, too. */
function Sign({ commands, command, sign, words, isOff = false }: ButtonProps & { sign: ComponentChildren }) {
  return (
    <button type="button" class="plain sign" aria-label={words} title={words} disabled={isOff} onClick={() => commands.command(command)}>
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}

/** Two sheets; fonts have no sign for that which every system shows. */
function CopySign() {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5">
      <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" />
    </svg>
  );
}

export function Tools({ work, commands }: { work: Work; commands: Commands }) {
  const [isHidden, setHidden] = useState(false);
  const { history } = work.editor;
  const canEdit = work.canEdit.value;
  const hide = () => {
    setHidden(!isHidden);
    commands.hidden.value = !isHidden;
  };
  return (
    <div class="labeling-tools" role="group" aria-label="Tools">
      <Sign commands={commands} command="previous" sign="◀" words="Previous image (S)" />
      <Sign commands={commands} command="next" sign="▶" words="Next image (D)" />
      <Sign commands={commands} command="box" sign="▢" words="New box (B)" isOff={!canEdit} />
      <Sign commands={commands} command="undo" sign="↶" words="Undo (Ctrl+Z)" isOff={!canEdit || history.value.past.length === 0} />
      <Sign commands={commands} command="redo" sign="↷" words="Redo (Ctrl+Shift+Z)" isOff={!canEdit || history.value.future.length === 0} />
      <Sign commands={commands} command="copy" sign={<CopySign />} words="Copy the boxes of the last image (V)" isOff={!canEdit} />
      <Sign commands={commands} command="zoom-out" sign="−" words="Zoom out (-)" />
      <Sign commands={commands} command="zoom-in" sign="+" words="Zoom in (+)" />
      <Sign commands={commands} command="fit" sign="⤢" words="Fit the image in (F)" />
      <button type="button" class="plain sign" aria-pressed={isHidden} aria-label="Hide boxes" title="Hide boxes (H while held)" onClick={hide}>
        <span aria-hidden="true">◌</span>
      </button>
      <button type="button" class="plain sign" aria-pressed={crosshair.value} aria-label="Crosshair" title="Crosshair (X)" onClick={() => commands.command("crosshair")}>
        <span aria-hidden="true">✛</span>
      </button>
      <label class="brightness">
        <span aria-hidden="true">☀</span>
        <input
          type="range"
          aria-label="Brightness"
          min="0.25"
          max="4"
          step="0.25"
          value={commands.brightness.value}
          onInput={(event) => (commands.brightness.value = event.currentTarget.valueAsNumber)}
        />
      </label>
    </div>
  );
}
