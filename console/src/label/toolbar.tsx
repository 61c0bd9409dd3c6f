// The bar above the stage: where one is, what can be done, and whether it is saved.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Progress } from "../parts/progress";
import { StateTag } from "../parts/tags";
import { Link } from "../router";
import { readsAll } from "../session";
import type { Commands } from "./commands.ts";
import type { Command } from "./keys.ts";
import { SavedMark } from "./saved.tsx";
import { crosshair } from "./settings.ts";
import type { Work } from "./work.ts";

interface Props {
  work: Work;
  commands: Commands;
  onSide: () => void;
  isSideOpen: boolean;
}

export function LabelingBar({ work, commands, onSide, isSideOpen }: Props) {
  const campaign = work.campaign.value;
  const image = work.opened.value?.image;
  return (
    <div class="labeling-bar">
      <div class="labeling-where">
        {campaign && <Link to={readsAll.value ? `/campaigns/${campaign.campaign_id}` : "/"}>{campaign.title}</Link>}
        {image && (
          <h1 class="labeling-file">
            <bdi>{image.file_name}</bdi>
          </h1>
        )}
        {image && <StateTag state={image.review?.verdict === "rejected" ? "rejected" : image.state} />}
        {campaign && <Progress done={campaign.progress.done} total={campaign.progress.total} label="Images done" />}
        <SavedMark work={work} />
      </div>
      <Tools work={work} commands={commands} />
      <div class="labeling-finish">
        <button type="button" class="side-toggle" aria-expanded={isSideOpen} onClick={onSide}>
          Classes and boxes
        </button>
        <Button commands={commands} command="nothing" words="Nothing here" isOff={!work.canEdit.value} />
        <Button commands={commands} command="unusable" words="Cannot be labeled" isOff={!work.canEdit.value} />
        <Button commands={commands} command="done" words="Done, next" isPrimary />
      </div>
    </div>
  );
}

interface ButtonProps {
  commands: Commands;
  command: Command;
  words: string;
  isOff?: boolean;
  isPrimary?: boolean;
}

function Button({ commands, command, words, isOff = false, isPrimary = false }: ButtonProps) {
  return (
    <button type="button" class={isPrimary ? "primary" : ""} disabled={isOff} onClick={() => commands.command(command)}>
      {words}
    </button>
  );
}

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

function Tools({ work, commands }: { work: Work; commands: Commands }) {
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
