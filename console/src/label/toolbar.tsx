// The bar above the stage: where one is, what can be done, and whether it is saved.

import { Progress } from "../parts/progress";
import { StateTag } from "../parts/tags";
import { Link } from "../router";
import { readsAll } from "../session";
import type { Commands } from "./commands.ts";
import type { Command } from "./keys.ts";
import { useLater } from "./later.tsx";
import { SavedMark } from "./saved.tsx";
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
  const tools = useLater(() => import("./tools.tsx"), work.isShown.value || work.isBroken.value);
  return (
    <div class="labeling-bar">
      <div class="labeling-where">
        {campaign && <Link class="labeling-campaign" to={readsAll.value ? `/campaigns/${campaign.campaign_id}` : "/"}>{campaign.title}</Link>}
        {image && (
          <h1 class="labeling-file">
            <bdi>{image.file_name}</bdi>
          </h1>
        )}
        {image && <StateTag state={image.review?.verdict === "rejected" ? "rejected" : image.state} />}
        {campaign && <Progress done={campaign.progress.done} total={campaign.progress.total} label="Images done" />}
        <SavedMark work={work} />
      </div>
      {tools && <tools.Tools work={work} commands={commands} />}
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

export interface ButtonProps {
  commands: Commands;
  command: Command;
  words: string;
  isOff?: boolean;
  isPrimary?: boolean;
}

/** A click with the mouse leaves the focus where it is: the next Enter or Space is meant for the image. */
const keepFocus = (event: MouseEvent) => event.preventDefault();

function Button({ commands, command, words, isOff = false, isPrimary = false }: ButtonProps) {
  return (
    <button type="button" class={isPrimary ? "primary" : ""} disabled={isOff} onMouseDown={keepFocus} onClick={() => commands.command(command)}>
      {words}
    </button>
  );
}
