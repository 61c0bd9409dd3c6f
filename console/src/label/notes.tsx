// What there is to know about the image: sent back by a reviewer, refused, of unknown size, or not to be seen.

import type { Commands } from "./commands.ts";
import type { Campaign } from "./service.ts";
import type { Work } from "./work.ts";

interface Props {
  work: Work;
  commands: Commands;
  retry: () => void;
}

export function ImageNotes({ work, commands, retry }: Props) {
  const opened = work.opened.value;
  const campaign = work.campaign.value;
  if (opened === null || campaign === null) return null;
  const { image } = opened;
  const entry = work.entry.value;
  const { unusable } = work.editor.content.value;
  return (
    <div class="notes">
      {!work.canEdit.value && work.contradiction.value === null && <p class="note">{explainReadOnly(campaign, work.who.mayLabel)}</p>}
      {image.review?.verdict === "rejected" && (
        <p class="note">
          <strong>A reviewer sent this image back.</strong> {image.review.comment && <q dir="auto">{image.review.comment}</q>}
        </p>
      )}
      {image.review?.verdict === "accepted" && <p class="note">A reviewer accepted this image. The service takes changes of it from an admin only.</p>}
      {entry?.state === "refused" && (
        <div class="note note-problem" role="alert">
          <p>
            The service did not take this image: {entry.problem?.words} Your boxes are kept in this browser. {whomToAsk(campaign)}
          </p>
          <button type="button" onClick={() => work.sendAgain()}>
            Send again
          </button>
        </div>
      )}
      {image.width === null && <p class="note">The size of this file is unknown, so it takes no boxes. Say that nothing is here, or why it cannot be labeled.</p>}
      {unusable !== null && (
        <p class="note">
          This image cannot be labeled: <q dir="auto">{unusable}</q>. Draw a box to label it after all.
        </p>
      )}
      {work.isBroken.value && (
        <div class="note note-problem" role="alert">
          <p>The picture does not show. The file may be gone, broken, of a kind that this browser does not know, or larger than it can hold.</p>
          <p class="row">
            <button type="button" onClick={retry}>
              Try again
            </button>
            <button type="button" disabled={!work.canEdit.value} onClick={() => commands.command("unusable")}>
              Cannot be labeled …
            </button>
          </p>
        </div>
      )}
    </div>
  );
}

function explainReadOnly(campaign: Campaign, mayLabel: boolean): string {
  if (!mayLabel) return "You can look at this image, but labeling it needs the role labeler in this campaign.";
  if (campaign.status === "created") return "This campaign has not begun yet. You can look at its images.";
  if (campaign.archived) return "This campaign is archived. You can look at its images.";
  return `This campaign is ${campaign.status}, and takes no more changes. ${whomToAsk(campaign)}`;
}

function whomToAsk(campaign: Campaign): string {
  return campaign.created_by ? `Ask ${campaign.created_by} if something is to be changed.` : "Ask the person who gave you this campaign if something is to be changed.";
}
